"""Signaling: the HTTP of WHIP and WHEP, which differ in their paths and in what an offer leads to (RFC 9725)."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tailrace.clock import Clock
from tailrace.config import WebRtc
from tailrace.errors import BusError, CallerError, PeerError, SessionUnknown
from tailrace.ingest.throttle import Throttle
from tailrace.wire import whip
from tailrace.wire.whip import Family

_log = logging.getLogger(__name__)

# An office behind one address comes back at once after a network failure; a stranger who guesses UserSigs is slowed.
BURST = 60
PER_SECOND = 10.0

_ENDPOINT = ("POST", "GET", "HEAD", "OPTIONS")
_SESSION = ("PATCH", "DELETE", "GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Ask:
    """One POST. `name` is the last part of the path, percent-encoded; `fields` are the query and, in v2, what the path
    and the Authorization header say besides. It holds secrets: never log it."""

    family: Family
    name: str
    fields: Mapping[str, str]
    offer: str
    peer: str


class Session(Protocol):
    """What came of an offer, as far as HTTP is concerned."""

    @property
    def etag(self) -> str:
        """The strong ETag, with its quotes, of the ICE session; a restart changes it."""
        ...

    def patch(self, fragment: str) -> str | None:
        """Take a trickle-ice-sdpfrag. Return the answer's fragment when it restarts ICE, None when it does not.

        Raises PeerError and CallerError; the session then goes on as it was.
        """
        ...

    async def end(self) -> None:
        """End it in order; twice is harmless."""
        ...


class Sessions:
    """The sessions of one process by their unguessable ids: who knows the id may end the session."""

    def __init__(self) -> None:
        self._all: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, session: Session) -> str:
        """Keep a session; return its id."""
        # 192 bits: not to be guessed, and short enough to be read in a log of the client's.
        name = secrets.token_urlsafe(24)
        self._all[name] = session
        return name

    def discard(self, session: Session) -> None:
        """Forget a session that has ended; twice is harmless."""
        for name in [name for name, held in self._all.items() if held is session]:
            del self._all[name]

    def get(self, name: str) -> Session:
        """Return a session. Raises SessionUnknown."""
        if (session := self._all.get(name)) is None:
            raise SessionUnknown("no such session; it has ended, or never was")
        return session


@dataclass(frozen=True, slots=True)
class Signaling:
    """Makes the routes of WHIP and WHEP. `links` are the Link headers of STUN and TURN servers."""

    sessions: Sessions
    clock: Clock
    links: Sequence[str]
    throttle: Throttle

    def routes(
        self,
        v2: str,
        v1: str,
        open: Callable[[Ask], Awaitable[tuple[str, Session]]],  # noqa: A002 - what is done
    ) -> list[Route]:
        """Return the routes under the paths `v2`, such as `/v2/pub/{app}`, and `v1`; either may be empty.

        `open` makes a session of an offer, and returns the SDP answer and the session; TailraceErrors become statuses.
        """

        async def endpoint(request: Request) -> Response:
            family = Family.V1 if "app" not in request.path_params else Family.V2
            if family is Family.V1 and "relay" in request.query_params:
                return await self._session(request, family, request.query_params["relay"])
            return await self._endpoint(request, family, open)

        async def session(request: Request) -> Response:
            return await self._session(request, Family.V2, request.path_params["session"])

        every = sorted({*_ENDPOINT, *_SESSION, "PUT", "TRACE"})
        routes = [Route(f"{path}/{{stream}}", endpoint, methods=every) for path in (v2, v1) if path]
        if v2:
            routes.append(Route(f"{v2}/{{stream}}/{{session}}", session, methods=every))
        return routes

    async def _endpoint(
        self,
        request: Request,
        family: Family,
        open: Callable[[Ask], Awaitable[tuple[str, Session]]],  # noqa: A002
    ) -> Response:
        match request.method:
            case "POST":
                return await _answering(self._post(request, family, open), family)
            case "GET" | "HEAD":
                return _respond(HTTPStatus.NO_CONTENT)
            case "OPTIONS":
                return _options(_ENDPOINT, {"Accept-Post": whip.SDP})
        return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "POST an offer here", whip.allow(_ENDPOINT))

    async def _session(self, request: Request, family: Family, name: str) -> Response:
        match request.method:
            case "PATCH":
                return await _answering(self._patch(request, name), family)
            case "DELETE":
                return await _answering(self._delete(name), family)
            case "GET" | "HEAD":
                return await _answering(self._look(name), family)
            case "OPTIONS":
                return _options(_SESSION, {"Accept-Patch": whip.FRAGMENT})
        return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "this is a session: PATCH or DELETE it", whip.allow(_SESSION))

    async def _post(
        self,
        request: Request,
        family: Family,
        open: Callable[[Ask], Awaitable[tuple[str, Session]]],  # noqa: A002
    ) -> Response:
        peer = request.client.host if request.client else ""
        if wait := self.throttle.wait(peer, self.clock.monotonic()):
            after = {"Retry-After": str(int(wait) + 1)}
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS, "too many offers from this address", after)
        if not whip.is_type(request.headers.get("content-type", ""), whip.SDP):
            return _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body of a POST is of type {whip.SDP}")
        body = await _body(request)
        if body is None:
            return _too_large()
        fields = dict(request.query_params)
        if family is Family.V2:
            fields["SDKAppID"] = request.path_params["app"]
            fields["Authorization"] = whip.bearer(request.headers.get("authorization", ""))
        name = quote(request.path_params["stream"], safe="")
        answer, session = await open(Ask(family, name, fields, body, peer))
        headers = {"Location": _location(request, family, self.sessions.add(session)), "ETag": session.etag}
        response = _respond(HTTPStatus.CREATED, answer, whip.SDP, headers)
        for link in self.links:
            response.headers.append("Link", link)
        return response

    async def _patch(self, request: Request, name: str) -> Response:
        session = self.sessions.get(name)
        if not whip.is_type(request.headers.get("content-type", ""), whip.FRAGMENT):
            return _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body of a PATCH is of type {whip.FRAGMENT}")
        if (if_match := request.headers.get("if-match")) is None:
            return _refuse(HTTPStatus.PRECONDITION_REQUIRED, "send If-Match with the ETag of the session")
        if not whip.matches(if_match, session.etag):
            return _refuse(HTTPStatus.PRECONDITION_FAILED, "the session has another ETag now")
        body = await _body(request)
        if body is None:
            return _too_large()
        if (answer := session.patch(body)) is None:
            return _respond(HTTPStatus.NO_CONTENT)
        return _respond(HTTPStatus.OK, answer, whip.FRAGMENT, {"ETag": session.etag})

    async def _delete(self, name: str) -> Response:
        session = self.sessions.get(name)
        self.sessions.discard(session)
        await session.end()
        return _respond(HTTPStatus.OK)

    async def _look(self, name: str) -> Response:
        self.sessions.get(name)
        return _respond(HTTPStatus.NO_CONTENT)


def ice_links(settings: WebRtc) -> list[str]:
    """Return the Link headers of the configured STUN and TURN servers."""
    return [
        whip.ice_link(url, server.username, server.credential.reveal())
        for server in settings.ice_server
        for url in server.urls
    ]


def _location(request: Request, family: Family, name: str) -> str:
    """Return the session's address: a path alone, which is right behind every proxy that keeps paths as they are."""
    # Not that of the URL, which is quoted in part.
    path = quote(request.scope["path"])
    if family is Family.V2:
        return f"{path}/{name}"
    return f"{path}?{urlencode({**request.query_params, 'relay': name}, safe='*-_')}"


