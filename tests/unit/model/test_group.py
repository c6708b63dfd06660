"""Group: what a late subscriber is given."""

from tailrace.model.group import Group
from tailrace.unit import Codec, Unit


def video(sequence: int, key: bool = False, size: int = 10) -> Unit:
    return Unit(Codec.H264, 1, sequence, sequence, sequence, key, b"cfg" if key else b"", bytes(size))


def audio(sequence: int) -> Unit:
    return Unit(Codec.AAC, 1, sequence, sequence, sequence, True, b"asc", b"aac")


def add(group: Group[Unit], unit: Unit) -> None:
    group.add(unit, len(unit.payload), video=unit.codec.is_video, key=unit.key)


def given(*units: Unit, **bounds: int) -> list[Unit]:
    group = Group[Unit](**bounds)
    for unit in units:
        add(group, unit)
    return list(group.items)


def test_it_holds_both_tracks_from_the_last_key_frame_on_in_order() -> None:
    units = [video(0, key=True), video(1), video(2, key=True), audio(0), video(3), audio(1)]

    assert given(*units) == units[2:]


def test_pictures_before_the_first_key_frame_are_not_held() -> None:
    assert given(video(0), video(1)) == []


def test_without_pictures_it_holds_the_latest_sound() -> None:
    assert given(audio(0), audio(1), audio(2)) == [audio(2)]


def test_sound_before_the_key_frame_is_not_held_any_more() -> None:
    assert given(audio(0), video(0, key=True)) == [video(0, key=True)]


def test_a_group_of_too_many_units_is_forgotten_until_the_next_key_frame() -> None:
    long = [video(0, key=True), video(1), video(2), video(3)]

    assert given(*long, max_items=3) == []
    assert given(*long, video(4), max_items=3) == []
    assert given(*long, video(4), video(5, key=True), max_items=3) == [video(5, key=True)]


def test_a_group_of_too_many_bytes_is_forgotten() -> None:
    assert given(video(0, key=True, size=60), video(1, size=60), max_bytes=100) == []


def test_what_was_given_out_does_not_grow() -> None:
    group = Group[Unit]()
    add(group, video(0, key=True))
    units = group.items

    add(group, video(1))

    assert len(units) == 1


def test_a_group_is_open_from_its_key_frame_on_until_it_is_forgotten() -> None:
    group = Group[Unit](max_items=2)

    seen = []
    for unit in (audio(0), video(0, key=True), video(1), video(2)):
        add(group, unit)
        seen.append(group.open)

    assert seen == [False, True, True, False]
