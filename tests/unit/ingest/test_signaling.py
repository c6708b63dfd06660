"""Signaling: the rules of RFC 9725 and of Tencent's two families, with a session that only counts."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette

from tailrace.errors import BusError, OfferUnusable, PeerError, TailraceError
from tailrace.ingest.signaling import Ask, Session, Sessions, Signaling
from tailrace.ingest.throttle import Throttle
from tailrace.wire import whip
from tailrace.wire.whip import Family
from tests.fakes.clock import ManualClock

V2 = "/v2/pub/1400000001/stage?SessionID=anna"
V1 = "/v1/push/stage?sdkappid=1400000001&userid=anna&usersig=eJw*-_"
SDP = {"Content-Type": whip.SDP}
FRAGMENT = {"Content-Type": whip.FRAGMENT}
LINKS = ['<stun:stun.example.net>; rel="ice-server"', '<stun:stun2.example.net>; rel="ice-server"']
BOTH = pytest.mark.parametrize("address", [V2, V1], ids=["v2", "v1"])


class FakeSession:
    def __init__(self) -> None:
        self.etag = '"first"'
        self.patches: list[str] = []
        self.closed = 0

    def patch(self, fragment: str) -> str | None:
        self.patches.append(fragment)
        if fragment == "broken":
            raise PeerError("broken")
        if fragment == "restart":
            self.etag = '"second"'
            return "new credentials"
        return None

    async def end(self) -> None:
        self.closed += 1


class Server:
    """The routes with an opener that answers, or raises `error`."""

    def __init__(self, burst: float = 1000) -> None:
        self.asked: list[Ask] = []
        self.session = FakeSession()
        self.error: TailraceError | None = None
        self.sessions = Sessions()
        signaling = Signaling(self.sessions, ManualClock(), LINKS, Throttle(burst, 1))
        self.app = Starlette(routes=signaling.routes("/v2/pub/{app}", "/v1/push", self.open))

    async def open(self, ask: Ask) -> tuple[str, Session]:
        self.asked.append(ask)
        if self.error:
            raise self.error
        return "the answer", self.session

    def run(self, script: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async def running() -> None:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
                await script(client)

        asyncio.run(running())

    def ask(self, method: str, address: str, body: str = "", **headers: str) -> httpx.Response:
        answers = []

        async def script(client: httpx.AsyncClient) -> None:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answers.append(await client.request(method, address, content=body, headers=named))

        self.run(script)
        return answers[0]

    def post(self, address: str = V2, body: str = "the offer", **headers: str) -> httpx.Response:
        return self.ask("POST", address, body, **{"Content_Type": whip.SDP, **headers})

    def patch(self, location: str, body: str, **headers: str) -> httpx.Response:
        return self.ask("PATCH", location, body, **{"Content_Type": whip.FRAGMENT, **headers})


@BOTH
def test_an_offer_is_answered_with_a_session_of_its_own(address: str) -> None:
    answer = Server().post(address)

    assert (answer.status_code, answer.text) == (201, "the answer")
    assert answer.headers["content-type"] == whip.SDP
    assert answer.headers["etag"] == '"first"'
    assert answer.headers.get_list("link") == LINKS


def test_what_v2_says_reaches_who_opens() -> None:
    server = Server()
    server.post("/v2/pub/7/my%20room?SessionID=anna&streamtype=1", Authorization="Bearer eJw*-_")

    fields = {"SDKAppID": "7", "SessionID": "anna", "streamtype": "1", "Authorization": "eJw*-_"}
    assert server.asked == [Ask(Family.V2, "my%20room", fields, "the offer", "127.0.0.1")]


def test_what_v1_says_reaches_who_opens() -> None:
    server = Server()
    server.post(V1)

    fields = {"sdkappid": "1400000001", "userid": "anna", "usersig": "eJw*-_"}
    assert server.asked == [Ask(Family.V1, "stage", fields, "the offer", "127.0.0.1")]


def test_a_bearer_token_in_the_query_of_v2_is_none() -> None:
    server = Server()
    server.post(f"{V2}&Authorization=eJw")

    assert server.asked[0].fields["Authorization"] == ""


def test_sessions_of_v2_are_below_their_stream() -> None:
    assert Server().post(V2).headers["location"].startswith("/v2/pub/1400000001/stage/")


def test_sessions_of_v1_are_the_same_address_with_a_relay() -> None:
    assert Server().post(V1).headers["location"].startswith(f"{V1}&relay=")


@pytest.mark.parametrize("room", ["a%23b", "a%3Fb", "a%20b"])
def test_sessions_are_below_their_stream_however_it_is_written(room: str) -> None:
    assert Server().post(V2.replace("stage", room)).headers["location"].startswith(f"/v2/pub/1400000001/{room}/")


@BOTH
def test_ids_of_sessions_cannot_be_guessed(address: str) -> None:
    names = {Server().post(address).headers["location"] for _ in range(50)}

    assert len(names) == 50
    assert min(len(name) for name in names) >= len(address.partition("?")[0]) + 32


@BOTH
@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "application/trickle-ice-sdpfrag"])
def test_an_offer_of_another_type_is_415(address: str, content_type: str) -> None:
    assert Server().post(address, Content_Type=content_type).status_code == 415


@BOTH
def test_a_body_over_its_limit_is_413(address: str) -> None:
    server = Server()

    assert server.post(address, "v" * whip.MAX_BODY_BYTES).status_code == 201
    assert server.post(address, "v" * (whip.MAX_BODY_BYTES + 1)).status_code == 413
    assert len(server.asked) == 1


def test_a_body_that_is_no_text_is_400() -> None:
    server = Server()

    async def script(client: httpx.AsyncClient) -> None:
        assert (await client.post(V2, content=b"v=0\xff\xfe", headers=SDP)).status_code == 400

    server.run(script)


@pytest.mark.parametrize(
    ("error", "v1", "v2"), [(PeerError("no"), 400, 400), (OfferUnusable("no"), 400, 422), (BusError("down"), 503, 503)]
)
def test_who_opens_decides_by_its_error(error: TailraceError, v1: int, v2: int) -> None:
    server = Server()
    server.error = error

    assert (server.post(V1).status_code, server.post(V2).status_code) == (v1, v2)
    assert len(server.sessions) == 0


def test_an_overloaded_server_says_when_to_come_back_and_not_what_ails_it() -> None:
    server = Server()
    server.error = BusError("nats is down")
    answer = server.post()

    assert int(answer.headers["retry-after"]) > 0
    assert "nats" not in answer.text


def test_too_many_offers_from_one_address_are_429_with_a_time_to_come_back() -> None:
    server = Server(burst=2)
    answers = [server.post() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["retry-after"]) > 0


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_an_endpoint_or_a_session_has_no_content(address: str, method: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    for place in (address, location):
        answer = server.ask(method, place)
        assert (answer.status_code, answer.content) == (204, b"")


@BOTH
def test_other_methods_are_405_and_name_those_that_are_allowed(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    assert "POST" in server.ask("PUT", address).headers["allow"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert server.ask(method, address).status_code == 405
    for method in ("PUT", "POST"):
        answer = server.ask(method, location)
        assert (answer.status_code, "PATCH" in answer.headers["allow"]) == (405, True)


@BOTH
def test_pages_of_every_origin_may_publish(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    for place, method, accepts in ((address, "POST", "accept-post"), (location, "PATCH", "accept-patch")):
        answer = server.ask("OPTIONS", place, Origin="https://page.example", Access_Control_Request_Method=method)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert method in answer.headers["access-control-allow-methods"]
        for header in ("Authorization", "Content-Type", "If-Match"):
            assert header in answer.headers["access-control-allow-headers"]
        assert accepts in answer.headers
    exposed = server.post(address).headers["access-control-expose-headers"]
    assert all(header in exposed for header in ("Location", "ETag", "Link"))
    assert server.post(address, Content_Type="text/plain").headers["access-control-allow-origin"] == "*"


@BOTH
def test_deleting_a_session_ends_it_once_whatever_its_etag(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    answers = [server.ask("DELETE", location, If_Match='"another"').status_code for _ in range(2)]
    assert answers == [200, 404]
    assert server.session.closed == 1


@BOTH
def test_candidates_are_204_without_an_etag(address: str) -> None:
    server = Server()
    posted = server.post(address)

    answer = server.patch(posted.headers["location"], "candidates", If_Match=posted.headers["etag"])

    assert (answer.status_code, "etag" in answer.headers) == (204, False)
    assert server.session.patches == ["candidates"]


@BOTH
def test_a_restart_is_200_with_new_credentials_and_another_etag(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    answer = server.patch(location, "restart", If_Match="*")

    assert (answer.status_code, answer.text) == (200, "new credentials")
    assert answer.headers["content-type"] == whip.FRAGMENT
    assert answer.headers["etag"] == '"second"'
    assert server.patch(location, "candidates", If_Match='"first"').status_code == 412
    assert server.patch(location, "candidates", If_Match='"second"').status_code == 204


@BOTH
def test_a_patch_without_an_etag_is_428_and_with_a_wrong_one_412(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    assert server.patch(location, "candidates").status_code == 428
    for wrong in ('"other"', 'W/"first"', "first"):
        assert server.patch(location, "candidates", If_Match=wrong).status_code == 412
    assert server.session.patches == []


@BOTH
def test_a_patch_that_is_none_is_refused_and_the_session_goes_on(address: str) -> None:
    server = Server()
    location = server.post(address).headers["location"]

    assert server.patch(location, "candidates", If_Match="*", Content_Type=whip.SDP).status_code == 415
    assert server.patch(location, "broken", If_Match="*").status_code == 400
    assert server.patch(location, "c" * (whip.MAX_BODY_BYTES + 1), If_Match="*").status_code == 413
    assert server.session.closed == 0
    assert server.patch(location, "candidates", If_Match='"first"').status_code == 204


@BOTH
def test_a_session_that_never_was_is_404(address: str) -> None:
    place = f"{address.partition('?')[0]}/nobody" if address is V2 else f"{address}&relay=nobody"
    server = Server()

    statuses = {method: server.ask(method, place, If_Match="*").status_code for method in ("GET", "PATCH", "DELETE")}
    assert statuses == {"GET": 404, "PATCH": 404, "DELETE": 404}


def test_a_session_that_ended_by_itself_is_forgotten() -> None:
    server = Server()
    location = server.post().headers["location"]

    server.sessions.discard(server.session)
    server.sessions.discard(server.session)

    assert len(server.sessions) == 0
    assert server.ask("DELETE", location).status_code == 404
