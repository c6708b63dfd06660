"""Timeline: output times begin near 0, never go back and never jump."""

from hypothesis import given
from hypothesis import strategies as st

from tailrace.ids import Kind
from tailrace.model.timeline import LARGEST_STEP_US, STEP_AFTER_BREAK_US, Timeline

MS = 1000


def place(timeline: Timeline, kind: Kind, dts_us: int, session: int = 1) -> int | None:
    placed = timeline.place(kind, session, dts_us, dts_us)
    return placed.dts_us if placed else None


def test_the_first_unit_is_at_zero_whatever_the_publishers_clock_says() -> None:
    timeline = Timeline()

    assert place(timeline, Kind.VIDEO, 987_654 * MS) == 0
    assert place(timeline, Kind.VIDEO, 987_694 * MS) == 40 * MS


def test_sound_and_picture_keep_their_distance() -> None:
    timeline = Timeline()

    assert place(timeline, Kind.VIDEO, 1000 * MS) == 0
    assert place(timeline, Kind.AUDIO, 1013 * MS) == 13 * MS


def test_sound_from_before_the_first_picture_is_left_out() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 1000 * MS)

    assert place(timeline, Kind.AUDIO, 990 * MS) is None


def test_a_picture_from_before_the_first_sound_is_kept() -> None:
    timeline = Timeline()
    place(timeline, Kind.AUDIO, 1000 * MS)

    assert place(timeline, Kind.VIDEO, 990 * MS) == 0


def test_a_publisher_who_returns_goes_on_one_frame_later() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0)
    place(timeline, Kind.VIDEO, 40 * MS)

    assert place(timeline, Kind.VIDEO, 5_000_000 * MS, session=2) == 40 * MS + STEP_AFTER_BREAK_US


def test_a_publishers_clock_that_jumps_does_not_move_the_output() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 10_000 * MS)

    assert place(timeline, Kind.VIDEO, 500 * MS) == STEP_AFTER_BREAK_US


def test_one_track_may_pause_while_the_other_goes_on() -> None:
    timeline = Timeline()
    for second in range(10):
        place(timeline, Kind.VIDEO, second * 1_000_000)

    assert place(timeline, Kind.AUDIO, 9_020_000) == 9_020_000


def test_a_replaced_session_is_left_out() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0, session=2)

    assert place(timeline, Kind.VIDEO, 40 * MS, session=1) is None


def test_a_task_that_is_taken_over_goes_on_where_it_was() -> None:
    timeline = Timeline(start_us=60_000_000)

    assert place(timeline, Kind.VIDEO, 0) == 60_000_000


def test_the_composition_time_is_kept() -> None:
    placed = Timeline().place(Kind.VIDEO, 1, 1000 * MS, 1080 * MS)

    assert placed is not None
    assert (placed.dts_us, placed.pts_us) == (0, 80 * MS)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(1, 3), st.integers(-(2**40), 2**40)), max_size=50))
def test_no_track_ever_goes_back_or_jumps(units: list[tuple[Kind, int, int]]) -> None:
    timeline, last = Timeline(), dict[Kind, int]()
    end = 0
    for kind, session, dts in units:
        placed = timeline.place(kind, session, dts, dts)
        if placed is None:
            continue
        assert placed.dts_us > last.get(kind, -1)
        assert placed.dts_us <= end + 2 * LARGEST_STEP_US
        last[kind] = placed.dts_us
        end = max(end, placed.dts_us)


def test_what_fills_a_gap_takes_its_time() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0)
    timeline.fill(Kind.VIDEO, 5000 * MS)

    assert timeline.last_us(Kind.VIDEO) == 5000 * MS
    assert timeline.end_us == 5000 * MS
    assert place(timeline, Kind.VIDEO, 40 * MS) == 5001 * MS


def test_a_session_that_is_anchored_goes_on_there_however_long_it_was_away() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0)
    timeline.fill(Kind.VIDEO, 60_000 * MS)

    assert timeline.expected(1, 60_040 * MS) == 60_040 * MS
    assert not timeline.anchor(1, 60_040 * MS, 60_040 * MS)
    assert place(timeline, Kind.VIDEO, 60_040 * MS) == 60_040 * MS


def test_a_group_of_pictures_from_before_the_return_takes_no_time() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0)
    timeline.fill(Kind.VIDEO, 60_000 * MS)

    assert timeline.anchor(2, 2_000 * MS, 60_100 * MS)
    key, second, live, later = (place(timeline, Kind.VIDEO, at * MS, 2) for at in (0, 40, 2_000, 2_040))

    assert (key, second) == (60_001 * MS, 60_002 * MS)
    assert (live, later) == (60_100 * MS, 60_140 * MS)


def test_nothing_is_known_of_another_session() -> None:
    timeline = Timeline()
    place(timeline, Kind.VIDEO, 0, session=2)

    assert timeline.expected(3, 40 * MS) is None
    assert timeline.is_over(1)
    assert not timeline.is_over(2)
