"""API: how many signed requests one control process answers, and how fast at half of that."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import proc
from bench.report import Result, Row, percentile
from bench.server import REGION, Server
from bench.size import Size
from tailrace.wire.cloud.client import signed_post

# Ended tasks that are asked for; with as many different signatures, nothing can be answered from memory of the last.
_TASKS = 20
# In all. More than this only makes a longer queue in front of one process.
_CONNECTIONS = 16
_ENDED_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a load came to. `control` is the CPU time of the control process per request, in ms."""

    per_second: float
    latencies: list[float]
    control: float
    busy: float


def measure(folder: Path, _film: Path, size: Size) -> Result:
    """Load Describe and Stop, each first as fast as it goes, then at half of that."""
    with Server(folder) as server:
        client = server.client(keep_alive=True)
        tasks = [client.start(f"rtmp://127.0.0.1:9/live/{number}") for number in range(_TASKS)]
        for task in tasks:
            client.stop(task)
        deadline = time.monotonic() + _ENDED_WITHIN
        while server.parts().children and time.monotonic() < deadline:
            time.sleep(0.05)
        rows, samples = [], {}
        for action, described in (
            ("DescribePublishCdnStream", "Describe"),
            ("StopPublishCdnStream", "Stop of an ended task"),
        ):
            requests = [_request(server, action, task) for task in tasks]
            _load(server, requests, 1.0, 0)
            most = _load(server, requests, size.api, 0)
            half = _load(server, requests, size.api, most.per_second / 2)
            rows += _rows(described, most, half)
            samples[action] = {
                "most_per_second": most.per_second,
                "control_busy_at_most": most.busy,
                "half_per_second": half.per_second,
                "control_busy_at_half": half.busy,
            }
    return Result(rows, samples)


def _request(server: Server, action: str, task: str) -> str:
    parameters = {"SdkAppId": server.sdk_app_id, "TaskId": task}
    headers, body = signed_post(server.credentials, server.host, action, parameters, int(time.time()), REGION)
    lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": len(body)}.items()]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode().hex() + body.hex()


def _load(server: Server, requests: list[str], seconds: float, rate: float) -> _Loaded:
    control = [server.parts().control]
    # One core is for what is measured; the load comes from the others, as far as there are any.
    count = max(1, min(4, (os.cpu_count() or 2) - 1))
    order: dict[str, Any] = {
        "port": urlsplit(server.addresses["http"]).port,
        "requests": requests,
        "connections": _CONNECTIONS // count,
        "seconds": seconds,
        "rate": rate / count,
    }
    processes: list[subprocess.Popen[str]] = []
    try:
        for _ in range(count):
            command = [sys.executable, "-m", "bench.load"]
            pipe = subprocess.PIPE
            processes.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True))
        used = proc.cpu_seconds(control)
        answers = [json.loads(process.communicate(json.dumps(order), seconds + 30)[0]) for process in processes]
        used = proc.cpu_seconds(control) - used
    finally:
        for process in processes:
            process.kill()
            process.wait()
    if failures := sum(answer["failures"] for answer in answers):
        raise RuntimeError(f"{failures} requests were not answered well")
    latencies = [latency for answer in answers for latency in answer["latencies"]]
    lasted = max(answer["seconds"] for answer in answers)
    return _Loaded(len(latencies) / lasted, latencies, used / len(latencies) * 1000, used / lasted)


def _rows(described: str, most: _Loaded, half: _Loaded) -> list[Row]:
    return [
        Row(f"API, {described}", "per second", most.per_second, bar=1500, at_least=True),
        Row(f"API, {described}, CPU of control", "ms each", most.control),
        Row(f"API, {described}, at half, p50", "ms", percentile(half.latencies, 50) * 1000),
        Row(f"API, {described}, at half, p99", "ms", percentile(half.latencies, 99) * 1000, bar=20),
    ]
