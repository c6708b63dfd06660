"""`tailrace task`: the Cloud API from a shell."""

from typing import Annotated

import typer

from tailrace.cli.mix_options import BACKGROUND, BIG, BITRATE, FPS, GOP, LAYOUT, REQUEST, SIZE, WINDOW
from tailrace.cli.options import CONFIG, DATA, JSON

app = typer.Typer(no_args_is_help=True, help="Start, change, stop, show and list relays.")

APP = Annotated[
    int, typer.Option("--app", help="SdkAppId; the first one of the configuration unless given.", show_default=False)
]
PUSH = Annotated[
    list[str] | None,
    typer.Option(
        help="rtmp:// or rtmps:// address; up to ten. - reads them from standard input, one a line, so that no "
        "process list shows their keys."
    ),
]
TASK_ID = Annotated[str, typer.Argument(help="TaskId, as `task start` printed it.")]


@app.command()
def start(
    room: Annotated[str, typer.Argument(help="Room id.")] = "",
    user: Annotated[str, typer.Argument(help="Whose stream is relayed; nobody's with --mix.")] = "",
    push: PUSH = None,
    feedback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROOM:USER", help="Be this user of this room, with the output; up to ten. Numeric with --numeric."
        ),
    ] = None,
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    numeric: Annotated[bool, typer.Option("--numeric", help="The room is a numeric one.")] = False,
    screen: Annotated[
        bool, typer.Option("--screen", help="Relay the user's screen share instead of the camera.")
    ] = False,
    audio_only: Annotated[bool, typer.Option("--audio-only", help="Relay the sound only.")] = False,
    max_idle: Annotated[int, typer.Option(min=5, max=86400, help="Seconds without anybody after which it ends.")] = 30,
    mix: Annotated[bool, typer.Option("--mix", help="Mix everybody in the room.")] = False,
    layout: LAYOUT = None,
    big: BIG = "",
    window: WINDOW = None,
    size: SIZE = "",
    fps: FPS = None,
    bitrate: BITRATE = None,
    gop: GOP = None,
    background: BACKGROUND = "",
    request: REQUEST = None,
    as_json: JSON = False,
) -> None:
    """Start a relay of one user's stream, or with --mix of everybody in the room, and print its TaskId.

    \b
    Examples:
      tailrace task start studio alice --push rtmp://cdn.example.com/live/key
      tailrace task start 12 al --numeric --push rtmp://a/b/c --push rtmp://d/e/f
      tailrace task start studio alice --push - < push-urls.txt
      tailrace task start studio --mix --layout grid --push rtmp://a/live/x
      tailrace task start studio --mix --size 640x360 --fps 30 --push rtmp://a/b/c
      tailrace task start studio --mix --layout screen --big alice:screen --push -
      tailrace task start studio --mix --window 640x360+0+0 --push rtmp://a/live/x
      tailrace task start studio --mix --feedback lobby:stage
      tailrace task start --request start.json
    """
    from tailrace.cli import task
    from tailrace.cli.look import Look
    from tailrace.cli.pushes import push_urls
    from tailrace.cli.request_file import read_request

    look = Look(layout, big, tuple(window or ()), size, fps, bitrate, gop, background)
    if request is not None:
        if room or push or feedback or mix or numeric or screen or audio_only or look != Look():
            raise typer.BadParameter("stands alone: everything is in the file", param_hint="--request")
        wanted = read_request(request)
    elif not room or not (push or feedback):
        raise typer.BadParameter("ROOM and --push, or --feedback, are needed, or --request")
    elif mix == bool(user):
        raise typer.BadParameter("needs either a USER, or --mix for everybody")
    elif mix:
        wanted = task.mix_request(
            room, push_urls(push or ()), look, numeric=numeric, audio_only=audio_only, max_idle=max_idle
        )
    elif look != Look():
        raise typer.BadParameter("a single stream is relayed as it is; options of the picture need --mix")
    else:
        wanted = task.start_request(
            room, user, push_urls(push or ()), numeric=numeric, screen=screen, audio_only=audio_only, max_idle=max_idle
        )
    task.start(config, data, app_id, wanted, feedback=feedback or (), numeric=numeric, as_json=as_json)


@app.command()
def update(
    task_id: TASK_ID,
    config: CONFIG = None,
    data: DATA = None,
    app_id: APP = 0,
    layout: LAYOUT = None,
    big: BIG = "",
    window: WINDOW = None,
    size: SIZE = "",
    fps: FPS = None,
    bitrate: BITRATE = None,
    gop: GOP = None,
    background: BACKGROUND = "",
    push: PUSH = None,
    remove_push: Annotated[
        list[str] | None,
        typer.Option(
            help="End the push to this address, or to the one in this place as `task show` lists them, from 1."
        ),
    ] = None,
    feedback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROOM:USER",
            help="Be this user of this room; the complete new list: who is not named again leaves. none: no room.",
        ),
    ] = None,
    mix: Annotated[bool, typer.Option("--mix", help="Mix everybody from now on.")] = False,
    single: Annotated[str, typer.Option(help="Relay this user's stream from now on, as it is.")] = "",
    screen: Annotated[bool, typer.Option("--screen", help="With --single: the user's screen share.")] = False,
    sequence: Annotated[
        int | None, typer.Option(min=0, help="SequenceNumber; the one after the last unless given.")
    ] = None,
    request: REQUEST = None,
    as_json: JSON = False,
) -> None:
    """Change a running relay, without a gap in its output. What is not named stays as it is.

    \b
    Examples:
      tailrace task update TASK_ID --layout screen --big alice:screen
      tailrace task update TASK_ID --window al=960x720+0+0 --window 320x720+960+0
      tailrace task update TASK_ID --size 1920x1080 --bitrate 4000
      tailrace task update TASK_ID --push rtmp://b/live/y --remove-push 1
      tailrace task update TASK_ID --feedback lobby:stage --feedback hall:stage
      tailrace task update TASK_ID --single alice
      tailrace task update TASK_ID --mix --layout grid
      tailrace task update TASK_ID --request update.json
    """
    from tailrace.cli import task
    from tailrace.cli.look import Look
    from tailrace.cli.pushes import push_urls
    from tailrace.cli.request_file import read_request
    from tailrace.cli.update import Change

    look = Look(layout, big, tuple(window or ()), size, fps, bitrate, gop, background)
    pushes, removed = tuple(push_urls(push or ())), tuple(remove_push or ())
    change = Change(look, mix, single, screen, pushes, removed, tuple(feedback or ()))
    if request is not None and change != Change(Look()):
        raise typer.BadParameter("stands alone: everything is in the file", param_hint="--request")
    asked = change if request is None else read_request(request)
    task.update(config, data, app_id, task_id, asked, sequence=sequence, as_json=as_json)


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
    """Show one relay with the state of each destination and, of a mix, with its windows and what is visible since when.

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
