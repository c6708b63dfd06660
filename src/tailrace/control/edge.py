"""Edge: where a call is checked, in the order of spec/01 section 7, and where every error becomes an answer."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tailrace.clock import Clock
from tailrace.config import ANY_REGION
from tailrace.control.action import Action, Service
from tailrace.control.caller import Callers
from tailrace.control.codes import INTERNAL, answer
from tailrace.control.intake import Disconnected, Intake, Receive, Scope
from tailrace.control.metrics import Metrics
from tailrace.control.params.wire import read
from tailrace.control.rate import Rate
from tailrace.errors import ActionUnknown, ParameterMissing, RegionUnsupported, VersionUnknown
from tailrace.wire.cloud import answer as answers
from tailrace.wire.cloud.client import VERSION
from tailrace.wire.cloud.request import Call, HttpRequest, decode, language

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; whatever happens, in the API's envelope and with status 200.

        What is no HTTP at all does not get here: the HTTP server answers it with a status 400 of its own.
        """
        began = self._clock.monotonic()
        request_id = str(uuid.UUID(bytes=self._random(16), version=4))
        spoken, name = "", ""
        try:
            request = await self._intake.read(scope, receive)
            spoken = language(request)
            call = decode(request)
            name = call.action
            body, code = answers.success(await self._perform(request, call), request_id), ""
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - the one edge: a bug must be an answer here, and a line in the log
            told = answer(error, spoken)
            if told.code == INTERNAL:
                _log.error("call failed", exc_info=error, extra={"request_id": request_id, "action": name})
            body, code = answers.failure(told.code, told.message, request_id), told.code
        self._metrics.called(name if name in self._actions else "", code, self._clock.monotonic() - began)
        await _send(send, body)

    async def _perform(self, request: HttpRequest, call: Call) -> Mapping[str, Any]:
        if call.version != VERSION:
            raise VersionUnknown(f"the version of this API is {VERSION}")
        if (action := self._actions.get(call.action)) is None:
            raise ActionUnknown("there is no such action")
        caller, signature = self._callers.authenticate(request, call, self._clock.unix())
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


async def _send(send: Send, body: bytes) -> None:
    headers = [(b"content-type", answers.CONTENT_TYPE), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": answers.STATUS, "headers": headers})
    await send({"type": "http.response.body", "body": body})
