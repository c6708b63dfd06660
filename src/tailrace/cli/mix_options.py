"""Options of the commands that start and change mixes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class LayoutName(StrEnum):
    """The layouts by the names that a shell gives them."""

    FLOATING = "floating"
    SCREEN = "screen"
    GRID = "grid"
    CUSTOM = "custom"


LAYOUT = Annotated[
    LayoutName | None, typer.Option(help="How the windows stand; custom where windows are given, else floating.")
]
BIG = Annotated[
    str,
    typer.Option(help="Who fills the big window of floating and screen: a user, or USER:screen for a screen share."),
]
WINDOW = Annotated[
    list[str] | None,
    typer.Option(
        help="A window of the custom layout, [USER=]WIDTHxHEIGHT+X+Y; USER:screen for a screen share; without a user "
        "it is filled in order of entry. Later ones stand above earlier ones."
    ),
]
SIZE = Annotated[str, typer.Option(help="Size of the picture, WIDTHxHEIGHT.")]
FPS = Annotated[int | None, typer.Option(min=1, max=60, help="Pictures per second.")]
BITRATE = Annotated[int | None, typer.Option(min=1, max=10000, help="Bit rate of the picture in kbit/s.")]
GOP = Annotated[int | None, typer.Option(min=1, max=5, help="Seconds between key frames.")]
BACKGROUND = Annotated[str, typer.Option(help="Colour of the canvas, 0xRRGGBB.")]
REQUEST = Annotated[
    Path | None,
    typer.Option(
        help="Send this JSON file, a request of the Cloud API, and nothing else; - reads it from standard input. "
        "SdkAppId, TaskId and SequenceNumber are filled in where they are absent."
    ),
]
