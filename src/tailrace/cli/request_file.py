"""RequestFile: a request of the Cloud API from a JSON file, or from standard input."""

import json
import sys
from pathlib import Path
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.pushes import STANDARD_INPUT

# The API takes requests of at most 10 MB.
MAX_BYTES = 10 * 1024 * 1024


def read_request(file: Path) -> dict[str, Any]:
    """Return the parameters in `file`; `-` is standard input. Raises CommandError when it is no JSON object."""
    try:
        if str(file) == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"--request {file}: {error.strerror}", Exit.USAGE) from error
    if len(data) > MAX_BYTES:
        raise CommandError(f"--request {file}: the API takes no more than 10 MB", Exit.USAGE)
    try:
        request = json.loads(data)
    except (ValueError, RecursionError) as error:
        # What is wrong with it may be beside a push URL, so only its place is shown.
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CommandError(f"--request {file}: this is no JSON{place}", Exit.USAGE) from None
    if not isinstance(request, dict):
        raise CommandError(f"--request {file}: expected a JSON object with the members of a request", Exit.USAGE)
    if type(request.get("SdkAppId", 0)) is not int:
        # It says whose key signs the request, so it must be right before the API can say what is wrong.
        raise CommandError(f"--request {file}: SdkAppId: expected an Integer", Exit.USAGE)
    return request
