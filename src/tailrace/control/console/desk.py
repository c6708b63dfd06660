"""Desk: what a page asks to be done: calls of the API, the code of one, UserSigs, and what became of callbacks."""

import json
import logging
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from tailrace.clock import Clock
from tailrace.control.actions import ACTIONS
from tailrace.control.actions.describe_publish_cdn_stream_events import describe_publish_cdn_stream_events
from tailrace.control.caller import Caller
from tailrace.control.console import body, samples
from tailrace.control.console.door import Door
from tailrace.control.console.replies import BAD_REQUEST, reply
from tailrace.control.console.site import Site
from tailrace.control.edge import Api
from tailrace.control.params.who import AppNumber, User
from tailrace.control.params.wire import TaskIdText, Wire, read
from tailrace.errors import ActionUnknown
from tailrace.ids import SdkAppId, UserId
from tailrace.wire import usersig
from tailrace.wire.cloud import tc3
from tailrace.wire.cloud.client import Credentials

_log = logging.getLogger(__name__)

# A page asks for a new one each time that it publishes or watches.
LONGEST_USERSIG = 24 * 3600
# Stands in a key's `actions` like those of the API: a key that may only stop tasks shall let nobody into rooms.
MAKE_USERSIG = "MakeUserSig"


class CallRequest(Wire):
    """A call of the API; the action's own model checks its payload."""

    action: Annotated[str, Field(max_length=128)]
    payload: dict[str, Any]


class UserSigRequest(Wire):
    """Whose UserSig, and for how long."""

    sdk_app_id: AppNumber
    user_id: User
    lifetime_seconds: Annotated[int, Field(ge=1, le=LONGEST_USERSIG)] = 3600


class DeliveriesRequest(Wire):
    """A page of events; `from` is where it begins, 0 for the first one."""

    sdk_app_id: AppNumber
    task_id: TaskIdText | None = None
    from_: Annotated[int, Field(alias="From", ge=0, le=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class Desk:
    """Does what a signed-in page asks for, with the rights of the key that it signed in with."""

    def __init__(self, door: Door, site: Site, api: Api, clock: Clock) -> None:
        self._door = door
        self._site = site
        self._api = api
        self._clock = clock

    async def call(self, request: Request) -> Response:
        """Call any action; answer as the API does, its errors too."""
        caller, fields = await self._asked(request)
        asked = read(CallRequest, fields, text=False)
        return _as_it_is(await self._api.call(caller, asked.action, asked.payload))

    async def code(self, request: Request) -> Response:
        """Return a call as JSON, as a signed curl command and as a Python program."""
        caller, fields = await self._asked(request)
        asked = read(CallRequest, fields, text=False)
        if asked.action not in ACTIONS:
            raise ActionUnknown("there is no such action")
        origin, region = self._site.origin(request.headers), self._api.region
        key = Credentials(caller.key.secret_id, caller.key.secret_key)
        now = int(self._clock.unix())
        return reply(
            {
                "Json": samples.pretty(asked.payload),
                "Curl": samples.curl(origin, asked.action, asked.payload, key, now, region),
                "Python": samples.python(origin, asked.action, asked.payload, region),
            }
        )

    async def user_sig(self, request: Request) -> Response:
        """Make a UserSig for a page that publishes or watches."""
        caller, fields = await self._asked(request)
        asked = read(UserSigRequest, fields, text=False)
        app = caller.app(asked.sdk_app_id)
        caller.permit(MAKE_USERSIG, tc3.ALGORITHM, app.sdk_app_id)
        now = int(self._clock.unix())
        made = usersig.make(SdkAppId(app.sdk_app_id), app.key, UserId(asked.user_id), now, asked.lifetime_seconds)
        _log.info("UserSig made", extra={"app": app.sdk_app_id, "user": asked.user_id})
        return reply({"UserSig": made.reveal(), "ExpiresAt": now + asked.lifetime_seconds})

    async def deliveries(self, request: Request) -> Response:
        """Return a page of events with each try to deliver their callbacks."""
        self._site.check_read(request.headers)
        caller, _ = self._door.whose(request)
        asked = read(DeliveriesRequest, dict(request.query_params), text=True)
        payload: dict[str, Any] = {
            "SdkAppId": asked.sdk_app_id,
            "Limit": asked.limit,
            "FromSequenceNumber": asked.from_,
        }
        if asked.task_id is not None:
            payload["TaskId"] = asked.task_id
        told = json.loads(await self._api.call(caller, describe_publish_cdn_stream_events.name, payload))["Response"]
        return reply(told, BAD_REQUEST if "Error" in told else 200)

    async def _asked(self, request: Request) -> tuple[Caller, Mapping[str, Any]]:
        self._site.check_write(request.headers)
        caller, _ = self._door.whose(request)
        return caller, await body.fields(request)


def _as_it_is(answer: bytes) -> Response:
    response = reply({})
    response.body = answer
    response.headers["content-length"] = str(len(answer))
    return response
