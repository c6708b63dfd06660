"""Files: the console's pages as they lie in the package."""

import hashlib
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).with_name("static")
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
# No step of a path begins with a dot, so none leads up or to what is hidden; and a system refuses to look at long ones.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,2}")


def find(name: str, folder: Path = FOLDER) -> Path | None:
    """Return the file `name` that browsers may have, None when there is none."""
    path = folder / name
    return path if _NAME.fullmatch(name) and path.suffix in _TYPES and path.is_file() else None


def serve(request: Request, path: Path) -> Response:
    """Return the file, or 304 when the browser has it; it asks each time, so that an upgrade is seen at once."""
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    given = request.headers.get("if-none-match", "")
    if given == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_TYPES[path.suffix])