async def _answering(work: Awaitable[Response], family: Family) -> Response:
    try:
        return await work
    except ClientDisconnect:
        return _refuse(HTTPStatus.BAD_REQUEST, "the request was cut off")
    except (CallerError, PeerError, BusError) as error:
        status = whip.status_of(error, family)
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            _log.error("publisher or viewer turned away", extra={"error": str(error)})
            return _refuse(status, "the server cannot take anybody at the moment; try again", whip.headers_of(status))
        return _refuse(status, str(error), whip.headers_of(status))


async def _body(request: Request) -> str | None:
    """Return the body; None when it is over its limit, beyond which nothing is kept. Raises PeerError."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > whip.MAX_BODY_BYTES:
            return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise PeerError("the body is not UTF-8") from None


def _too_large() -> Response:
    # What is left of the body is not read: the connection cannot be used again.
    text = f"a body has at most {whip.MAX_BODY_BYTES} bytes"
    return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text, {"Connection": "close"})


def _options(methods: Sequence[str], accepts: Mapping[str, str]) -> Response:
    methods_of_pages = {"Access-Control-Allow-Methods": ", ".join(methods)}
    return _respond(
        HTTPStatus.NO_CONTENT, headers={**whip.PREFLIGHT, **methods_of_pages, **whip.allow(methods), **accepts}
    )


def _refuse(status: HTTPStatus, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return _respond(status, f"{why}\n", "text/plain; charset=utf-8", headers)


def _respond(
    status: HTTPStatus, body: str = "", media_type: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(body, status, {**whip.CORS, "Cache-Control": "no-store", **(headers or {})}, media_type)
