"""Action: one function of the API, and what it works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol, TypeVar

from tailrace.bus.deliveries import Deliveries
from tailrace.bus.history import History
from tailrace.bus.replays import Replays
from tailrace.clock import Clock
from tailrace.config import Config
from tailrace.control.caller import Caller
from tailrace.control.params.wire import Answered, Wire
from tailrace.control.tasks import Tasks

_R = TypeVar("_R", bound=Wire)


class AddressGuard(Protocol):
    """Knows which addresses a push may go to."""

    def check(self, address: IPv4Address | IPv6Address, host: str) -> None:
        """Raise AddressForbidden for the IP address that `host` stands for."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """What actions work with."""

    config: Config
    tasks: Tasks
    guard: AddressGuard
    clock: Clock
    history: History
    deliveries: Deliveries
    replays: Replays


@dataclass(frozen=True, slots=True)
class Action:
    """An action by its public name; `run` gets a request of the model `request`."""

    name: str
    request: type[Wire]
    run: Callable[[Any, Caller, Service], Awaitable[Answered]]


def action(name: str, request: type[_R]) -> Callable[[Callable[[_R, Caller, Service], Awaitable[Answered]]], Action]:
    """Make the decorated function the action `name`."""
    return lambda run: Action(name, request, run)
