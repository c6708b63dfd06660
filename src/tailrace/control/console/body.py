"""Body: the JSON that a page sends, read no further than it may be long."""

from starlette.requests import ClientDisconnect, Request

from tailrace.control.intake import Disconnected
from tailrace.errors import CallTooLarge
from tailrace.wire.cloud.json_body import Json, parse_json

# A start request with all its windows and lists has 100 KB.
MAX_BODY = 1024 * 1024


async def fields(request: Request) -> dict[str, Json]:
    """Return the object in a request's body. Raises CallTooLarge, ParameterInvalid and Disconnected."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise CallTooLarge("the request is larger than 1 MB")
    except ClientDisconnect as error:
        raise Disconnected from error
    return parse_json(bytes(body))
