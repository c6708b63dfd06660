"""Chromium: Debian's browser without a window, for tests of what real browsers publish and play."""

from pathlib import Path

from playwright.sync_api import Browser, Playwright

PROGRAM = Path("/usr/bin/chromium")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium_missing() -> str:
    """Return why there is no browser here, or nothing."""
    return "" if PROGRAM.exists() else "chromium is not installed"


def launch_chromium(playwright: Playwright) -> Browser:
    """Start it; pages play without being touched."""
    return playwright.chromium.launch(executable_path=PROGRAM, args=_FLAGS)
