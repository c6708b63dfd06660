"""Offers to test with: those of real peers, and a small one to change."""

from pathlib import Path

CORPUS = Path(__file__).parents[3] / "corpus" / "sdp"
# Captured, but for GStreamer's and Firefox's: those are written after what they send.
REAL = sorted(CORPUS.glob("*.sdp"))
DIGEST = ":".join(["AB"] * 32)
SMALL = f"""v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 {DIGEST}
a=setup:actpass
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=rtcp-mux
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack pli
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
""".replace("\n", "\r\n")


def read(name: str) -> str:
    """Return an offer of the corpus."""
    return (CORPUS / f"{name}.sdp").read_bytes().decode()
