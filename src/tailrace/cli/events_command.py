"""`tailrace events`: what has happened, and callbacks sent again."""

from typing import Annotated

import typer

from tailrace.cli.options import CONFIG, DATA, JSON

app = typer.Typer(no_args_is_help=True, help="See what has happened, and have callbacks sent again.")

APP = Annotated[
    int, typer.Option("--app", help="SdkAppId; the first one of the configuration unless given.", show_default=False)
]
SINCE = Annotated[str, typer.Option(metavar="SPAN", help="What was stored since then: 90s, 15m, 1h, 2d.")]


@app.command("list")
def list_(
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    task: Annotated[str, typer.Option(metavar="TASK_ID", help="Of this task only.")] = "",
    room: Annotated[str, typer.Option(help="Of this room only, and its tasks.")] = "",
    since: SINCE = "",
    first: Annotated[int | None, typer.Option("--from", min=1, metavar="SEQ", help="From this number on.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10000, help="Show so many at most.")] = 1000,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until interrupted.")] = False,
    as_json: JSON = False,
) -> None:
    """List what has happened, the oldest first, and what became of each callback.

    Without --task, --since and --from it is what was stored in the last hour.
    With --follow and --json each line is an event.

    \b
    Examples:
      tailrace events list --since 10m
      tailrace events list --task TASK_ID
      tailrace events list --room studio --since 1d --json
      tailrace events list --follow
    """
    from tailrace.cli import events

    if not (task or since or first is not None):
        since = "1h"
    events.show_list(
        config,
        data,
        app_id,
        task=task,
        room=room,
        first=first,
        since=since,
        limit=limit,
        follow=follow,
        as_json=as_json,
    )


@app.command()
def replay(
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    task: Annotated[str, typer.Option(metavar="TASK_ID", help="Of this task only.")] = "",
    first: Annotated[int | None, typer.Option("--from", min=1, metavar="SEQ", help="From this number on.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, metavar="SEQ", help="Up to this number.")] = None,
    since: SINCE = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    as_json: JSON = False,
) -> None:
    """Send the callbacks of some events again, whether they arrived or not.

    The events stay as they are; only CallbackTs is new. Numbers are those of
    `tailrace events list`.

    \b
    Examples:
      tailrace events replay --since 1h --failed
      tailrace events replay --task TASK_ID
      tailrace events replay --from 1200 --to 1300
    """
    from tailrace.cli import events

    events.replay(config, data, app_id, task=task, first=first, last=last, since=since, failed=failed, as_json=as_json)
