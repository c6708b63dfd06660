"""Routes: the console's paths."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tailrace import __version__
from tailrace.clock import Clock
from tailrace.control.actions.describe_publish_cdn_stream import describe_publish_cdn_stream
from tailrace.control.actions.describe_publish_cdn_stream_events import describe_publish_cdn_stream_events
from tailrace.control.caller import Caller
from tailrace.control.console import body, files
from tailrace.control.console.cookie import Session
from tailrace.control.console.desk import Desk
from tailrace.control.console.door import Door
from tailrace.control.console.live import Live
from tailrace.control.console.media import MediaAddress
from tailrace.control.console.replies import Endpoint, answering, reply, with_headers
from tailrace.control.console.site import Site
from tailrace.control.console.stream import EventStream
from tailrace.ids import SdkAppId

ROOT = "/console"
NO_CONTENT = 204
# What the key may not ask the API, it is not told either.
_DESCRIBE = describe_publish_cdn_stream.name
_EVENTS = describe_publish_cdn_stream_events.name


class Pages:
    """The pages, the session that they begin with, and the stream that keeps them up to date."""

    def __init__(self, door: Door, site: Site, media: MediaAddress, live: Live, clock: Clock) -> None:
        self._door = door
        self._site = site
        self._media = media
        self._live = live
        self._clock = clock

    async def index(self, request: Request) -> Response:
        """Serve the one page; what it shows is decided by its scripts."""
        return await self._file(request, files.INDEX)

    async def static(self, request: Request) -> Response:
        """Serve what the page loads."""
        return await self._file(request, request.path_params["name"])

    async def sign_in(self, request: Request) -> Response:
        """Begin a session."""
        self._site.check_write(request.headers)
        caller, session = await self._door.sign_in(request, await body.fields(request))
        response = await self._describe(request, caller, session)
        self._door.give(request, response, caller, session)
        return response

    async def session(self, request: Request) -> Response:
        """Tell whose session it is."""
        self._site.check_read(request.headers)
        return await self._describe(request, *self._door.whose(request))

    async def sign_out(self, request: Request) -> Response:
        """End the session, whether there is one or not."""
        self._site.check_write(request.headers)
        response = with_headers(Response(status_code=NO_CONTENT))
        self._door.take(request, response)
        return response

    async def stream(self, request: Request) -> Response:
        """Tell what the key may see, as it changes."""
        self._site.check_read(request.headers)
        caller, session = self._door.whose(request)
        seen, heard = (
            {SdkAppId(app) for app in caller.reach() if caller.may(action, app)} for action in (_DESCRIBE, _EVENTS)
        )
        return EventStream(self._live, self._live.follow(seen, heard), session.expires - self._clock.unix())

    async def _file(self, request: Request, name: str) -> Response:
        media = await self._media.of(self._site.host(request.headers))
        if (path := files.find(name)) is None:
            return with_headers(Response("not found\n", 404, media_type="text/plain"), media)
        return with_headers(files.serve(request, path), media)

    async def _describe(self, request: Request, caller: Caller, session: Session) -> Response:
        return reply(
            {
                "SecretId": session.secret_id,
                "AppId": caller.account.app_id,
                "Apps": [{"SdkAppId": app} for app in caller.reach()],
                "MediaUrl": await self._media.of(self._site.host(request.headers)),
                "RtmpUrl": await self._media.rtmp(self._site.host(request.headers)),
                "Version": __version__,
                "ExpiresAt": session.expires,
            }
        )


def routes(pages: Pages, desk: Desk) -> list[BaseRoute]:
    """Return the paths under ROOT."""
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "/", pages.index),
        ("GET", "/static/{name:path}", pages.static),
        ("POST", "/api/session", pages.sign_in),
        ("GET", "/api/session", pages.session),
        ("GET", "/api/stream", pages.stream),
        ("DELETE", "/api/session", pages.sign_out),
        ("POST", "/api/call", desk.call),
        ("POST", "/api/code", desk.code),
        ("POST", "/api/usersig", desk.user_sig),
        ("GET", "/api/deliveries", desk.deliveries),
    ]
    found: list[BaseRoute] = [
        Route(ROOT + path, answering(endpoint), methods=[method]) for method, path, endpoint in table
    ]
    return [Route(ROOT, lambda _: RedirectResponse(f"{ROOT}/")), *found]
