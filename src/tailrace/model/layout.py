"""Layout: which window shows whom at the moment (spec/03 sections 2 and 3).

In the dynamic layouts (floating, screen sharing, grid) the order of entry alone decides, so that everybody who looks at
the same room sees the same picture, whatever happened before: when one leaves, those behind him move up. In the custom
layout each window was placed for a reason: whoever is in one stays there until he leaves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tailrace.ids import Room
from tailrace.model.cast import WITH_BIG_WINDOW, Member, by_entry
from tailrace.model.mix import Crop, Fit, Layout, LayoutMode, Slot
from tailrace.model.templates import MOST_SMALL, Box, even, floating, grid, screen_sharing

# spec/03 section 2: one who sends only sound counts as one; camera and screen of one user are two.
MOST_STREAMS = 16


@dataclass(frozen=True, slots=True)
class Window:
    """One window and who is in it now; `member` None: nobody. Even pixels of the canvas, whose borders it may cross.

    `number` is its place in MixLayoutList, or in the template, where 0 is the big window. `colour_beside` (0xRRGGBB) is
    what shows beside the member's picture, None: what lies below. `slot` is the custom layout's own entry.
    """

    number: int
    member: Member | None
    x: int
    y: int
    width: int
    height: int
    layer: int
    fit: Fit
    crop: Crop | None = None
    colour_beside: int | None = None
    slot: Slot | None = None
    keep_sei: bool = True

    @property
    def shows_picture(self) -> bool:
        """Whether the member's own picture is to be seen here."""
        return self.member is not None and self.member.video and self.width > 0 and self.height > 0


def arrange(
    layout: Layout,
    members: Iterable[Member],
    main: Room,
    width: int,
    height: int,
    *,
    before: Sequence[Window] = (),
    centre_last_row: bool = False,
) -> tuple[Window, ...]:
    """Return the windows of a canvas of that size from bottom to top.

    `members` are those who take part (`cast.taking_part`); of other rooms than `main` only named ones get a window.
    `before` is the result of the last call, for the custom layout: after an update, too, the users of unnamed windows
    keep the window of the same number.
    """
    present = by_entry(members)
    if layout.mode is LayoutMode.CUSTOM:
        windows = _custom(layout, present, main, before)
    else:
        windows = _dynamic(layout, mixed(layout, present, main), width, height, centre_last_row)
    return tuple(sorted(windows, key=lambda window: (window.layer, window.number)))


def mixed(layout: Layout, members: Iterable[Member], main: Room) -> list[Member]:
    """Return the streams that a dynamic layout mixes, seen or only heard: the first sixteen, MaxVideoUser among them.

    One who sends nothing does not count.
    """
    biggest = layout.biggest if layout.mode in WITH_BIG_WINDOW else None
    candidates = [
        member
        for member in by_entry(members)
        if (member.audio or member.video) and (member.stream.room == main or member.stream == biggest)
    ]
    return by_entry(sorted(candidates, key=lambda member: member.stream != biggest)[:MOST_STREAMS])


def _dynamic(layout: Layout, members: list[Member], width: int, height: int, centre_last_row: bool) -> list[Window]:
    seats: list[Member | None] = [member for member in members if member.video or layout.hold_audio_only]
    if layout.mode is LayoutMode.GRID:
        boxes = grid(len(seats), width, height, centre_last_row=centre_last_row)
    else:
        seats = _big_one_first(layout, seats)
        template = floating if layout.mode is LayoutMode.FLOATING else screen_sharing
        boxes = template(len(seats) - 1, width, height)
    return [
        _template_window(layout, number, member, box)
        for number, (member, box) in enumerate(zip(seats, boxes, strict=True))
    ]


def _big_one_first(layout: Layout, seats: list[Member | None]) -> list[Member | None]:
    """Return who is in the big window, None while MaxVideoUser is away, and then who is in the small ones."""
    if layout.mode is LayoutMode.FLOATING and layout.biggest is None:
        return seats or [None]  # who is here longest has it; when he leaves, the next one moves up
    big = next((member for member in seats if member and member.stream == layout.biggest), None)
    return [big, *(member for member in seats if member is not big)][: 1 + MOST_SMALL]


def _template_window(layout: Layout, number: int, member: Member | None, box: Box) -> Window:
    # A shared screen is read: nothing of it may be cut off (spec/03 section 3.2).
    by_template = Fit.INSIDE if layout.mode is LayoutMode.SCREEN_SHARING and number == 0 else Fit.CROP
    return Window(
        number=number,
        member=member,
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        # The small windows lie on the big one, as in the SEI sample of spec/03 section 6; other windows do not touch.
        layer=int(layout.mode is LayoutMode.FLOATING and number > 0),
        fit=by_template if layout.fit is None else layout.fit,
        keep_sei=layout.keep_sei,
    )


def _custom(layout: Layout, members: list[Member], main: Room, before: Sequence[Window]) -> list[Window]:
    slots = dict(enumerate(layout.slots[:MOST_STREAMS]))
    free = [number for number, slot in slots.items() if slot.who is None]
    seats = _named(slots, members)
    named = {slot.who for slot in slots.values()}
    waiting = [member for member in members if member.stream not in named and member.stream.room == main]
    seats |= _unnamed(free, waiting, before)
    return [_slot_window(number, slot, seats.get(number)) for number, slot in slots.items()]


def _named(slots: dict[int, Slot], members: list[Member]) -> dict[int, Member]:
    """Return who is in the reserved windows. A stream that is named twice is in the first window alone."""
    present = {member.stream: member for member in members}
    return {number: present.pop(slot.who) for number, slot in slots.items() if slot.who in present}


def _unnamed(free: list[int], waiting: list[Member], before: Sequence[Window]) -> dict[int, Member]:
    """Return who is in the other windows: first those who were there, then all others in order of entry."""
    present = {member.stream: member for member in waiting}
    seats = {}
    for window in before:
        if window.member and window.slot and window.number in free and window.member.stream in present:
            seats[window.number] = present.pop(window.member.stream)
    left = (number for number in free if number not in seats)
    return seats | dict(zip(left, present.values(), strict=False))


def _slot_window(number: int, slot: Slot, member: Member | None) -> Window:
    return Window(
        number=number,
        member=member,
        x=even(slot.x),
        y=even(slot.y),
        width=even(slot.width),
        height=even(slot.height),
        layer=slot.layer,
        fit=slot.fit,
        crop=slot.crop,
        colour_beside=slot.colour if slot.colour_beside_picture else None,
        slot=slot,
        keep_sei=slot.keep_sei,
    )
