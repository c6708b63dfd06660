"""Options that many commands have."""

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="TAILRACE_CONFIG", help="Configuration file; default: tailrace.toml of the data folder."
    ),
]
DATA = Annotated[
    Path | None,
    typer.Option("--data", envvar="TAILRACE_DATA", help="Data folder; default: ~/.local/share/tailrace."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
