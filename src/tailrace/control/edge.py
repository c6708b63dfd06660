"""Edge: where a call is checked, in the order of spec/01 section 7, and where every error becomes an answer."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from tailrace.clock import Clock
from tailrace.config import ANY_REGION, RELAY_REGIONS
from tailrace.control.action import Action, Service
from tailrace.control.caller import Caller, Callers
from tailrace.control.codes import INTERNAL, answer
from tailrace.control.intake import Disconnected, Intake, Receive, Scope
from tailrace.control.metrics import Metrics
from tailrace.control.params.wire import read
from tailrace.control.rate import Rate
from tailrace.errors import ActionUnknown, ParameterMissing, RegionUnsupported, VersionUnknown
from tailrace.wire.cloud import answer as answers
from tailrace.wire.cloud import tc3
from tailrace.wire.cloud.client import VERSION
from tailrace.wire.cloud.json_body import Json
from tailrace.wire.cloud.request import Call, decode, language

_log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Api:
    """The Cloud API as an ASGI application for one path; plain ASGI, since a framework would cost a third of a call."""

    def __init__(
        self,
        service: Service,
        actions: Mapping[str, Action],
        metrics: Metrics,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._service = service
        self._actions = actions
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._intake = Intake()
        self._callers = Callers(service.config)
        self._rate = Rate(service.config.limits.requests_per_second)
        self._regions = frozenset(service.config.api.regions)
        self.region = next((region for region in service.config.api.regions if region != ANY_REGION), RELAY_REGIONS[0])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; whatever happens, in the API's envelope and with status 200.

        What is no HTTP at all does not get here: the HTTP server answers it with a status 400 of its own.
        """
        visit = _Visit(self._clock.monotonic(), self._request_id())
        try:
            body = await self._answered(visit, self._signed(visit, scope, receive))
        except Disconnected:
            return
        await _send(send, body)

    async def call(self, caller: Caller, action: str, parameters: Mapping[str, Json]) -> bytes:
        """Answer a call of one who has proved who he is without a signature; his key's policy and rate are the same."""
        visit = _Visit(self._clock.monotonic(), self._request_id(), action)
        call = Call(action, VERSION, 0, self.region, "", dict(parameters), text=False)
        return await self._answered(visit, self._perform(call, lambda: (caller, tc3.ALGORITHM)))

    async def _signed(self, visit: "_Visit", scope: Scope, receive: Receive) -> Mapping[str, Any]:
        request = await self._intake.read(scope, receive)
        visit.language = language(request)
        call = decode(request)
        visit.action = call.action
        return await self._perform(call, lambda: self._callers.authenticate(request, call, self._clock.unix()))

    async def _answered(self, visit: "_Visit", work: Awaitable[Mapping[str, Any]]) -> bytes:
        try:
            body, code = answers.success(await work, visit.request_id), ""
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 - the one edge: a bug must be an answer here, and a line in the log
            told = answer(error, visit.language)
            if told.code == INTERNAL:
                extra = {"request_id": visit.request_id, "action": visit.action}
                _log.error("call failed", exc_info=error, extra=extra)
            body, code = answers.failure(told.code, told.message, visit.request_id), told.code
        known = visit.action if visit.action in self._actions else ""
        self._metrics.called(known, code, self._clock.monotonic() - visit.began)
        return body

    def _request_id(self) -> str:
        return str(uuid.UUID(bytes=self._random(16), version=4))

    async def _perform(self, call: Call, authenticate: Callable[[], tuple[Caller, str]]) -> Mapping[str, Any]:
        if call.version != VERSION:
            raise VersionUnknown(f"the version of this API is {VERSION}")
        if (action := self._actions.get(call.action)) is None:
            raise ActionUnknown("there is no such action")
        caller, signature = authenticate()
        caller.permit(call.action, signature, call.parameters.get("SdkAppId"))
        self._rate.take(caller.key.secret_id, call.action, self._clock.monotonic())
        self._check_region(call.region)
        parameters = read(action.request, call.parameters, call.text)
        return (await action.run(parameters, caller, self._service)).model_dump(mode="json")

    def _check_region(self, region: str) -> None:
        if not region:
            raise ParameterMissing("Region")
        if region not in self._regions and ANY_REGION not in self._regions:
            raise RegionUnsupported("this action is not offered in this region")


@dataclass(slots=True)
class _Visit:
    """One call on its way to its answer, as far as it is understood."""

    began: float
    request_id: str
    action: str = ""
    language: str = ""


async def _send(send: Send, body: bytes) -> None:
    headers = [(b"content-type", answers.CONTENT_TYPE), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": answers.STATUS, "headers": headers})
    await send({"type": "http.response.body", "body": body})
