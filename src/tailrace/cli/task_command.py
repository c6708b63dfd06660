"""`tailrace task`: the Cloud API from a shell."""

from typing import Annotated

import typer

from tailrace.cli.options import CONFIG, DATA, JSON

app = typer.Typer(no_args_is_help=True, help="Start, stop, show and list relays.")

APP = Annotated[int, typer.Option("--app", help="SdkAppId; the first one of the configuration unless given.")]
TASK_ID = Annotated[str, typer.Argument(help="TaskId, as `task start` printed it.")]


@app.command()
def start(
    room: Annotated[str, typer.Argument(help="Room id.")],
    user: Annotated[str, typer.Argument(help="Whose stream is relayed.")],
    push: Annotated[
        list[str],
        typer.Option(
            help="rtmp:// or rtmps:// address; up to ten. - reads them from standard input, one a line, so that no "
            "process list shows their keys."
        ),
    ],
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    numeric: Annotated[bool, typer.Option(help="The room is a numeric one.")] = False,
    screen: Annotated[bool, typer.Option(help="Relay the user's screen share instead of the camera.")] = False,
    audio_only: Annotated[bool, typer.Option(help="Relay the sound only.")] = False,
    max_idle: Annotated[int, typer.Option(min=5, max=86400, help="Seconds without the user after which it ends.")] = 30,
    as_json: JSON = False,
) -> None:
    """Start a pass-through relay, and print its TaskId.

    \b
    Examples:
      tailrace task start studio alice --push rtmp://cdn.example.com/live/key
      tailrace task start 1234 alice --numeric --push rtmp://a/live/x --push rtmp://b/live/y
      tailrace task start studio alice --push - < push-urls.txt
    """
    from tailrace.cli import task
    from tailrace.cli.pushes import push_urls

    request = task.start_request(
        room, user, push_urls(push), numeric=numeric, screen=screen, audio_only=audio_only, max_idle=max_idle
    )
    task.start(config, data, app_id, request, as_json=as_json)


@app.command()
def update(task_id: TASK_ID) -> None:  # noqa: ARG001
    """Not built yet: a running relay cannot be changed in this version.

    \b
    Instead, stop it and start another one:
      tailrace task stop TASK_ID
    """
    from tailrace.cli.exits import CommandError

    raise CommandError("task update is not built yet; stop the task and start another one")


@app.command()
def stop(task_id: TASK_ID, config: CONFIG = None, data: DATA = None, app_id: APP = 0, as_json: JSON = False) -> None:
    """Stop a relay. Stopping twice is harmless.

    \b
    Examples:
      tailrace task stop TASK_ID
    """
    from tailrace.cli import task

    task.stop(config, data, app_id, task_id, as_json=as_json)


@app.command()
def show(task_id: TASK_ID, config: CONFIG = None, data: DATA = None, app_id: APP = 0, as_json: JSON = False) -> None:
    """Show one relay with the state of each destination.

    \b
    Examples:
      tailrace task show TASK_ID
      tailrace task show TASK_ID --json
    """
    from tailrace.cli import task

    task.show(config, data, app_id, task_id, as_json=as_json)


@app.command("list")
def list_(
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    room: Annotated[str, typer.Option(help="Only those of this room.")] = "",
    state: Annotated[str, typer.Option(help="Only those in this state: queued, running, stopping, ended.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: JSON = False,
) -> None:
    """List relays.

    \b
    Examples:
      tailrace task list
      tailrace task list --room studio --state running --json
    """
    from tailrace.cli import task

    task.show_list(config, data, app_id, room=room, state=state, limit=limit, offset=offset, as_json=as_json)
