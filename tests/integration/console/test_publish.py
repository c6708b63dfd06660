"""Publishing from the browser, relaying that, and watching rooms and outputs in it."""

import re
import signal

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.harness.browser import Looker
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.console.conftest import Entering
from tests.media.encoded import pitch
from tests.media.received import Received

# Of the test picture (static/testpicture.js): the tone, and that which sounds for a tenth of each second.
TONE_HZ = 440
# The mean colour of what a video shows, or null while it shows nothing.
COLOUR = """(video) => {
  if (video.readyState < 2 || !video.videoWidth) return null;
  const pen = Object.assign(document.createElement("canvas"), { width: 64, height: 36 }).getContext("2d");
  pen.drawImage(video, 0, 0, 64, 36);
  const data = pen.getImageData(0, 24, 64, 12).data;
  const sum = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) for (let part = 0; part < 3; part += 1) sum[part] += data[at + part];
  return sum.map((part) => Math.round(part / (data.length / 4)));
}"""


def shown(page: Page, label: str) -> tuple[int, int, int]:
    """Return the mean colour in the lower third of a video, once it has a picture."""

    def look() -> list[int] | None:
        colour: list[int] | None = page.get_by_label(label).evaluate(COLOUR)
        return colour

    red, green, blue = eventually(lambda: look() or [], f"a picture: {label}")
    return red, green, blue


def shows_green(page: Page, label: str) -> None:
    """Check that it is what Chromium has for a camera and a screen."""
    red, green, blue = shown(page, label)
    assert green > red
    assert green > blue


def beside(looker: Looker, view: str) -> Page:
    """Open a view in a page of its own, beside the one that is there."""
    page = looker.page.context.new_page()
    page.goto(f"{looker.served.ready['http']}/console/#/{view}")
    return page


@pytest.mark.parametrize("codec", ["H.264", "VP8"])
def test_the_test_picture_of_a_browser_is_relayed_with_its_pixels_and_its_tone(
    looker: Looker, cloud: Cloud, cdn: HostedCdn, codec: str
) -> None:
    room, name = f"booth-{codec[0]}", f"browser-{codec[0]}"
    page = looker.sign_in(f"publish?room={room}&user=web")
    page.get_by_label("Size").select_option("640x360")
    page.get_by_label("Codec").select_option(label=codec)
    page.get_by_role("button", name="Publish").click()
    state = page.locator(".fact").filter(has_text="State")
    expect(state).to_contain_text("live")
    expect(page.locator(".fact").filter(has_text="Codec")).to_contain_text(codec)
    expect(page.locator(".fact").filter(has_text="Bit rate")).to_contain_text(re.compile(r"[1-9]\d* kbit/s|Mbit/s"))

    task = cloud.start(room, "web", [cdn.url(name)])
    cdn.until(name, 90)

    received = cdn.received(name)
    _has_bars(received)
    sound = received.sound()
    wave = np.concatenate([piece for _, piece in sound.pieces])
    assert pitch(wave[len(wave) // 2 :], sound.rate_hz) == pytest.approx(TONE_HZ, rel=0.2)
    page.get_by_role("button", name="Stop").click()
    expect(state).to_contain_text("not publishing")
    page.goto(f"{looker.served.ready['http']}/console/#/rooms")
    expect(page.get_by_role("region", name=f"Room {room}").get_by_text("web")).not_to_be_attached()
    cloud.stop(task)


def _has_bars(received: Received) -> None:
    """Check that the pictures have the lower part of the test picture: dark, or white in a flash."""
    colours = {seen.colour for _, seen in received.pictures()}
    assert colours
    # With the light clock in it, its mean is some 90, and that of a flash 187.
    dark = [colour for colour in colours if max(colour) < 128]
    assert dark, colours


def test_the_camera_is_published_and_seen_by_who_watches_the_room(looker: Looker) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in("publish?room=camera&user=cam")
    page.get_by_label("Camera").check()
    page.get_by_label("Size").select_option("640x360")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".fact").filter(has_text="State")).to_contain_text("live")
    other = beside(looker, f"rooms/{app}/1/camera")

    other.get_by_role("button", name="Watch cam").click()

    shows_green(other, "Preview of cam")
    expect(other.locator("figcaption")).to_contain_text("640\u00d7360")
    page.get_by_role("button", name="Stop").click()
    other.close()


