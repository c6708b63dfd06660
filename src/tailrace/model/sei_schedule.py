"""SeiSchedule: with which output pictures the caller's SEI goes out (spec/03 section 6)."""

from tailrace.model.mix import LayoutVolume, PassThrough, Sei

Entry = LayoutVolume | PassThrough


class SeiSchedule:
    """Asked once for each output picture. Each entry goes out at most once with one picture.

    An entry is due each `interval`, counted on a grid from its first picture, so that its rate is right even when no
    picture falls on the grid. Key frames that carry it as well (FollowIdr) do not move the grid.
    """

    def __init__(self, sei: Sei) -> None:
        self._sei = Sei()
        self._next_us: dict[type[Entry], int] = {}
        self.change(sei)

    def change(self, sei: Sei) -> None:
        """Follow an update.

        An entry with the interval that it had goes on in its rhythm, with its new content; another begins anew, with
        the next picture.
        """
        for kind, old, new in (
            (LayoutVolume, self._sei.layout_volume, sei.layout_volume),
            (PassThrough, self._sei.pass_through, sei.pass_through),
        ):
            if old is None or new is None or old.interval != new.interval:
                self._next_us.pop(kind, None)
        self._sei = sei

    def due(self, out_us: int, key_frame: bool) -> list[Entry]:
        """Return what goes out with the picture at `out_us` (microseconds of output time, rising)."""
        return [
            entry
            for entry in (self._sei.layout_volume, self._sei.pass_through)
            if entry is not None and self._is_due(entry, out_us, key_frame)
        ]

    def _is_due(self, entry: Entry, out_us: int, key_frame: bool) -> bool:
        kind = type(entry)
        next_us = self._next_us.setdefault(kind, out_us)
        if out_us < next_us:
            return key_frame and entry.with_key_frames
        step_us = max(1, round(entry.interval * 1_000_000))
        # Past all places of the grid that have gone by: what was late is not made up for.
        self._next_us[kind] = next_us + ((out_us - next_us) // step_us + 1) * step_us
        return True
