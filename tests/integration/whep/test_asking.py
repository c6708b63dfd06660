"""What WHEP answers: to those who may not, to what is not there, and to offers that nobody can use."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.ingest import APP, IngestProcess
from tests.harness.publisher import ffmpeg_missing
from tests.harness.waiting import eventually
from tests.harness.whep import WhepViewer, offer, post, request
from tests.integration.whep.asking import play, published, sig_of, sub
from tests.media.film import BLUE, GREEN, see

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())


@pytest.fixture(scope="module")
def room(ingest: IngestProcess, green_film: Path) -> Iterator[str]:
    """A room in which a film is published."""
    with published(ingest, green_film, "asked", "alice"):
        yield "asked"


@pytest.fixture(scope="module")
def wish() -> str:
    """An offer to receive both tracks."""
    return offer()


def test_an_answer_names_its_session_and_lets_every_page_read_that(ingest: IngestProcess, room: str, wish: str) -> None:
    answer = post(*_both(sub(ingest, room), wish))

    assert (answer.status, answer.headers["content-type"]) == (201, "application/sdp")
    assert answer.headers["location"].startswith(f"/v2/sub/{APP}/{room}/")
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "a=sendonly" in answer.body
    assert "a=recvonly" not in answer.body


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_other_methods_are_answered_for_pages_and_curious_people(ingest: IngestProcess, room: str, method: str) -> None:
    for address in (sub(ingest, room)[0], play(ingest, room)):
        answer = request(method, address)
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_viewer_without_a_good_user_sig_is_turned_away(ingest: IngestProcess, room: str, wish: str) -> None:
    address, bearer = sub(ingest, room)

    assert post(address, wish).status == 401
    assert post(address, wish, bearer[:-8] + "AAAAAAAA").status == 401
    assert post(address, wish, sig_of("somebody-else")).status == 403
    assert post(play(ingest, room, usersig="nonsense"), wish).status == 403


def test_what_nobody_publishes_is_not_found(ingest: IngestProcess, room: str, wish: str) -> None:
    for fields in ({"remoteuserid": "nobody"}, {"streamtype": "1"}, {"use_number_room_id": "1"}):
        answer = post(*_both(sub(ingest, "123" if "use_number_room_id" in fields else room, **fields), wish))
        assert answer.status == 404, fields
    assert post(*_both(sub(ingest, "an-empty-room"), wish)).status == 404
    assert post(play(ingest, "an-empty-room"), wish).status == 404


def test_a_task_that_is_not_there_is_not_found(ingest: IngestProcess, wish: str) -> None:
    for task in ("no-such-task", "a%20b", "%2e%2e", "x" * 300):
        address = f"{ingest.http}/v2/task/{APP}/{task}?SessionID=viewer"
        assert post(address, wish, sig_of("viewer")).status == 404, task
    assert post(f"{ingest.http}/v2/task/{APP}/x?SessionID=viewer", wish).status == 401


def test_the_one_who_publishes_longest_is_shown_unless_another_is_named(
    ingest: IngestProcess, green_film: Path, blue_film: Path
) -> None:
    with published(ingest, green_film, "two", "zoe"), published(ingest, blue_film, "two", "adam"):
        for fields, wanted in (({}, GREEN), ({"remoteuserid": "adam"}, BLUE), ({"remoteuserid": "zoe"}, GREEN)):
            with WhepViewer(*sub(ingest, "two", **fields)) as viewer:
                _first_picture(viewer)
            assert see(viewer.seen.pictures[-1][1]).looks(wanted)


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda wish: "", 400, ""),
        (lambda wish: "hello", 400, ""),
        (lambda wish: wish.replace("a=recvonly", "a=sendonly"), 422, "receives"),
        (lambda wish: wish.replace("H264", "H265"), 422, "H264"),
        (lambda wish: wish.replace("packetization-mode=1", "packetization-mode=0"), 422, "H264"),
        (lambda wish: wish.replace("opus/48000/2", "opus/16000/2"), 422, "opus"),
        (lambda wish: wish.replace("a=fingerprint", "a=footprint"), 400, "fingerprint"),
        (lambda wish: wish + "a=x\r\n" * 40_000, 413, ""),
    ],
)
def test_an_offer_that_cannot_be_used_is_refused_with_the_reason(
    ingest: IngestProcess, room: str, wish: str, change: Callable[[str], str], status: int, words: str
) -> None:
    answer = post(*_both(sub(ingest, room), change(wish)))

    assert (answer.status, words in answer.body) == (status, True), answer.body


def test_a_body_that_is_no_sdp_by_its_type_is_refused(ingest: IngestProcess, room: str, wish: str) -> None:
    address, bearer = sub(ingest, room)

    assert post(address, wish, bearer, "application/json").status == 415


def test_mangled_offers_cost_nothing(ingest: IngestProcess, room: str, wish: str) -> None:
    chance = random.Random(3)
    address, bearer = sub(ingest, room)
    memory = 0
    for number in range(60):
        letters = bytearray(wish.encode())
        for _ in range(20):
            letters[chance.randrange(len(letters))] = chance.choice(b"az09=:/ \r\n")
        answer = post(address, letters.decode(), bearer)
        assert answer.status in (201, 400, 422, 429), answer
        if number == 20:
            memory = ingest.resident_bytes()

    assert ingest.resident_bytes() - memory < 20 * 1024 * 1024
    eventually(lambda: post(address, wish, bearer).status == 201, "an answer, once offers are taken again")


def _first_picture(viewer: WhepViewer) -> None:
    eventually(lambda: viewer.seen.pictures, "a picture")


def _both(asked: tuple[str, str], wish: str) -> tuple[str, str, str]:
    address, bearer = asked
    return address, wish, bearer
