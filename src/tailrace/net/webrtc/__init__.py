"""WebRTC's transport: one UDP port, ICE-lite, DTLS-SRTP. `udp` is light; the rest is loaded with the first session."""
