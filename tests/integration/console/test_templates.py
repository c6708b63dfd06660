"""The layouts that the console draws are those that the mixer makes."""

from playwright.sync_api import Page

from tailrace.control.params.layout import FLOATING, GRID, SCREEN_SHARING
from tailrace.model import templates
from tailrace.model.templates import Box
from tests.harness.browser import Looker

DRAWN = "(asked) => import('./static/templates.js').then((templates) => templates.boxes(...asked))"
MOST = 16


def test_templates_stand_where_the_mixer_puts_them(looker: Looker) -> None:
    page = looker.go()
    for width, height in ((1280, 720), (720, 1280), (854, 480), (641, 359)):
        for people in range(1, MOST + 1):
            assert _drawn(page, GRID, people, width, height) == templates.grid(people, width, height)
            assert _drawn(page, FLOATING, people, width, height) == templates.floating(people - 1, width, height)
            shared = templates.screen_sharing(people - 1, width, height)
            assert _drawn(page, SCREEN_SHARING, people, width, height) == shared


def _drawn(page: Page, mode: int, people: int, width: int, height: int) -> list[Box]:
    return [Box(**box) for box in page.evaluate(DRAWN, [mode, people, width, height])]
