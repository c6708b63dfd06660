"""Layout: which window shows whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.ids import Stream
from tailrace.model.cast import Member
from tailrace.model.layout import Window, arrange, mixed
from tailrace.model.mix import Crop, Fit, Layout, LayoutMode, Slot
from tailrace.secret import ImageUrl
from tests.unit.model.people import MAIN, OTHER, camera, crowd, member, screen

WIDTH, HEIGHT = 1280, 720
FLOATING, SHARING, GRID = Layout(LayoutMode.FLOATING), Layout(LayoutMode.SCREEN_SHARING), Layout(LayoutMode.GRID)
DYNAMIC = [FLOATING, SHARING, GRID]


def named(layout: Layout, user: str, *, hold_audio_only: bool = False) -> Layout:
    return Layout(layout.mode, biggest=camera(user), hold_audio_only=hold_audio_only)


def slot(who: Stream | None = None, *, x: int = 0, layer: int = 0) -> Slot:
    return Slot(who, x, 0, 320, 180, layer)


def custom(*slots: Slot) -> Layout:
    return Layout(LayoutMode.CUSTOM, slots)


def windows_of(
    layout: Layout, members: list[Member], before: tuple[Window, ...] = (), *, centre_last_row: bool = False
) -> tuple[Window, ...]:
    return arrange(layout, members, MAIN, WIDTH, HEIGHT, before=before, centre_last_row=centre_last_row)


def who(windows: tuple[Window, ...]) -> list[str]:
    """Return the users by number of the window; `-` is an empty one."""
    ordered = sorted(windows, key=lambda window: window.number)
    return [window.member.stream.user if window.member else "-" for window in ordered]


def streams(windows: tuple[Window, ...]) -> list[Stream]:
    return [window.member.stream for window in windows if window.member]


# Floating: spec/03 section 3.1.


def test_floating_gives_the_big_window_to_the_first_and_the_small_ones_to_the_others_in_order_of_entry() -> None:
    windows = windows_of(FLOATING, list(reversed(crowd(5))))

    assert who(windows) == ["u0", "u1", "u2", "u3", "u4"]
    assert [(window.x, window.y) for window in windows] == [(0, 0), (14, 542), (330, 542), (646, 542), (962, 542)]
    assert [window.layer for window in windows] == [0, 1, 1, 1, 1]
    assert {window.fit for window in windows} == {Fit.CROP}


def test_floating_gives_the_big_window_to_the_one_who_is_named() -> None:
    assert who(windows_of(named(FLOATING, "u2"), crowd(4))) == ["u2", "u0", "u1", "u3"]


def test_the_big_window_waits_for_the_one_who_is_named() -> None:
    windows = windows_of(named(FLOATING, "late"), crowd(2))

    assert who(windows) == ["-", "u0", "u1"]
    assert (windows[0].width, windows[0].height) == (WIDTH, HEIGHT)


def test_the_longest_present_moves_up_when_the_big_one_leaves_and_was_not_named() -> None:
    assert who(windows_of(FLOATING, crowd(4)[1:])) == ["u1", "u2", "u3"]


def test_an_empty_room_has_an_empty_big_window() -> None:
    assert who(windows_of(FLOATING, [])) == ["-"]
    assert who(windows_of(SHARING, [])) == ["-"]
    assert windows_of(GRID, []) == ()


# Screen sharing: spec/03 section 3.2.


def test_screen_sharing_leaves_the_big_window_empty_while_nobody_is_named() -> None:
    windows = windows_of(SHARING, crowd(3))

    assert who(windows) == ["-", "u0", "u1", "u2"]
    assert (windows[0].width, windows[1].x) == (1024, 1024)


def test_screen_sharing_shows_all_of_the_big_picture_and_crops_the_small_ones() -> None:
    layout = Layout(LayoutMode.SCREEN_SHARING, biggest=screen("u0"))
    windows = windows_of(layout, [*crowd(2), member(screen("u0"), 9.0)])

    assert streams(windows) == [screen("u0"), camera("u0"), camera("u1")]
    assert [window.fit for window in windows] == [Fit.INSIDE, Fit.CROP, Fit.CROP]


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("mode", [LayoutMode.FLOATING, LayoutMode.SCREEN_SHARING, LayoutMode.GRID])
def test_the_callers_fit_and_keep_sei_apply_to_every_window(mode: LayoutMode, fit: Fit) -> None:
    windows = windows_of(Layout(mode, fit=fit, keep_sei=False), crowd(3))

    assert {(window.fit, window.keep_sei) for window in windows} == {(fit, False)}


# Grid: spec/03 section 3.3.


@pytest.mark.parametrize("count", range(17))
def test_a_grid_shows_everybody_in_order_of_entry(count: int) -> None:
    windows = windows_of(GRID, crowd(count))

    assert who(windows) == [f"u{number}" for number in range(count)]
    assert {window.layer for window in windows} <= {0}


def test_a_grid_knows_no_biggest() -> None:
    assert who(windows_of(named(GRID, "u16"), crowd(17))) == [f"u{number}" for number in range(16)]


def test_the_last_row_of_a_grid_is_centred_when_asked() -> None:
    assert [window.x for window in windows_of(GRID, crowd(3), centre_last_row=True)] == [0, 640, 320]


# Counting: spec/03 section 2.


def test_the_first_sixteen_are_mixed() -> None:
    assert len(windows_of(FLOATING, crowd(20))) == 16
    assert who(windows_of(FLOATING, crowd(20)))[-1] == "u15"


@pytest.mark.parametrize("layout", [FLOATING, SHARING])
def test_who_is_named_is_always_among_the_sixteen(layout: Layout) -> None:
    assert who(windows_of(named(layout, "u19"), crowd(20))) == ["u19", *(f"u{number}" for number in range(15))]


def test_there_are_at_most_fifteen_small_windows_even_beside_an_empty_big_one() -> None:
    assert who(windows_of(SHARING, crowd(16))) == ["-", *(f"u{number}" for number in range(15))]


def test_one_who_sends_only_sound_counts_as_one_of_the_sixteen() -> None:
    members = [member("sound", video=False), *crowd(17)[1:]]

    assert len(windows_of(GRID, members)) == 15
    assert camera("sound") in [entry.stream for entry in mixed(GRID, members, MAIN)]


def test_one_who_sends_nothing_does_not_count() -> None:
    members = [member("idle", audio=False, video=False), *crowd(17)[1:]]

    assert len(windows_of(GRID, members)) == 16


def test_camera_and_screen_are_two_streams_in_order_of_appearance() -> None:
    members = [member(screen("a"), 3.0), member("a", 1.0), member("b", 2.0)]

    assert streams(windows_of(GRID, members)) == [camera("a"), camera("b"), screen("a")]


@pytest.mark.parametrize("layout", DYNAMIC)
def test_a_dynamic_layout_shows_the_main_room_alone(layout: Layout) -> None:
    assert streams(windows_of(layout, [member(camera("guest", OTHER)), member("host", 1.0)])) == [camera("host")]


# PureAudioHoldPlaceMode: spec/03 section 2.


def test_one_who_sends_only_sound_takes_no_window_by_default() -> None:
    members = [member("sound", video=False), *crowd(3)[1:]]

    assert who(windows_of(FLOATING, members)) == ["u1", "u2"]
    assert who(windows_of(SHARING, members)) == ["-", "u1", "u2"]
    assert who(windows_of(GRID, members)) == ["u1", "u2"]
    assert who(windows_of(named(FLOATING, "sound"), members)) == ["-", "u1", "u2"]


@pytest.mark.parametrize("mode", [LayoutMode.FLOATING, LayoutMode.GRID])
def test_one_who_sends_only_sound_takes_a_window_without_picture_when_asked(mode: LayoutMode) -> None:
    windows = windows_of(Layout(mode, hold_audio_only=True), [member("sound", video=False), *crowd(3)[1:]])

    assert who(windows) == ["sound", "u1", "u2"]
    assert [window.shows_picture for window in windows] == [False, True, True]


# Custom: spec/03 section 3.4.


def test_a_reserved_window_stays_reserved_while_its_user_is_away() -> None:
    layout = custom(slot(camera("host")), slot(), slot(camera("u1")))

    assert who(windows_of(layout, crowd(3))) == ["-", "u0", "u1"]
    assert who(windows_of(layout, [])) == ["-", "-", "-"]


def test_a_user_of_another_room_gets_the_reserved_window_and_no_other() -> None:
    guest, stranger = member(camera("guest", OTHER)), member(camera("heard", OTHER))
    layout = custom(slot(), slot(camera("guest", OTHER)), slot())

    assert who(windows_of(layout, [guest, stranger, member("host", 9.0)])) == ["host", "guest", "-"]


def test_the_same_user_id_of_another_room_is_not_meant() -> None:
    assert who(windows_of(custom(slot(camera("host"))), [member(camera("host", OTHER))])) == ["-"]


def test_who_has_a_reserved_window_takes_no_other_one() -> None:
    assert who(windows_of(custom(slot(), slot(camera("u0"))), crowd(1))) == ["-", "u0"]


def test_the_other_stream_of_one_with_a_reserved_window_may_take_an_unnamed_one() -> None:
    windows = windows_of(custom(slot(), slot(screen("a"))), [member("a"), member(screen("a"))])

    assert streams(windows) == [camera("a"), screen("a")]


def test_a_stream_that_is_named_twice_is_in_the_first_of_both_windows() -> None:
    assert who(windows_of(custom(slot(camera("u0")), slot(camera("u0"))), crowd(1))) == ["u0", "-"]


def test_unnamed_windows_are_filled_in_order_of_entry_and_the_surplus_has_none() -> None:
    assert who(windows_of(custom(slot(), slot()), list(reversed(crowd(4))))) == ["u0", "u1"]


def test_one_who_sends_only_sound_takes_an_unnamed_window() -> None:
    windows = windows_of(custom(slot(), slot()), [member("sound", video=False), member("b", 1.0)])

    assert who(windows) == ["sound", "b"]
    assert not windows[0].shows_picture


def test_users_keep_their_unnamed_windows_when_others_leave_and_come() -> None:
    layout = custom(slot(), slot(), slot())
    full = windows_of(layout, crowd(4))
    without_the_first = windows_of(layout, crowd(4)[1:], full)
    early = member("u0", since=-5.0)

    assert who(without_the_first) == ["u3", "u1", "u2"]
    assert who(windows_of(layout, [early, *crowd(4)[1:]], without_the_first)) == ["u3", "u1", "u2"]
    assert who(windows_of(layout, [early, *crowd(4)[2:]], without_the_first)) == ["u3", "u0", "u2"]


def test_users_keep_the_window_of_the_same_number_after_an_update() -> None:
    before = windows_of(custom(slot(), slot(), slot()), crowd(4)[1:], windows_of(custom(slot(), slot()), crowd(3)))
    moved = custom(slot(x=640), slot(x=960), slot(x=320))

    assert who(before) == ["u2", "u1", "u3"]
    assert who(windows_of(moved, crowd(4)[1:], before)) == ["u2", "u1", "u3"]


def test_one_who_is_named_by_an_update_leaves_the_unnamed_window() -> None:
    before = windows_of(custom(slot(), slot()), crowd(3))

    assert who(windows_of(custom(slot(), slot(), slot(camera("u0"))), crowd(3), before)) == ["u2", "u1", "u0"]


def test_one_whose_window_is_taken_away_by_an_update_goes_to_the_next_free_one() -> None:
    before = windows_of(custom(slot(), slot(), slot(camera("host"))), crowd(2))

    assert who(windows_of(custom(slot(camera("host")), slot(), slot()), crowd(2), before)) == ["-", "u1", "u0"]


def test_after_a_dynamic_layout_the_order_of_entry_decides() -> None:
    before = windows_of(named(FLOATING, "u2"), crowd(3))

    assert who(windows_of(custom(slot(), slot()), crowd(3), before)) == ["u0", "u1"]


def test_windows_are_ordered_by_layer_and_equal_ones_as_in_the_list() -> None:
    windows = windows_of(custom(slot(layer=2), slot(layer=0), slot(layer=2), slot(layer=1)), [])

    assert [window.number for window in windows] == [1, 3, 0, 2]


def test_places_and_sizes_are_rounded_down_to_even_and_may_be_beyond_the_canvas() -> None:
    (window,) = windows_of(custom(Slot(None, 101, 361, 1279, 721)), [])

    assert (window.x, window.y, window.width, window.height) == (100, 360, 1278, 720)


@pytest.mark.parametrize("size", [(0, 180), (320, 0), (1, 1)])
def test_a_window_without_area_shows_nothing_but_holds_its_user(size: tuple[int, int]) -> None:
    windows = windows_of(custom(Slot(None, 0, 0, *size), slot()), crowd(2))

    assert who(windows) == ["u0", "u1"]
    assert [window.shows_picture for window in windows] == [False, True]


def test_a_window_has_what_its_slot_says() -> None:
    crop, url = Crop(1, 2, 3, 4), ImageUrl("http://pictures.example/a.png")
    asked = Slot(None, 0, 0, 2, 2, 7, Fit.INSIDE, crop, placeholder=url, keep_sei=False)
    (window,) = windows_of(custom(asked), crowd(1))

    assert window.slot is asked
    assert (window.layer, window.fit, window.crop, window.keep_sei) == (7, Fit.INSIDE, crop, False)


@pytest.mark.parametrize(("enabled", "shown"), [(True, 0xCC0033), (False, None)])
def test_a_slots_colour_shows_beside_the_picture_where_it_is_enabled(enabled: bool, shown: int | None) -> None:
    asked = Slot(None, 0, 0, 2, 2, colour=0xCC0033, colour_beside_picture=enabled, colour_beside_placeholder=True)

    assert windows_of(custom(asked), [])[0].colour_beside == shown


# Properties.

ROOMS = st.sampled_from([MAIN, MAIN, MAIN, OTHER])
STREAMS = st.builds(
    lambda user, room, aux: (screen if aux else camera)(user, room),
    st.text("abcdefghij", min_size=1, max_size=2),
    ROOMS,
    st.booleans(),
)
MEMBERS = st.lists(
    st.builds(Member, STREAMS, st.booleans(), st.booleans(), st.integers(0, 9).map(float)),
    unique_by=lambda entry: entry.stream,
    max_size=24,
)
NUMBERS = st.integers(0, 2000)
SLOTS = st.builds(Slot, st.none() | STREAMS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 3))
LAYOUTS = st.builds(
    Layout,
    mode=st.sampled_from(LayoutMode),
    slots=st.lists(SLOTS, max_size=16).map(tuple),
    biggest=st.none() | STREAMS,
    hold_audio_only=st.booleans(),
)
EVEN = st.integers(1, 960).map(lambda half: 2 * half)


@given(LAYOUTS, MEMBERS, EVEN, EVEN)
def test_nobody_is_shown_twice_and_at_most_sixteen_windows_stand_in_order(
    layout: Layout, members: list[Member], width: int, height: int
) -> None:
    windows = arrange(layout, members, MAIN, width, height)
    shown = streams(windows)

    assert len(windows) <= 16
    assert len(shown) == len(set(shown))
    assert {window.member for window in windows if window.member} <= set(members)
    assert [(window.layer, window.number) for window in windows] == sorted((w.layer, w.number) for w in windows)
    assert not any(number % 2 for w in windows for number in (w.x, w.y, w.width, w.height))
    if layout.mode is not LayoutMode.CUSTOM:
        assert all(w.x + w.width <= width and w.y + w.height <= height for w in windows)


@given(LAYOUTS, MEMBERS)
def test_the_order_in_which_members_are_told_does_not_matter(layout: Layout, members: list[Member]) -> None:
    assert windows_of(layout, members) == windows_of(layout, list(reversed(members)))


@given(st.lists(SLOTS, max_size=16).map(tuple), st.lists(MEMBERS, min_size=2, max_size=6))
def test_in_the_custom_layout_nobody_who_stays_is_moved(slots: tuple[Slot, ...], crowds: list[list[Member]]) -> None:
    windows: tuple[Window, ...] = ()
    for members in crowds:
        present = {entry.stream for entry in members}
        staying = {w.number: w.member.stream for w in windows if w.member and w.member.stream in present}
        windows = windows_of(custom(*slots), members, windows)
        now = {w.number: w.member.stream for w in windows if w.member}

        assert staying.items() <= now.items()


@given(st.lists(SLOTS, max_size=16).map(tuple), MEMBERS)
def test_no_unnamed_window_is_empty_while_somebody_of_the_main_room_has_none(
    slots: tuple[Slot, ...], members: list[Member]
) -> None:
    windows = windows_of(custom(*slots), members)
    named_streams = {entry.who for entry in slots}
    without = {m.stream for m in members if m.stream.room == MAIN} - set(streams(windows)) - named_streams

    assert not without or all(w.member for w in windows if w.slot and w.slot.who is None)
