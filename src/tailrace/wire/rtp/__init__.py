"""RTP and RTCP: datagrams <-> values, and encoded units out of and into datagrams."""
