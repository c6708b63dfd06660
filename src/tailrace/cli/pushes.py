"""Pushes: the push URLs of a command, from its options or from standard input, which no process list shows."""

import sys
from collections.abc import Sequence

from tailrace.cli.exits import CommandError, Exit

STANDARD_INPUT = "-"
# Ten URLs of the 4,096 characters that the API takes, and as much again for blanks and line ends.
MAX_INPUT = 2 * 10 * 4096


def push_urls(given: Sequence[str]) -> list[str]:
    """Return the URLs of `--push`; one that is `-` stands for those on standard input, one a line.

    Raises CommandError when there are none.
    """
    urls = [url for url in given if url != STANDARD_INPUT]
    if len(urls) == len(given):
        return urls
    text = sys.stdin.read(MAX_INPUT + 1)
    read = [line.strip() for line in text.splitlines() if line.strip()]
    if not read or len(text) > MAX_INPUT:
        raise CommandError("--push - reads up to ten push URLs from standard input, one a line", Exit.USAGE)
    return urls + read
