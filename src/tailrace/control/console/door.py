"""Door: signing in with a SecretId and its SecretKey, and whose session a request belongs to."""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tailrace.clock import Clock
from tailrace.control.caller import Caller, Callers
from tailrace.control.console import cookie
from tailrace.control.console.attempts import Attempts
from tailrace.control.console.cookie import LIFETIME, Session
from tailrace.control.console.site import Site
from tailrace.control.params.wire import SecretText, Wire, read
from tailrace.errors import CallerError, SessionMissing, SignInRefused
from tailrace.secret import Secret

_log = logging.getLogger(__name__)

# The cookie's path is the console's own: no other path of this port ever sees it. Those of other ports of the same host
# do (RFC 6265 section 8.5), so its name has the port behind it: servers beside each other do not sign each other out.
NAME, PATH = "tailrace_console", "/console"
# A wrong key is answered so much later: nobody who has pasted one minds.
PENALTY = 0.5
# Wrong ones whose answer is due later, at the same time; each is a connection, of which there are a thousand.
MOST_WAITING = 100
# Compared with when there is no such SecretId, so that it takes as long.
_NOBODY = Secret("nobody")


class SignIn(Wire):
    """What a browser sends to sign in."""

    secret_id: str
    secret_key: SecretText


class Door:
    """Lets in who knows a SecretKey. The key itself is not kept: the session is signed with one derived from it."""

    def __init__(self, callers: Callers, site: Site, clock: Clock) -> None:
        self._callers = callers
        self._site = site
        self._clock = clock
        self._attempts = Attempts()
        self._waiting = asyncio.Semaphore(MOST_WAITING)

    async def sign_in(self, request: Request, fields: Mapping[str, Any]) -> tuple[Caller, Session]:
        """Return whose key was given, and the session. Raises SignInRefused and SignInsExceeded."""
        given = read(SignIn, fields, text=False)
        peer = request.client.host if request.client else ""
        address = self._site.address(request.headers, peer)
        self._attempts.permit(address, self._clock.monotonic())
        # Counted before it is known to be wrong: a hundred at once are a hundred.
        self._attempts.wrong(address, self._clock.monotonic())
        try:
            caller = self._callers.find(given.secret_id)
        except CallerError:
            caller = None
        if not _same(caller.key.secret_key if caller else _NOBODY, given.secret_key) or caller is None:
            _log.warning("sign-in refused", extra={"address": address})
            async with self._waiting:
                await asyncio.sleep(PENALTY)
            raise SignInRefused("the SecretId or the SecretKey is wrong")
        self._attempts.right(address)
        _log.info("signed in", extra={"secret_id": caller.key.secret_id, "address": address})
        return caller, Session(caller.key.secret_id, int(self._clock.unix()) + LIFETIME)

    def whose(self, request: Request) -> tuple[Caller, Session]:
        """Return who is signed in. Raises SessionMissing."""
        given = request.cookies.get(self._name(request), "")
        session = cookie.claimed(given)
        try:
            caller = self._callers.find(session.secret_id)
        except CallerError as error:
            raise SessionMissing("sign in: the SecretId does not exist any more") from error
        cookie.check(given, caller.key.secret_key, self._clock.unix())
        return caller, session

    def give(self, request: Request, response: Response, caller: Caller, session: Session) -> None:
        """Let the browser keep the session."""
        response.set_cookie(
            self._name(request),
            cookie.seal(session, caller.key.secret_key),
            max_age=LIFETIME,
            path=PATH,
            secure=self._site.secure,
            httponly=True,
            samesite="strict",
        )

    def take(self, request: Request, response: Response) -> None:
        """Let the browser forget its session."""
        response.delete_cookie(self._name(request), PATH, secure=self._site.secure, httponly=True, samesite="strict")

    def _name(self, request: Request) -> str:
        port = self._site.port(request.headers)
        return f"{NAME}_{port}" if port else NAME


def _same(known: Secret, given: Secret) -> bool:
    """Compare in a time that tells nothing, not even how long the key is."""
    one, other = (hashlib.sha256(key.reveal().encode(errors="replace")).digest() for key in (known, given))
    return hmac.compare_digest(one, other)
