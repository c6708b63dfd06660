"""The rules of spec/05 section 4 against a real ingest process, one after the other, in both address families."""

import asyncio
import time
from urllib.parse import urljoin

import httpx
import pytest

from tailrace.config import IceServer, WebRtc
from tailrace.model.presence import Exit
from tailrace.secret import Secret
from tailrace.wire.rtp.rtcp import Pli
from tests.fakes.web_publisher import web_scripted
from tests.harness.ingest import APP, IngestProcess, make_config, stream_of
from tests.harness.subscriber import subscribed
from tests.unit.wire.test_publishing import AUDIO, DATA, VIDEO, offer

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
OFFER = offer(AUDIO, VIDEO)
V1, V2 = "v1", "v2"
INTERVAL = 0.5
BOTH = pytest.mark.parametrize("family", [V2, V1])


def post(
    ingest: IngestProcess, family: str, body: str = OFFER, *, room: str = "rules", user: str = "anna", **change: str
) -> httpx.Response:
    """POST an offer as a user; `url`, `sig` and `content_type` may be others than the right ones."""
    sig = change.get("sig", ingest.token(user))
    headers = {"Content-Type": change.get("content_type", SDP)}
    if family == V1:
        query = ingest.push(room, user, sig=sig).removeprefix(f"{ingest.rtmp}/push/")
        url = f"{ingest.http}/v1/push/{query}"
    else:
        url = ingest.whip(room, user)
        headers |= {"Authorization": f"Bearer {sig}"} if sig else {}
    url = url.replace(str(APP), change.get("app", str(APP)))
    return httpx.post(url + change.get("more", ""), content=body, headers=headers, trust_env=False, timeout=10)


def session(ingest: IngestProcess, answer: httpx.Response) -> str:
    return urljoin(ingest.http, answer.headers["location"])


def patch(url: str, body: str, **headers: str) -> httpx.Response:
    named = {"Content-Type": FRAGMENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.patch(url, content=body, headers=named, trust_env=False)


@BOTH
def test_an_offer_is_answered_recvonly_with_all_in_one_bundle(ingest: IngestProcess, family: str) -> None:
    answer = post(ingest, family, user=f"offer_{family}")

    assert (answer.status_code, answer.headers["content-type"]) == (201, SDP)
    assert answer.text.count("a=recvonly") == 2
    assert "a=group:BUNDLE 0 1" in answer.text
    assert answer.text.count("a=rtcp-mux") == 2
    assert "a=ice-lite" in answer.text
    assert "a=setup:passive" in answer.text
    assert answer.headers["etag"].startswith('"')
    assert httpx.delete(session(ingest, answer), trust_env=False).status_code == 200
    assert httpx.delete(session(ingest, answer), trust_env=False).status_code == 404


@BOTH
@pytest.mark.parametrize(
    ("change", "v2", "v1"),
    [
        ({"sig": "eJx-garbage"}, 401, 403),
        ({"app": "1400000099"}, 404, 404),
        ({"app": "nonsense"}, 400, 400),
        ({"content_type": "text/plain"}, 415, 415),
        ({"more": "&streamtype=7"}, 400, 400),
        ({"more": "&use_number_room_id=1"}, 400, 400),
    ],
    ids=lambda value: str(value),
)
def test_refusals_have_their_statuses(
    ingest: IngestProcess, family: str, change: dict[str, str], v2: int, v1: int
) -> None:
    answer = post(ingest, family, **change)

    assert answer.status_code == (v2 if family == V2 else v1)
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
    assert "eJ" not in answer.text


def test_v2_without_a_token_is_401_and_with_that_of_another_user_403(ingest: IngestProcess) -> None:
    missing, foreign = post(ingest, V2, sig=""), post(ingest, V2, sig=ingest.token("bert"))

    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, "Bearer")
    assert foreign.status_code == 403


def test_v1_prefers_the_codec_that_is_asked_for(ingest: IngestProcess) -> None:
    h264, vp8 = (post(ingest, V1, user=f"{codec}_1", more=f"&prefervcodec={codec}").text for codec in ("h264", "vp8"))

    assert ("H264/90000" in h264, "VP8/90000" in h264) == (True, False)
    assert ("H264/90000" in vp8, "VP8/90000" in vp8) == (False, True)
    assert post(ingest, V1, user="vp9", more="&prefervcodec=vp9").status_code == 400


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        offer(VIDEO, VIDEO),
        offer(VIDEO, AUDIO.replace("camera", "screen")),
        offer(VIDEO.replace("sendonly", "recvonly")),
        offer(VIDEO.replace("VP8", "VP9").replace("H264", "H265")),
        offer(VIDEO, AUDIO.replace("opus", "PCMU")),
        offer(DATA),
    ],
    ids=["two videos", "two MediaStreams", "recvonly", "codec", "sound", "data only"],
)
def test_what_cannot_be_taken_is_refused_as_a_whole(ingest: IngestProcess, family: str, body: str) -> None:
    assert post(ingest, family, body).status_code == (422 if family == V2 else 400)


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        OFFER.replace("a=group:BUNDLE 0 1\n", ""),
        OFFER.replace("a=rtcp-mux\n", ""),
        OFFER.replace("a=ice-pwd", "a=x"),
        OFFER.replace("a=fingerprint", "a=x"),
    ],
    ids=["empty", "nonsense", "no bundle", "no rtcp-mux", "no password", "no fingerprint"],
)
def test_offers_that_are_none_are_400(ingest: IngestProcess, family: str, body: str) -> None:
    assert post(ingest, family, body).status_code == 400


