"""The paths of the control process, and what they say without the bus."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from tailrace.control.metrics import Metrics
from tailrace.control.web import paths


@pytest.mark.parametrize(
    ("path", "bus", "status", "body"),
    [
        ("/", True, 200, "api"),
        ("/?Action=x", True, 200, "api"),
        ("/healthz", False, 200, "ok"),
        ("/readyz", True, 200, '{"bus":true,"ingest":true}'),
        ("/readyz", False, 503, '{"bus":false,"ingest":true}'),
        ("/metrics", True, 200, 'tailrace_tasks{state="queued"} 0'),
        ("/console/", True, 404, "Not Found"),
    ],
)
def test_each_path_has_its_answer(path: str, bus: bool, status: int, body: str) -> None:
    async def ready() -> dict[str, bool]:
        return {"bus": bus, "ingest": True}

    async def ask() -> httpx.Response:
        application = paths(PlainTextResponse("api"), ready, Metrics(list))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://h") as client:
            return await client.get(path)

    answer = asyncio.run(ask())

    assert answer.status_code == status
    assert body in answer.text
