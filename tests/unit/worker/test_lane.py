"""Lane: a task changes its feed without a gap, and without a picture whose reference is missing."""

from tailrace.ids import Kind
from tailrace.model.plan import AudioEncoding
from tailrace.worker.lane import Junction, Lane
from tailrace.worker.reel import Message, Reel

CONFIG_A, CONFIG_B, SOUND = b"config a", b"config b", b"sound"


class Output:
    """A junction and what came out of it."""

    def __init__(self, *, video: bool = True) -> None:
        self.messages: list[Message] = []
        self.began: list[int] = []
        self.shown: list[int] = []
        self.reel = Reel(AudioEncoding(), video, self.messages.append)
        self.junction = Junction(self.reel, video, self.began.append, self.shown.append)

    def lane(self) -> Lane:
        return self.junction.lane()

    @property
    def frames(self) -> list[tuple[Kind, int, bytes]]:
        return [(message.kind, message.timestamp_ms, message.body[-1:]) for message in self.messages if message.frame]

    @property
    def times(self) -> list[int]:
        return [message.timestamp_ms for message in self.messages if message.kind is Kind.VIDEO and message.frame]


def test_the_first_lane_is_open_from_the_start() -> None:
    output = Output()

    output.lane().sound(0, b"x")

    assert output.frames == [(Kind.AUDIO, 0, b"x")]


def test_a_revision_is_shown_once_there_is_something_to_show() -> None:
    output = Output()
    lane = output.lane()

    lane.shows(0)
    assert output.shown == []
    lane.picture(0, 0, True, b"a")
    lane.picture(40, 0, False, b"a")
    lane.shows(1)

    assert output.shown == [0, 1]


def test_the_old_feed_goes_on_until_the_new_one_has_a_key_frame() -> None:
    output = Output()
    old = output.lane()
    old.picture(0, 0, True, b"a")
    new = output.lane()

    new.picture(30, 0, False, b"n")
    new.sound(31, b"n")
    old.picture(40, 0, False, b"a")
    new.picture(60, 0, True, b"N")
    old.picture(80, 0, False, b"a")
    new.picture(90, 0, False, b"n")

    assert [body for _, _, body in output.frames] == [b"a", b"a", b"N", b"n"]
    assert new.opened.is_set()


def test_the_time_goes_on_when_the_new_feed_is_behind_the_old_one() -> None:
    output = Output()
    old = output.lane()
    old.picture(1000, 0, True, b"a")
    new = output.lane()
    new.began(700_000)

    new.picture(700, 0, True, b"b")
    new.picture(740, 0, False, b"b")

    assert output.times == [1000, 1001, 1041]
    assert output.began == [1_001_000]


def test_what_a_feed_said_before_its_lane_opened_counts_from_then_on() -> None:
    output = Output()
    old = output.lane()
    old.shows(0)
    old.video_config(0, CONFIG_A)
    old.picture(0, 0, True, b"a")
    new = output.lane()

    new.video_config(40, CONFIG_B)
    new.shows(1)
    assert output.shown == [0]
    new.picture(40, 0, True, b"b")

    assert output.shown == [0, 1]
    bodies = [message.body for message in output.messages]
    assert [CONFIG_B in body for body in bodies] == [False, False, True, False]


def test_an_output_of_sound_alone_changes_with_the_first_sound() -> None:
    output = Output(video=False)
    old = output.lane()
    old.sound(0, b"a")
    new = output.lane()

    new.sound(20, b"b")
    old.sound(40, b"a")

    assert [body for _, _, body in output.frames] == [b"a", b"b"]


def test_a_feed_that_was_overtaken_by_a_later_one_never_comes_through_and_keeps_nobody_waiting() -> None:
    output = Output()
    output.lane()
    second, third = output.lane(), output.lane()
    assert not second.opened.is_set()

    third.picture(0, 0, True, b"c")
    second.picture(10, 0, True, b"b")

    assert [body for _, _, body in output.frames] == [b"c"]
    # Otherwise the feed before it, which goes on until then, would run for ever, unseen.
    assert second.opened.is_set()
