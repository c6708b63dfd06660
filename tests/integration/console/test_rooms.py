"""Rooms and one room, as the console shows them."""

import re

from playwright.sync_api import expect

from tests.harness.browser import Looker
from tests.integration.console.conftest import Entering


def test_rooms_say_what_to_do_next_while_nobody_is_there_and_then_who_publishes_what(
    looker: Looker, enter: Entering
) -> None:
    page = looker.sign_in("rooms")
    room = page.get_by_role("region", name="Room meadow")
    expect(room).not_to_be_attached()

    with enter("meadow", "anna"):
        expect(room.get_by_role("listitem").filter(has_text="anna")).to_contain_text("picture 320\u00d7180")
        expect(room.get_by_role("listitem").filter(has_text="anna")).to_contain_text("sound")
        expect(room).to_contain_text("RTMP")

    # Pushed: nobody reloads.
    expect(room).not_to_be_attached()


def test_relaying_a_member_begins_with_the_form_filled_in(looker: Looker, enter: Entering) -> None:
    page = looker.sign_in("rooms")
    with enter("orchard", "anna"):
        page.get_by_role("region", name="Room orchard").get_by_role("link", name="Relay anna").click()

        expect(page.get_by_label("Room", exact=True)).to_have_value("orchard")
        expect(page.get_by_label("User", exact=True)).to_have_value("anna")
        expect(page.get_by_label("One stream as it is")).to_be_checked()


def test_a_room_makes_addresses_that_publish(looker: Looker) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in(f"rooms/{app}/1/harbour")
    expect(page.get_by_text("Nobody is here")).to_be_visible()

    page.get_by_label("For the user").fill("dora")
    page.get_by_role("button", name="Make addresses").click()

    expect(page.get_by_role("group", name="RTMP, for OBS and ffmpeg")).to_have_text(
        re.compile(rf"^{looker.served.ready['rtmp']}/push/harbour\?sdkappid={app}&userid=dora&usersig=.+")
    )
    expect(page.get_by_role("group", name="WHIP address")).to_have_text(
        re.compile(rf"/v2/pub/{app}/harbour\?SessionID=dora$")
    )
