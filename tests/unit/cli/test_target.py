"""The server that a command talks to."""

from pathlib import Path

import pytest

from tailrace.cli import sample
from tailrace.cli.target import find


@pytest.mark.parametrize(
    ("listening", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("2001:db8::1", "[2001:db8::1]")]
)
def test_a_server_known_by_its_configuration_is_reached_by_an_address_that_can_be_dialled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: str, reached: str
) -> None:
    sample.write(tmp_path / "tailrace.toml")
    monkeypatch.setenv("TAILRACE_LISTEN__HOST", listening)

    addresses = find(None, tmp_path).addresses

    assert addresses == {
        "http": f"http://{reached}:8930",
        "media_http": f"http://{reached}:8931",
        "rtmp": f"rtmp://{reached}:1935",
        "webrtc": f"udp://{reached}:8189",
    }
