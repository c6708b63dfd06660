"""Line: what a connection gets that cannot keep up, and what is counted."""

import itertools

import uvloop

from tailrace.ids import Kind
from tailrace.model.destination_fault import Fault
from tailrace.model.task import DestinationStatus as Status
from tailrace.worker.push_line import Tally
from tailrace.worker.reel import Message
from tests.fakes.cdn import FakeCdn
from tests.harness.pushing import FRAME_MS, GROUP, Output, Scene, play

# Of bytes: so that a CDN that does not read is full soon.
SMALL = 65536
SECOND = 1000 // FRAME_MS


def test_who_is_too_slow_misses_pictures_up_to_a_key_frame_and_no_sound() -> None:
    async def test() -> None:
        async with FakeCdn(receive_buffer=SMALL) as cdn:
            output = Output(20_000)
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: Status.RUNNING in scene.statuses)
                (stream,) = cdn.streams
                cdn.stall()
                await play(output, lambda: scene.report.dropped_frames)
                output.make(3 * SECOND)
                behind = scene.report
                cdn.stall(False)
                await cdn.wait_for(lambda: len(stream.audio) == output.time_ms // FRAME_MS)
                # Now it is empty; what comes next is left out up to the next key frame.
                await play(output, lambda: not scene.report.error_code)
                output.make(GROUP)
            report = scene.report
            assert (behind.status, behind.error_code) == (Status.RUNNING, Fault.TOO_SLOW)
            assert behind.dropped_frames == 3 * SECOND + 1
            assert [at for at, _ in stream.audio] == list(range(0, output.time_ms, FRAME_MS))
            times = [at for at, body in stream.video if body[1]]
            (gap,) = [at for at, after in itertools.pairwise(times) if after != at + FRAME_MS]
            again = times[times.index(gap) + 1]
            assert {at: body[0] for at, body in stream.video[1:]}[again] == 0x17
            assert again % (GROUP * FRAME_MS) == 0
            assert report.dropped_frames == (again - gap) // FRAME_MS - 1
            assert report.dropped_seconds == (again - gap - FRAME_MS) / 1000
            assert report.dropped_frames + report.video_frames == output.time_ms // FRAME_MS

    uvloop.run(test())


def message(at_ms: int, frame: bool = True) -> Message:
    return Message(Kind.VIDEO, at_ms, b"", starts=False, frame=frame)


def test_before_the_first_connection_there_is_nothing_to_miss() -> None:
    tally = Tally()
    tally.absent(message(0))
    tally.back(0, 1)

    assert (tally.missed.frames, tally.missed.seconds) == (0, 0.0)


def test_what_came_without_a_connection_is_missed_but_for_what_the_next_one_begins_with() -> None:
    tally = Tally(last_ms=1000)
    for at_ms in range(1040, 3040, FRAME_MS):
        tally.absent(message(at_ms))
    tally.absent(message(3040, frame=False))

    tally.back(2000, 26)
    tally.back(2000, 0)

    assert (tally.missed.frames, tally.missed.seconds) == (24, 1.0)
