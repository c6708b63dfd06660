"""What receiver reports tell: how many packets of a source came, and how evenly (RFC 3550 6.4.1, A.3, A.8)."""

from tailrace.wire.rtp.rtcp_report import ReportBlock, SenderReport

_WRAP = 1 << 32
_HALF = 1 << 31
# A report's delay is in 65536ths of a second, in 32 bits.
_DELAY_UNITS = 65536


class Statistics:
    """Of one source. `packets` are those that came by themselves, not those that were sent a second time."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_highest",
        "_last_sr",
        "_last_sr_at",
        "_packets_before",
        "_rate",
        "_transit",
        "jitter",
        "octets",
        "packets",
        "ssrc",
    )

    def __init__(self, ssrc: int, rate_hz: int) -> None:
        self.ssrc = ssrc
        self.packets = self.octets = 0
        self.jitter = 0.0  # in timestamp units
        self._rate = rate_hz
        self._base = self._highest = -1
        self._transit = 0
        self._expected_before = self._packets_before = 0
        self._last_sr = 0
        self._last_sr_at = 0.0

    def count(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        """Count a packet that came now; `size` in bytes."""
        self.packets += 1
        self.octets += size
        transit = int(now * self._rate) - timestamp
        if self._highest < 0:
            self._base = self._highest = sequence
            self._transit = transit
            return
        step = (sequence - self._highest) & 0xFFFF
        if step < 0x8000:
            self._highest += step
        change = abs((transit - self._transit + _HALF) % _WRAP - _HALF)
        self._transit = transit
        self.jitter += (change - self.jitter) / 16

    def reported(self, report: SenderReport, now: float) -> None:
        """Note a report of the source, to answer it."""
        self._last_sr = report.ntp >> 16 & 0xFFFFFFFF
        self._last_sr_at = now

    def block(self, now: float) -> ReportBlock:
        """Return the next report's block; the loss in it is since the last one."""
        expected = self.expected
        expected_since, self._expected_before = expected - self._expected_before, expected
        packets_since, self._packets_before = self.packets - self._packets_before, self.packets
        lost_since = expected_since - packets_since
        fraction = min(lost_since * 256 // expected_since, 255) if lost_since > 0 else 0
        delay = int((now - self._last_sr_at) * _DELAY_UNITS) % _WRAP if self._last_sr else 0
        return ReportBlock(
            self.ssrc,
            fraction,
            expected - self.packets,
            self._highest % _WRAP,
            int(self.jitter) % _WRAP,
            self._last_sr,
            delay,
        )

    @property
    def expected(self) -> int:
        """How many packets there should be, by their numbers."""
        return self._highest - self._base + 1

    @property
    def jitter_seconds(self) -> float:
        """The jitter in seconds."""
        return self.jitter / self._rate
