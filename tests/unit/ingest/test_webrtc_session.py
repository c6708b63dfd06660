"""WebRTC session: what a PATCH does to ICE, and its ETag."""

import pytest

from tailrace.errors import PeerError
from tailrace.ingest.webrtc_session import WebRtcSession
from tailrace.secret import Secret
from tailrace.wire.sdp import Candidate, Fingerprint, Local, parse_offer
from tests.unit.wire.test_publishing import AUDIO, VIDEO, offer

CANDIDATE = "a=candidate:1 1 udp 2130706431 192.0.2.1 54321 typ host"
NEW = "a=ice-ufrag:efgh\r\na=ice-pwd:abcdefghijklmnopqrstuv"


class FakePeer:
    """Restarts, and counts that."""

    def __init__(self) -> None:
        self.restarts = 0

    def restart(self) -> Local:
        self.restarts += 1
        candidate = Candidate("1", 1, "udp", 1, "127.0.0.1", 8189, "host")
        return Local(f"new{self.restarts}", Secret("p" * 22), Fingerprint("sha-256", "AB"), (candidate,), 1)


def session() -> tuple[WebRtcSession, FakePeer]:
    peer = FakePeer()
    return WebRtcSession(peer, parse_offer(offer(AUDIO, VIDEO))), peer


@pytest.mark.parametrize("fragment", [CANDIDATE, f"a=ice-ufrag:abcd\r\na=ice-pwd:{'0' * 22}\r\na=end-of-candidates"])
def test_candidates_of_the_same_ice_session_change_nothing(fragment: str) -> None:
    tried, peer = session()
    etag = tried.etag

    assert tried.patch(fragment) is None
    assert (tried.etag, peer.restarts) == (etag, 0)


def test_another_ufrag_restarts_once_and_is_then_the_one_that_candidates_come_with() -> None:
    tried, peer = session()
    etag = tried.etag

    answer = tried.patch(NEW)

    assert answer is not None
    assert "a=ice-ufrag:new1" in answer
    assert "192.0.2.1" not in answer
    assert "127.0.0.1 8189" in answer
    assert tried.etag != etag
    assert tried.patch(f"{NEW}\r\n{CANDIDATE}") is None
    assert peer.restarts == 1


@pytest.mark.parametrize("fragment", ["", "nonsense", "a=ice-ufrag:efgh", "a=ice-ufrag:ef\r\na=ice-pwd:short"])
def test_a_restart_that_is_none_leaves_everything_as_it_was(fragment: str) -> None:
    tried, peer = session()
    etag = tried.etag

    with pytest.raises(PeerError):
        tried.patch(fragment)
    assert (tried.etag, peer.restarts) == (etag, 0)


def test_etags_are_strong_and_differ() -> None:
    etags = {session()[0].etag for _ in range(10)}

    assert len(etags) == 10
    assert all(etag.startswith('"') and etag.endswith('"') for etag in etags)
