"""Exit: the exit codes of the commands, and the error that carries one (docs/cli.md)."""

from enum import IntEnum

from tailrace.errors import BusError, CallerError, ConfigError, TailraceError


class Exit(IntEnum):
    """What the exit status says. 2 is also what Typer gives for wrong usage."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    UNREACHABLE = 4
    IN_USE = 5
    INTERRUPTED = 130


class CommandError(CallerError):
    """A command cannot do what was asked; the text is one line with the way out."""

    def __init__(self, text: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(text)
        self.code = code


def code_of(error: TailraceError) -> Exit:
    """Return the exit code that tells this error apart."""
    match error:
        case CommandError():
            return error.code
        case ConfigError():
            return Exit.CONFIG
        case BusError():
            return Exit.UNREACHABLE
        case _:
            return Exit.FAILED
