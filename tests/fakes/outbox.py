"""FakeOutbox: keeps the units that are to be sent; the bus may be away."""

from typing import cast

from tailrace.bus.outbox import Outbox
from tailrace.unit import Unit


class FakeOutbox:
    """`sent` is what was put in, each with its subject."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Unit]] = []
        self.away = False

    @property
    def outbox(self) -> Outbox:
        """This, as those take it who publish."""
        return cast(Outbox, self)

    @property
    def units(self) -> list[Unit]:
        """What was sent."""
        return [unit for _, unit in self.sent]

    def put(self, subject: str, data: bytes) -> bool:
        """Take a message."""
        if not self.away:
            self.sent.append((subject, Unit.decode(data)))
        return not self.away
