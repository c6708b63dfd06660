"""Chromium: Debian's browser without a window, for tests of what real browsers publish and play."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

_PROGRAM = Path("/usr/bin/chromium")
OPTIONS: dict[str, Any] = {
    "executable_path": _PROGRAM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ],
}
"""What Playwright starts it with: camera and microphone are not real, and pages play without being touched."""


def chromium_missing() -> str:
    """Return why there is no browser here, or nothing."""
    return "" if _PROGRAM.exists() else "chromium is not installed"


def launch_chromium(playwright: Playwright) -> Browser:
    """Start it."""
    return playwright.chromium.launch(**OPTIONS)
