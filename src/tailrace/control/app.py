"""The control process: the Cloud API over HTTP, in front of what the bus stores."""

import asyncio
import functools
import os

from starlette.routing import BaseRoute

from tailrace.bus import calls
from tailrace.bus.connection import Bus, connect
from tailrace.bus.crew import Crew
from tailrace.bus.deliveries import Deliveries
from tailrace.bus.events import Events
from tailrace.bus.history import History
from tailrace.bus.journal import Journal
from tailrace.bus.mirror import Mirror
from tailrace.bus.queue import Queue
from tailrace.bus.replays import Replays
from tailrace.bus.tasks import Tasks as Records
from tailrace.clock import Clock, SystemClock
from tailrace.config import Config
from tailrace.control.action import Service
from tailrace.control.actions import ACTIONS
from tailrace.control.admission import Admission
from tailrace.control.callbacks.dispatcher import Dispatcher
from tailrace.control.caller import Callers
from tailrace.control.console.desk import Desk
from tailrace.control.console.door import Door
from tailrace.control.console.live import Live
from tailrace.control.console.media import MediaAddress
from tailrace.control.console.routes import Pages, routes
from tailrace.control.console.site import Site
from tailrace.control.edge import Api
from tailrace.control.janitor import look_after
from tailrace.control.metrics import Metrics
from tailrace.control.readiness import Readiness
from tailrace.control.registrar import Registrar
from tailrace.control.story import Story
from tailrace.control.tasks import Tasks
from tailrace.control.web import paths
from tailrace.errors import ConfigError
from tailrace.ids import SdkAppId
from tailrace.net.guard import Guard
from tailrace.net.http_server import address_of, bind, serving
from tailrace.secret import Secret
from tailrace.supervise import Ready, run_until_stopped, start, stop

# Running calls wait for a bus that does not answer at most. One that waits longer, for a disk, is cut off: the janitor
# finishes what it has stored. A supervisor gives a role longer than this to end.
STOP_DEADLINE = 4.0
# Connections beyond this are answered with 503: a thousand callers at once are a flood, not a fleet.
MAX_CONNECTIONS = 1000
# The largest request, 10 MB, takes 16 s over a line of 5 Mbit/s.
REQUEST_TIMEOUT = 30.0
# A thousand starts a second, for the ten seconds that a disk may stall; 10 MB.
MOST_EVENTS = 10_000


def main(config: Config, bus_url: Secret, ready: Ready, lifeline: int | None = None) -> None:
    """Serve until stopped. Raises ConfigError when the address is taken, BusError when there is no bus at the start."""
    run_until_stopped(lambda stopped: serve(config, bus_url, ready, stopped, SystemClock()), lifeline)


async def serve(config: Config, bus_url: Secret, ready: Ready, stopped: asyncio.Event, clock: Clock) -> None:
    """Serve until `stopped` is set; call `ready` with the address once calls are answered."""
    try:
        bound = bind(config.listen.host, config.listen.http)
    except OSError as error:
        raise ConfigError(
            f"listen.http: cannot listen on {config.listen.host}:{config.listen.http} ({error.strerror}); "
            "end the program that uses it, or choose another port, 0 for any"
        ) from error
    with bound:
        bus = await connect(bus_url, "control")
        try:
            await bus.prepare(presence_ttl=config.rooms.lost_after, ack_wait=config.worker.ack_wait)
            guard = Guard(config.destinations.allow_private)
            dispatcher = Dispatcher(config, bus, guard, clock)
            await dispatcher.open()
            mirror = Mirror(bus)
            journal = Journal(Events(bus), MOST_EVENTS)
            async with journal.writing(), asyncio.TaskGroup() as group:
                following = start(group, mirror.run(), "mirror of the task records")
                await mirror.ready()
                crew = Crew(bus, clock)
                hearing = start(group, crew.run(), "the workers' room")
                tasks = _tasks(config, bus, mirror, crew, Story(journal), clock)
                janitor = start(group, look_after(tasks), "janitor")
                registrar = start(group, Registrar(bus, config.rooms.lost_after, clock).run(), "registrar")
                metrics = Metrics(lambda: (stored.record for stored in mirror.list()), crew.heard)
                sending = start(group, dispatcher.run(metrics.called_back), "callbacks")
                service = Service(config, tasks, guard, clock, History(bus), Deliveries(bus), Replays(bus))
                api = Api(service, ACTIONS, metrics, clock, os.urandom)
                live = Live(bus, mirror, service)
                watching = start(group, live.run(), "what browsers follow")
                console = _console(service, api, bus, live) if config.console.enabled else []
                server = serving(
                    paths(api, Readiness(bus, clock).look, metrics, console),
                    bound,
                    deadline=STOP_DEADLINE,
                    max_connections=MAX_CONNECTIONS,
                    request_timeout=REQUEST_TIMEOUT,
                )
                async with server:
                    ready({"http": f"http://{address_of(bound)}"})
                    await stopped.wait()
                    live.close()
                for side_task in (watching, sending, registrar, janitor, hearing, following):
                    await stop(side_task)
        finally:
            await bus.close()


def _console(service: Service, api: Api, bus: Bus, live: Live) -> list[BaseRoute]:
    config, clock = service.config, service.clock
    site = Site(config.console.url)
    door = Door(Callers(config), site, clock)
    media = MediaAddress(bus, config.console.media_url, clock)
    return routes(Pages(door, site, media, live, clock), Desk(door, site, api, clock))


def _tasks(config: Config, bus: Bus, mirror: Mirror, crew: Crew, story: Story, clock: Clock) -> Tasks:
    admission = Admission(
        quotas={SdkAppId(app.sdk_app_id): app.max_tasks for app in config.app},
        live=lambda: (stored.record for stored in mirror.live()),
        rooms=lambda: [hand.room for hand in crew.there()],
        preset=config.encoding.preset,
    )
    return Tasks(
        admission=admission,
        records=Records(bus),
        copies=mirror,
        queue=Queue(bus),
        ask=functools.partial(calls.call, bus),
        story=story,
        clock=clock,
        random=os.urandom,
        stop_ended_again=config.api.stop_ended_again,
    )
