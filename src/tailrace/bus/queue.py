"""Queue: the work queue of live tasks. A task's unacknowledged message is the lease of the worker that runs it.

A lease is a strong hint and no proof. nats-server writes down who holds what up to 50 ms late and in whole seconds
(both measured), so that a task may be handed out twice when it crashes at that moment, or when `ack_wait` is below 3 s
and it is restarted. The epoch in the task's record decides who runs it.
"""

import asyncio
import json
import logging

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tailrace.bus.connection import STORE_TIMEOUT, Bus, asking
from tailrace.bus.subjects import QUEUE, WORKERS, from_queued, queued
from tailrace.errors import BusError
from tailrace.ids import SdkAppId, TaskId

_log = logging.getLogger(__name__)

# A request to be given work is lost when nats-server restarts: it is made again this often at least.
POLL = 2.0
# How much later than the server we give up waiting: its word that there was nothing comes first.
GRACE = 0.5
# One message is asked for at a time; a few more are late answers.
MAX_ARRIVALS = 100
_NEXT = f"$JS.API.CONSUMER.MSG.NEXT.{QUEUE}.{WORKERS}"
# JSStreamStoreFailedF: the subject holds its one message already.
_FULL = 10077


class Lease:
    """A task that this worker holds. It is taken for dead, and the task handed on, `ack_wait` after the last `keep`."""

    def __init__(self, bus: Bus, message: Msg) -> None:
        self._bus = bus
        self._message = message
        self.app, self.task_id = from_queued(message.subject)
        self.deliveries: int = message.metadata.num_delivered
        """How often the task was handed to a worker, this time included."""

    async def keep(self) -> None:
        """Say that the task is alive; call it at a third of `ack_wait`."""
        await self._answer(b"+WPI")

    async def done(self) -> None:
        """Remove the task from the queue, and wait until that is stored. Harmless when it was withdrawn already."""
        with asking("end a lease"):
            await self._message.ack_sync(timeout=round(STORE_TIMEOUT))

    async def give_back(self, delay: float = 0.0) -> None:
        """Let another worker have the task, `delay` seconds from now at the earliest."""
        await self._answer(b"-NAK " + json.dumps({"delay": round(delay * 1e9)}).encode() if delay > 0 else b"-NAK")

    async def _answer(self, word: bytes) -> None:
        await self._bus.publish(self._message.reply, word)


class Queue:
    """Access to the queue. `pull` is for one caller at a time."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._box: str = bus.nc.new_inbox()
        self._inbox: Subscription | None = None
        self._waiting: asyncio.Future[Msg] | None = None

    async def put(self, app: SdkAppId, task_id: TaskId) -> bool:
        """Queue a task and wait until that is stored. False, and nothing changes, when it waits or is held already."""
        answer = await self._bus.request(queued(app, task_id), b"", STORE_TIMEOUT)
        if answer is None:
            raise BusError("the queue does not answer")
        error = json.loads(answer.data).get("error")
        if error and error.get("err_code") != _FULL:
            raise BusError(f"queue: {error.get('description')}")
        return not error

    async def pull(self, timeout: float) -> Lease | None:
        """Return the next task as soon as there is one, None after `timeout` seconds without."""
        if self._inbox is None:
            self._inbox = await self._bus.subscribe(
                self._box, self._arrived, on_drop=_dropped, max_messages=MAX_ARRIVALS
            )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while (left := deadline - loop.time()) > 0:
            if (message := await self._ask(min(left, POLL))) is not None:
                return Lease(self._bus, message)
        return None

    async def withdraw(self, app: SdkAppId, task_id: TaskId) -> None:
        """Remove a task from the queue, whoever holds it; harmless when it is not there."""
        with asking("withdraw a task"):
            await self._bus.js.purge_stream(QUEUE, subject=queued(app, task_id))

    async def close(self) -> None:
        """Take no more work. What arrives all the same is handed on by the server after its `ack_wait`."""
        if self._inbox is not None:
            await self._bus.unsubscribe(self._inbox)
            self._inbox = None

    async def _ask(self, wait: float) -> Msg | None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(wait + GRACE):
                ask = {"batch": 1, "expires": round(wait * 1e9)}
                await self._bus.publish(_NEXT, json.dumps(ask).encode(), reply=self._box)
                await waiting
        except TimeoutError:
            if waiting.cancelled() or not waiting.done():
                return None  # otherwise it arrived in the very moment in which time was up
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                await self._refuse(waiting.result())
            raise
        finally:
            self._waiting = None
        message = waiting.result()
        return None if _is_status(message) else message

    async def _arrived(self, message: Msg) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(message)
        else:
            await self._refuse(message)

    async def _refuse(self, message: Msg) -> None:
        """Nobody waits any more, the pull was cancelled: another worker shall have the task at once."""
        if not _is_status(message):
            await self._bus.publish(message.reply, b"-NAK")


def _is_status(message: Msg) -> bool:
    """Whether it is the server's word that there is no task, and not a task."""
    return bool(message.headers and "Status" in message.headers)


def _dropped() -> None:
    _log.error("a task was dropped on arrival; it is handed on after its ack wait")
