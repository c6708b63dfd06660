"""Gapless: sound that is counted rather than timed, as long as its times agree with the count of its samples."""


class GaplessRun:
    """One run after another of sound without gaps, from an input to an encoder that counts samples at `rate_hz`.

    `largest_drift_us`: sound whose time is further than this from the count of samples begins a run at its own time.
    """

    def __init__(self, rate_hz: int, largest_drift_us: int) -> None:
        self._rate_hz = rate_hz
        self._largest_drift_us = largest_drift_us
        self._input_rate_hz = 0  # 0: what comes next begins a run
        self._samples_in = 0  # of this run, at the input's rate
        self._anchor_us = 0  # when the first sample of this run is heard
        self._first_sample = 0  # its number at the encoder

    @property
    def broken(self) -> bool:
        """Whether what comes next begins a run."""
        return not self._input_rate_hz

    def goes_on(self, at_us: int, rate_hz: int) -> bool:
        """Return whether sound of this time and rate belongs to the run; otherwise `begin` another one."""
        if self._input_rate_hz != rate_hz:
            return False
        expected_us = self._anchor_us + self._samples_in * 1_000_000 // rate_hz
        return abs(at_us - expected_us) <= self._largest_drift_us

    def begin(self, at_us: int, rate_hz: int, first_sample: int) -> None:
        """Begin a run with sound of this time and rate, whose first sample will be `first_sample` of the encoder."""
        self._input_rate_hz, self._samples_in = rate_hz, 0
        self.anchor(at_us, first_sample)

    def anchor(self, at_us: int, sample: int) -> None:
        """Say when a sample of the encoder is heard."""
        self._anchor_us, self._first_sample = at_us, sample

    def count(self, samples: int) -> None:
        """Take note of so many samples of the input."""
        self._samples_in += samples

    def break_off(self) -> None:
        """Let what comes next begin a run."""
        self._input_rate_hz = 0

    def time_of(self, sample: int) -> int:
        """Return when a sample of the encoder is heard, in microseconds."""
        return self._anchor_us + (sample - self._first_sample) * 1_000_000 // self._rate_hz
