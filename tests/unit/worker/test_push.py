"""Push: one destination against a CDN that misbehaves, on real sockets."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tailrace.clock import SystemClock
from tailrace.model.backoff import Backoff
from tailrace.model.destination import Patience
from tailrace.model.destination_fault import Fault
from tailrace.model.destination_flow import SILENT_AFTER
from tailrace.model.task import DestinationReport
from tailrace.model.task import DestinationStatus as Status
from tailrace.net.guard import Guard
from tailrace.worker.push import Ending
from tests.fakes.cdn import FakeCdn
from tests.fakes.certificates import Certificate, openssl_missing
from tests.fakes.clock import ManualClock
from tests.harness.pushing import FRAME_MS, GROUP, Output, Scene, play

CONNECTING, RUNNING, RECOVERING = Status.CONNECTING, Status.RUNNING, Status.RECOVERING
FAILURE, DISCONNECTING, IDLE = Status.FAILURE, Status.DISCONNECTING, Status.IDLE
# Of bytes: so that a CDN that does not read is full soon.
SMALL = 65536
LARGE_PICTURE = 20_000


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(test())


def test_a_start_and_a_stop_are_told_in_order_and_all_arrives() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                assert scene.report.attempt == 1
            assert scene.statuses == [CONNECTING, RUNNING, DISCONNECTING, IDLE]
            (stream,) = cdn.streams
            assert stream.events[-3:] == ["FCUnpublish", "deleteStream", "closed"]
            assert [at for at, _ in stream.video[1:]] == list(range(0, output.time_ms, FRAME_MS))
            assert (scene.report.dropped_frames, scene.report.error_code) == (0, 0)

    run(test)


@pytest.mark.parametrize(
    ("misbehave", "fault", "words"),
    [
        (lambda cdn: cdn.refuse(), Fault.NAME_REFUSED, "BadName: refused by the fake"),
        (lambda cdn: cdn.refuse("NetStream.Publish.Denied"), Fault.KEY_REFUSED, "Denied: refused by the fake"),
        (lambda cdn: cdn.refuse_apps(), Fault.APP_REFUSED, "NetConnection.Connect.Rejected"),
    ],
)
def test_a_refusal_is_told_apart_and_tried_again(
    misbehave: Callable[[FakeCdn], None], fault: Fault, words: str
) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            misbehave(cdn)
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                output.make(1)
                await scene.until(lambda: scene.report.attempt >= 3)
                report = scene.report
                cdn.refuse(None)
                cdn.refuse_apps(False)
                await play(output, lambda: RUNNING in scene.statuses)
            assert report.error_code == fault
            assert words in report.reason
            assert "key" not in report.reason.partition(": ")[2]
            assert scene.statuses[:2] == [CONNECTING, RUNNING]
            assert scene.told[1][0].error_code == 0

    run(test)


def test_what_never_connects_is_told_again_and_again_then_fails_and_is_not_tried_any_more() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            cdn.refuse()
            output = Output()
            patience = Patience(window=1.0, repeat=0.1, retry=Backoff(0.01, 0.05))
            scene = Scene(cdn.url("key"), output, patience=patience, clock=SystemClock())
            async with scene.running() as running:
                output.make(1)
                await scene.until_told(FAILURE, IDLE)
                async with asyncio.timeout(5):
                    await running  # nothing is tried any more
                output.make(GROUP)
                assert scene.report.status is FAILURE

            *trying, failure, idle = scene.told
            assert [event.status for event, _ in trying] == [CONNECTING] * len(trying)
            assert [event.repeated for event, _ in trying] == [False] + [True] * (len(trying) - 1)
            assert 2 <= len(trying) <= 10
            for event, said in (failure, idle):
                assert (event.error_code, "BadName" in said) == (Fault.NAME_REFUSED, True)
            assert (scene.report.error_code, scene.report.retry_at) == (Fault.NAME_REFUSED, 0.0)

    run(test)


async def find_out(scene: Scene, clock: ManualClock, output: Output) -> None:
    """Let time pass until the push has found out that nothing is taken."""

    def later() -> bool:
        clock.pass_time(0.02)
        return scene.report.error_code == Fault.NOT_TAKING

    await play(output, later)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_cdn_that_stops_reading_is_found_out_and_the_stream_goes_on_when_it_reads_again(
    encrypted: bool, tmp_path: Path
) -> None:
    if encrypted and (why := openssl_missing()):
        pytest.skip(why)
    certificate = Certificate(tmp_path / "tls") if encrypted else None

    async def test() -> None:
        async with FakeCdn(tls=certificate.server if certificate else None, receive_buffer=SMALL) as cdn:
            output, clock = Output(LARGE_PICTURE), ManualClock()
            scene = Scene(cdn.url("key"), output, clock=clock, tls=certificate.trusting() if certificate else None)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                cdn.stall()
                began = clock.now
                await find_out(scene, clock, output)
                took = clock.now - began
                assert scene.statuses == [CONNECTING, RUNNING, RECOVERING]
                assert "not a byte within 7 s" in scene.told[-1][1]
                cdn.stall(False)
                await play(output, lambda: scene.statuses[-1] is RUNNING)
            # The clock of this test runs faster than the push looks; at most one look late.
            assert took >= SILENT_AFTER

    run(test)


def test_a_cdn_that_accepts_and_then_reads_nothing_is_never_running() -> None:
    async def test() -> None:
        async with FakeCdn(receive_buffer=SMALL) as cdn:
            cdn.deaf_after_accept()
            # More than both kernels take, in the first group of pictures.
            output, clock = Output(10 * LARGE_PICTURE), ManualClock()
            output.make(GROUP)
            scene = Scene(cdn.url("key"), output, clock=clock)
            async with scene.running():
                scene.push.need()
                await find_out(scene, clock, output)
                assert scene.statuses == [CONNECTING]
            assert scene.statuses == [CONNECTING, DISCONNECTING, IDLE]

    run(test)


def test_a_slow_reader_is_not_lost() -> None:
    async def test() -> None:
        async with FakeCdn(receive_buffer=SMALL) as cdn:
            output, clock = Output(LARGE_PICTURE), ManualClock()
            scene = Scene(cdn.url("key"), output, clock=clock)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                cdn.slow(2_500_000)
                (stream,) = cdn.streams
                began, arrived = clock.now, 0

                def long_after() -> bool:
                    nonlocal arrived
                    if len(stream.video) + len(stream.audio) > arrived:
                        arrived = len(stream.video) + len(stream.audio)
                        clock.pass_time(SILENT_AFTER / 8)
                    return clock.now > began + 5 * SILENT_AFTER and scene.report.dropped_frames > 0

                await play(output, long_after)
                assert scene.statuses == [CONNECTING, RUNNING]
                assert scene.report.dropped_frames > 0

    run(test)


def test_a_cdn_that_resets_connections_gets_each_time_set_up_and_a_key_frame_at_a_later_time() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            cdn.reset_each_after(0.05)
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: scene.statuses.count(RUNNING) >= 4)
            assert scene.statuses[:7] == [CONNECTING, RUNNING, *[RECOVERING, RUNNING] * 2, RECOVERING]
            assert Fault.LOST in {event.error_code for event, _ in scene.told}
            times = [at for stream in cdn.streams for at, body in stream.video if body[1]]
            assert times == sorted(set(times))
            for stream in filter(lambda stream: stream.video, cdn.streams):
                assert [body[:2] for _, body in stream.video[:2]] == [b"\x17\x00", b"\x17\x01"]
            assert scene.report.connects == len(cdn.streams)
            assert scene.report.dropped_frames > 0

    run(test)


def test_a_cdn_that_ends_its_half_is_dialled_anew() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                cdn.half_close()
                await play(output, lambda: scene.statuses[-1] is RUNNING and len(cdn.streams) == 2)
            assert scene.statuses[:4] == [CONNECTING, RUNNING, RECOVERING, RUNNING]
            assert scene.told[2][0].error_code == Fault.LOST

    run(test)


class Names(Guard):
    """A guard whose DNS has one answer, which changes."""

    def __init__(self, answer: str) -> None:
        super().__init__(["127.0.0.0/8"])
        self.answer = answer

    async def resolve(self, host: str, port: int, timeout: float = 5.0) -> tuple[str, ...]:
        """Return the answer of now."""
        return await super().resolve(self.answer, port, timeout)


def test_a_cdn_that_has_moved_is_found_at_its_new_address() -> None:
    async def test() -> None:
        names = Names("127.0.0.1")
        async with FakeCdn() as old, FakeCdn(old.port, host="127.0.0.2") as new:
            output = Output()
            scene = Scene(f"rtmp://cdn.example.com:{old.port}/live/key", output, guard=names)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                names.answer = "127.0.0.2"
                old.reset()
                await play(output, lambda: scene.statuses[-1] is RUNNING and new.streams)
            assert (len(old.streams), len(new.streams)) == (1, 1)

    run(test)


def test_an_address_that_becomes_forbidden_is_not_dialled() -> None:
    async def test() -> None:
        names = Names("169.254.169.254")
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(f"rtmp://cdn.example.com:{cdn.port}/live/key", output, guard=names)
            async with scene.running():
                output.make(1)
                await scene.until(lambda: scene.report.attempt > 1)
                assert scene.report.error_code == Fault.ADDRESS_FORBIDDEN
            assert cdn.streams == []

    run(test)


@pytest.mark.skipif(bool(openssl_missing()), reason=openssl_missing())
def test_an_expired_certificate_is_told_as_such(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path / "tls", expired=True)

    async def test() -> None:
        async with FakeCdn(tls=certificate.server) as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output, tls=certificate.trusting())
            async with scene.running():
                output.make(1)
                await scene.until(lambda: scene.report.attempt > 1)
                assert scene.report.error_code == Fault.UNTRUSTED
                assert "expired" in scene.report.reason

    run(test)


@pytest.mark.parametrize("status", [RUNNING, RECOVERING])
def test_a_child_that_takes_over_recovers_what_was_running(status: Status) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            scene.push.go_on_from(DestinationReport(3, status, sent_bytes=7_000_000, dropped_frames=5, connects=2))
            async with scene.running():
                await scene.until_told(RECOVERING)
                await play(output, lambda: RUNNING in scene.statuses)
            assert scene.statuses == [RECOVERING, RUNNING, DISCONNECTING, IDLE]
            assert scene.told[0][0].repeated == (status is RECOVERING)
            report = scene.report
            assert (report.connects, report.dropped_frames, report.sent_bytes > 7_000_000) == (3, 5, True)

    run(test)


def test_a_child_that_takes_over_leaves_alone_what_has_failed() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            failed = DestinationReport(3, FAILURE, 5.0, "refused", error_code=Fault.KEY_REFUSED, attempt=17)
            scene.push.go_on_from(failed)
            async with scene.running():
                output.make(GROUP)
            assert (scene.told, cdn.streams) == ([], [])
            assert scene.report == failed

    run(test)


def test_a_push_that_moves_to_another_child_is_ended_at_the_cdn_and_recovering_for_callers() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                scene.push.end_as(Ending("another worker goes on", moves=True))
            assert scene.statuses == [CONNECTING, RUNNING, RECOVERING]
            assert scene.told[-1][1] == "another worker goes on"
            assert scene.report.status is RECOVERING
            assert cdn.streams[0].events[-3:] == ["FCUnpublish", "deleteStream", "closed"]

    run(test)


def test_an_end_for_a_reason_is_told_with_it() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                scene.push.end_as(Ending("robot kicked", Fault.TASK_ENDED))
            assert [(event.status, event.error_code, said) for event, said in scene.told[2:]] == [
                (status, Fault.TASK_ENDED, "robot kicked") for status in (DISCONNECTING, IDLE)
            ]

    run(test)


def test_while_one_destination_stalls_the_others_lose_nothing() -> None:
    async def test() -> None:
        async with FakeCdn(receive_buffer=SMALL) as stuck, FakeCdn() as cdn:
            output = Output(LARGE_PICTURE)
            bad = Scene(stuck.url("key"), output)
            good = [Scene(cdn.url(f"good-{number}"), output) for number in range(3)]
            async with bad.running(), good[0].running(), good[1].running(), good[2].running():
                await play(output, lambda: all(RUNNING in scene.statuses for scene in [bad, *good]))
                stuck.stall()
                await play(output, lambda: bad.report.dropped_frames > GROUP)
                # The end of a push to one that stalls waits a second.
            for stream in cdn.streams:
                assert [at for at, _ in stream.video[1:]] == list(range(0, output.time_ms, FRAME_MS))
            assert [scene.report.dropped_frames for scene in good] == [0, 0, 0]

    run(test)
