"""Outlook: whether browsers can be told how things are. Not while the bus is away, nor before everything was read."""

from tailrace.control.console.follower import Name


class Outlook:
    """`look` often, and call `back` after each reconnection."""

    def __init__(self) -> None:
        self.known = False
        self._away = False

    @property
    def pending(self) -> bool:
        """Whether everything is being read just now."""
        return not (self.known or self._away)

    def back(self) -> None:
        """Take note that the bus is back and its streams and buckets stand again: everything is to be told anew.

        The connection stands earlier than that. What was told then would be how things were before, and be told again.
        """
        self.known = self._away = False

    def look(self, connected: bool, loaded: bool) -> Name | None:
        """Return AWAY or SNAPSHOT when that is to be told now."""
        if not connected and not self._away:
            self.known, self._away = False, True
            return Name.AWAY
        if loaded and self.pending:
            self.known = True
            return Name.SNAPSHOT
        return None