def test_setup_active_is_taken(ingest: IngestProcess) -> None:
    answer = post(ingest, V2, OFFER.replace("a=setup:actpass", "a=setup:active"), user="active")

    assert answer.status_code == 201


@BOTH
def test_patch_trickles_and_restarts_by_the_rules(ingest: IngestProcess, family: str) -> None:
    answer = post(ingest, family, user=f"patch_{family}")
    url, etag = session(ingest, answer), answer.headers["etag"]
    candidate = "a=candidate:1 1 udp 2130706431 192.0.2.1 54321 typ host\r\n"
    restart = f"a=ice-ufrag:efgh\r\na=ice-pwd:{'q' * 22}\r\n"

    assert patch(url, candidate).status_code == 428
    assert patch(url, candidate, If_Match='"other"').status_code == 412
    assert patch(url, candidate, If_Match=etag, Content_Type=SDP).status_code == 415
    assert patch(url, "nonsense", If_Match=etag).status_code == 400
    trickled = patch(url, candidate, If_Match=etag)
    assert (trickled.status_code, "etag" in trickled.headers) == (204, False)
    assert patch(url, "a=ice-ufrag:efgh\r\n", If_Match="*").status_code == 400
    restarted = patch(url, restart, If_Match="*")
    assert restarted.status_code == 200
    assert restarted.headers["etag"] != etag
    assert "a=ice-ufrag:" in restarted.text
    assert "a=ice-pwd:" in restarted.text
    assert patch(url, candidate, If_Match=etag).status_code == 412
    assert httpx.get(url, trust_env=False).status_code == 204
    assert httpx.delete(url, trust_env=False).status_code == 200


def test_deleting_a_session_leaves_the_room_at_once_by_itself(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("deleted", "anna")) as seen,
            web_scripted(ingest.whip("deleted", "anna"), ingest.token("anna")) as script,
        ):
            script.picture(0, key=True)
            await seen.until_present()
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.delete(script.location)).status_code == 200
            assert await seen.presence() is None
            assert await seen.left() is Exit.ITSELF
            await script.lost()

    asyncio.run(run())


def test_v1_has_a_status_for_a_stream_that_is_there_while_v2_replaces_it(
    ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("there", "anna")) as seen,
            web_scripted(ingest.whip("there", "anna"), ingest.token("anna")) as script,
        ):
            script.picture(0, key=True)
            await seen.until_present()
            assert (await asyncio.to_thread(post, ingest, V1, room="there")).status_code == 409
            assert (await asyncio.to_thread(post, ingest, V2, room="there")).status_code == 201

    asyncio.run(run())


def test_a_start_without_a_key_frame_makes_the_publisher_be_asked_for_one(
    ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("ask", "anna")) as seen,
            web_scripted(ingest.whip("ask", "anna"), ingest.token("anna")) as script,
        ):
            script.picture(0, key=True)
            await seen.until_present()
            script.lose(1)
            begin = len(script.asked)
            script.picture(40)
            # First that it be sent again; when that does not help, a new key frame.
            await seen.until(lambda: {type(asked).__name__ for asked in script.asked[begin:]} == {"Nack", "Pli"})
            script.picture(80)
            script.picture(120, key=True)
            await seen.until(lambda: len(seen.units) == 2)
            assert seen.units[1].key

    asyncio.run(run())


def test_publishers_are_asked_for_a_key_frame_at_least_each_interval(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> None:
        async with (
            subscribed(nats_url, stream_of("interval", "anna")) as seen,
            web_scripted(ingest.whip("interval", "anna"), ingest.token("anna")) as script,
        ):
            begin = time.monotonic()
            for number in range(4):
                script.picture(number * 1000, key=True)
                await seen.until(lambda: len(seen.units) == number + 1)  # noqa: B023 - awaited at once
                script.asked.clear()
                await seen.until(lambda: script.asked)
                assert isinstance(script.asked[0], Pli)
            assert time.monotonic() - begin > 4 * INTERVAL * 0.9

    config = make_config().model_copy(update={"webrtc": WebRtc(keyframe_interval=INTERVAL)})
    with IngestProcess(nats_url, config) as ingest:
        asyncio.run(run(ingest))


def test_the_first_sessions_of_a_process_may_come_all_at_once(nats_url: Secret) -> None:
    """They load libraries in threads; a module that is half loaded by one of them was taken for whole by another."""

    async def run(ingest: IngestProcess) -> list[int]:
        return await asyncio.gather(
            *(asyncio.to_thread(lambda user: post(ingest, V2, user=user).status_code, f"u{n}") for n in range(8))
        )

    with IngestProcess(nats_url) as ingest:
        assert asyncio.run(run(ingest)) == [201] * 8


def test_servers_are_handed_out_and_too_many_sessions_are_503(nats_url: Secret) -> None:
    server = IceServer(urls=("turn:turn.example.net",), username="anna", credential=Secret("word"))
    config = make_config().model_copy(update={"webrtc": WebRtc(ice_server=(server,), max_sessions=2)})
    with IngestProcess(nats_url, config) as ingest:
        answers = [post(ingest, V2, user=f"full{number}") for number in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 503]
        assert 'rel="ice-server"' in answers[0].headers["link"]
        assert 'credential="word"' in answers[0].headers["link"]
        assert int(answers[2].headers["retry-after"]) > 0
        httpx.delete(session(ingest, answers[0]), trust_env=False)
        assert post(ingest, V2, user="after").status_code == 201
