"""Lines of SDP (RFC 8866): a bounded text cut into what belongs to the session, and to each m-line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tailrace.errors import PeerError

# Offers of browsers are 6 to 12 KiB; with all codecs and candidates of a machine with many addresses 20 KiB.
MAX_SDP_BYTES: Final = 64 * 1024
# A WHIP or WHEP session has two, and may name a data channel that is rejected.
MAX_MEDIA: Final = 16
# Offers of browsers have 300 lines, those of a machine with many addresses 600. Each is looked at some dozen times.
MAX_LINES: Final = 2000
# The longest lines of browsers, fmtp of H.264 with parameter sets, have some hundred characters.
_MAX_LINE: Final = 2048
_LINE: Final = re.compile(r"[a-z]=[^\x00-\x1f\x7f]*")
# What may stand in words that the answer repeats (RFC 4566 token).
_TOKEN: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,64}")
_DIGITS: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(slots=True)
class Section:
    """The session part, or one m-line with what follows it. `attributes` are name and value of each a-line, in order.

    `head` is the value of the m-line, empty for the session part.
    """

    head: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def first(self, name: str) -> str | None:
        """Return the value of the first attribute of this name."""
        return next((value for key, value in self.attributes if key == name), None)

    def all(self, name: str) -> Iterator[str]:
        """Yield the values of all attributes of this name."""
        return (value for key, value in self.attributes if key == name)

    def has(self, name: str) -> bool:
        """Whether there is an attribute of this name."""
        return any(key == name for key, _ in self.attributes)


def sections(text: str) -> list[Section]:
    """Cut `text`; the first one is the session part. Raises PeerError for what is no SDP, or too much of it."""
    if len(text) > MAX_SDP_BYTES:
        raise PeerError(f"the SDP is larger than {MAX_SDP_BYTES} bytes")
    found = [Section()]
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise PeerError(f"the SDP has more than {MAX_LINES} lines")
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r")
        if not line:
            continue
        if len(line) > _MAX_LINE:
            raise PeerError(f"line {number} of the SDP is longer than {_MAX_LINE} characters")
        if not _LINE.fullmatch(line):
            raise PeerError(f"line {number} of the SDP is not of the form <letter>=<value>")
        letter, value = line[0], line[2:]
        if letter == "m":
            if len(found) > MAX_MEDIA:
                raise PeerError(f"the SDP has more than {MAX_MEDIA} m-lines")
            found.append(Section(value))
        elif letter == "a":
            name, _, rest = value.partition(":")
            found[-1].attributes.append((name, rest.strip()))
    return found


def number(text: str, what: str, highest: int) -> int:
    """Return a number from 0 to `highest`. Raises PeerError, which says `what` is wrong."""
    if not _DIGITS.fullmatch(text) or int(text) > highest:
        raise PeerError(f"{what} is not a number from 0 to {highest}")
    return int(text)


def token(text: str, what: str) -> str:
    """Return `text` if it is one word of at most 64 characters. Raises PeerError, which says `what` is wrong."""
    if not _TOKEN.fullmatch(text):
        raise PeerError(f"{what} is not a word of 1 to 64 letters, digits and signs")
    return text
