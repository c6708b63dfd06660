"""Replies: the console's answers, errors among them, and the headers that keep its pages to themselves."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tailrace import errors
from tailrace.control.codes import INTERNAL, answer
from tailrace.control.intake import Disconnected

_log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

BAD_REQUEST, AWAY = 400, 503
# HTTP statuses of errors that are not the request's; all others of callers are 400.
STATUS: Mapping[type[errors.TailraceError], int] = {
    errors.SessionMissing: 401,
    errors.SignInRefused: 401,
    errors.CrossSite: 403,
    errors.NotPermitted: 403,
    errors.AppUnknown: 403,
    errors.CallTooLarge: 413,
    errors.SignInsExceeded: 429,
    errors.RateExceeded: 429,
    errors.ConsoleBusy: 503,
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(media: str) -> str:
    """Return the Content-Security-Policy of pages that play from the origin `media`, empty when it is not known."""
    sources = f"'self' {media}".strip()
    return (
        f"default-src 'self'; connect-src {sources}; img-src 'self' data: blob:; "
        "media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


def reply(content: Mapping[str, Any], status: int = 200) -> Response:
    """Return a JSON answer that no cache keeps."""
    return JSONResponse(
        content, status, {**_ALWAYS, "Cache-Control": "no-store", "Content-Security-Policy": policy("")}
    )


def with_headers(response: Response, media: str = "") -> Response:
    """Return `response` with what every answer has."""
    response.headers.update({**_ALWAYS, "Content-Security-Policy": policy(media)})
    return response


def failure(error: Exception) -> Response:
    """Return the answer to an error."""
    told = answer(error, "")
    if told.code == INTERNAL:
        status = AWAY if isinstance(error, errors.BusError) else 500
    else:
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), BAD_REQUEST)
    return reply({"Error": {"Code": told.code, "Message": told.message}}, status)


def answering(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` with every error made an answer."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Disconnected:
            return Response(status_code=BAD_REQUEST)  # nobody is left to read it
        except Exception as error:  # noqa: BLE001 - an edge: a bug must be an answer here, and a line in the log
            if not isinstance(error, errors.CallerError | errors.BusError):
                _log.error("console failed", exc_info=error, extra={"path": request.url.path})
            return failure(error)

    return answered
