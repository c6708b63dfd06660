"""`tailrace room`: who is where."""

from typing import Annotated

import typer

from tailrace.cli.options import CONFIG, DATA, JSON

app = typer.Typer(no_args_is_help=True, help="See who is in which room.")

APP = Annotated[int, typer.Option("--app", help="SdkAppId; all of them unless given.", show_default=False)]


@app.command("list")
def list_(config: CONFIG = None, data: DATA = None, app_id: APP = 0, as_json: JSON = False) -> None:
    """List the rooms in which somebody is.

    \b
    Examples:
      tailrace room list
      tailrace room list --json
    """
    from tailrace.cli import room

    room.show_list(config, data, app_id, as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ROOM", help="Room id.")],
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    as_json: JSON = False,
) -> None:
    """Show who is in a room and publishes what.

    \b
    Examples:
      tailrace room show studio
    """
    from tailrace.cli import room

    room.show(config, data, app_id, name, as_json=as_json)