def test_the_screen_is_published_beside_the_camera_of_its_user_and_each_is_watched_by_itself(looker: Looker) -> None:
    app = looker.served.app["sdk_app_id"]
    publishing = "publish?room=desk&user=two"
    pages = [looker.sign_in(publishing), beside(looker, publishing)]
    for page, source in zip(pages, ("Test picture", "Screen"), strict=True):
        page.get_by_label(source).check()
        page.get_by_label("Size").select_option("640x360")
        page.get_by_role("button", name="Publish").click()
        expect(page.locator(".fact").filter(has_text="State")).to_contain_text("live")
    other = beside(looker, f"rooms/{app}/1/desk")

    other.get_by_role("button", name="Watch two, screen").click()

    shows_green(other, "Preview of two, screen")
    # The screen is not as wide as the test picture.
    expect(other.locator("figcaption")).to_contain_text("480\u00d7360")
    other.get_by_role("button", name="Watch two", exact=True).click()
    expect(other.locator("figcaption")).to_contain_text("640\u00d7360")
    for page in pages:
        page.get_by_role("button", name="Stop").click()
    expect(other.get_by_role("button", name="Watch two", exact=True)).not_to_be_attached()
    for page in (pages[1], other):
        page.close()


def test_the_output_of_a_task_is_seen_beside_its_layout(
    looker: Looker, cloud: Cloud, cdn: HostedCdn, enter: Entering
) -> None:
    app = looker.served.app["sdk_app_id"]
    with enter("monitor", "anna"):
        task = cloud.start_mix("monitor", [cdn.url("monitor")])
        cdn.until("monitor", 10)
        page = looker.sign_in(f"tasks/{app}/{task}")

        red, green, blue = shown(page, "Live preview of the output")

        assert red > 120 > max(green, blue)
        expect(page.locator("figcaption")).to_contain_text("640\u00d7360")
        page.get_by_role("button", name="Stop the preview").click()
        expect(page.get_by_role("button", name="Watch")).to_be_visible()
        cloud.stop(task)


def test_a_preview_comes_back_by_itself_once_there_is_something_to_see_again(
    browser: Browser, served: Served, enter: Entering
) -> None:
    app = served.app["sdk_app_id"]
    with Looker(browser, served, expected=r"ERR_CONNECTION_REFUSED|404.*/v2/") as looker:
        with enter("back", "anna"):
            page = looker.sign_in(f"rooms/{app}/1/back")
            page.get_by_role("button", name="Watch anna").click()
            assert shown(page, "Preview of anna")[0] > 120
            served.kill_role("ingest", signal.SIGTERM)
        with enter("back", "anna"):
            expect(page.get_by_role("figure")).to_have_attribute("data-state", re.compile("waiting|connecting"))
            expect(page.locator("figcaption")).to_contain_text("320\u00d7180", timeout=60_000)

            red, green, blue = shown(page, "Preview of anna")

            assert red > 120 > max(green, blue)
            page.get_by_role("button", name="Stop the preview").click()
            expect(page.get_by_role("button", name="Watch", exact=True)).to_be_visible()


def test_a_page_that_cannot_play_says_why_and_offers_to_try_again(looker: Looker) -> None:
    looker.sign_in("publish?room=x&user=y")
    page = looker.page
    page.evaluate("void (navigator.mediaDevices.getUserMedia = () => Promise.reject({ name: 'NotFoundError' }))")
    page.get_by_label("Camera").check()

    page.get_by_role("button", name="Publish").click()

    expect(page.get_by_role("alert")).to_contain_text("choose the test picture")


def test_a_page_whose_user_publishes_from_elsewhere_says_so_at_once_instead_of_live(looker: Looker) -> None:
    publishing = "publish?room=twice&user=twin"
    page = looker.sign_in(publishing)
    other = beside(looker, publishing)
    for one in (page, other):
        one.get_by_label("Size").select_option("640x360")
        one.get_by_role("button", name="Publish").click()
        expect(one.locator(".fact").filter(has_text="State")).to_contain_text("live")

    # A browser by itself goes on calling the connection "connected" for 17 s.
    expect(page.get_by_role("alert")).to_contain_text("publishes from elsewhere", timeout=5000)

    expect(page.locator(".fact").filter(has_text="State")).to_contain_text("not publishing")
    expect(other.locator(".fact").filter(has_text="State")).to_contain_text("live")
    other.get_by_role("button", name="Stop").click()
    other.close()
