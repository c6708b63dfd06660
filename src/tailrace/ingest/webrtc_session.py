"""WebRTC session: the peer behind one WHIP or WHEP session as its HTTP side sees it: trickled candidates, restarts."""

import secrets
from typing import Protocol

from tailrace.wire.sdp import Local, Offer, answer_fragment, parse_fragment


class Restartable(Protocol):
    """What is needed of a peer."""

    def restart(self) -> Local:
        """Return new credentials; the old ones are good until the new ones are used."""
        ...


class WebRtcSession:
    """The ICE side of a session: its ETag, and what a PATCH does."""

    def __init__(self, peer: Restartable, offer: Offer) -> None:
        self._peer = peer
        self._offer = offer
        self._ufrag = offer.ufrag
        self.etag = _new_etag()

    def patch(self, fragment: str) -> str | None:
        """Take a fragment. Raises PeerError; the session then goes on as it was.

        Candidates are of no use to an ICE-lite side, which answers where a check comes from. A fragment with another
        ufrag than the last one restarts ICE (RFC 9725 section 4.3.3).
        """
        said = parse_fragment(fragment)
        if said.ufrag in ("", self._ufrag):
            return None
        local = self._peer.restart()
        self._ufrag = said.ufrag
        self.etag = _new_etag()
        return answer_fragment(self._offer, local)


def _new_etag() -> str:
    return f'"{secrets.token_hex(8)}"'
