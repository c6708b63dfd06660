"""Main: the `tailrace` command. Each command imports what it needs when it runs, so that --help is fast."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tailrace import __version__
from tailrace.cli import demo_command, events_command, room_command, task_command, worker_command
from tailrace.cli.exits import code_of
from tailrace.cli.options import CONFIG, DATA, JSON
from tailrace.errors import TailraceError

app = typer.Typer(
    name="tailrace",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Relay real-time rooms to CDNs, driven by the TRTC relay API.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(task_command.app, name="task")
app.add_typer(room_command.app, name="room")
app.add_typer(worker_command.app, name="worker")
app.add_typer(events_command.app, name="events")
app.command("demo")(demo_command.demo)


def main() -> None:
    """Run the command line; an error on purpose is one line on standard error and its exit code (docs/cli.md)."""
    try:
        app()
    except TailraceError as error:
        for line in str(error).splitlines():
            print(f"tailrace: {line}", file=sys.stderr)
        raise SystemExit(code_of(error)) from None


def _version(asked: bool) -> None:
    if asked:
        print(f"tailrace {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    config: CONFIG = None,
    data: DATA = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="Run only this one of bus, control, ingest, worker; may be given several times."),
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the addresses to this file, as JSON, once everything serves.")
    ] = None,
    lifeline: Annotated[
        int | None, typer.Option(hidden=True, help="Stop when this file descriptor, a pipe, reaches its end.")
    ] = None,
) -> None:
    """Run Tailrace until Ctrl-C.

    Without a configuration file the first start writes one with random secrets
    under the data folder, and listens on this machine only.

    \b
    Examples:
      tailrace serve
      tailrace serve --config /etc/tailrace.toml --data /var/lib/tailrace
      TAILRACE_LISTEN__HTTP=0 tailrace serve --ready-file ready.json
      tailrace serve --role control --role ingest
    """
    from tailrace.cli.folder import default_folder
    from tailrace.cli.roles import RoleName
    from tailrace.cli.serve import serve

    names = {name.value for name in RoleName}
    for name in role or ():
        if name not in names:
            raise typer.BadParameter(f"{name} is not one of {', '.join(sorted(names))}", param_hint="--role")
    serve(config, data or default_folder(), [RoleName(name) for name in role or ()], ready_file, lifeline)


@app.command()
def init(file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("tailrace.toml")) -> None:
    """Write a commented configuration with fresh random secrets.

    \b
    Examples:
      tailrace init
      tailrace init /etc/tailrace.toml
    """
    from tailrace.cli import sample

    sample.write(file)
    print(f"Wrote {file} (mode 0600: it holds secrets). Next: tailrace serve --config {file}")


@app.command()
def urls(
    room: Annotated[str, typer.Argument(help="Room id.")],
    user: Annotated[str, typer.Argument(help="User id.")],
    config: CONFIG = None,
    data: DATA = None,
    numeric: Annotated[bool, typer.Option("--numeric", help="The room is a numeric one.")] = False,
    app_id: Annotated[
        int,
        typer.Option("--app", help="SdkAppId; the first one of the configuration unless given.", show_default=False),
    ] = 0,
    as_json: JSON = False,
) -> None:
    """Print ready-made addresses for publishing into a room, over RTMP and from browsers, and for watching.

    They hold a UserSig, which is a secret: whoever has it can publish as this
    user for a day.

    \b
    Examples:
      tailrace urls studio alice
      tailrace urls 1234 alice --numeric --json
    """
    from tailrace.cli import addresses

    addresses.print_urls(config, data, room, user, numeric=numeric, app_id=app_id, as_json=as_json)


@app.command()
def usersig(
    user: Annotated[str, typer.Argument(help="User id.")],
    config: CONFIG = None,
    data: DATA = None,
    seconds: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 86400,
    app_id: Annotated[
        int,
        typer.Option("--app", help="SdkAppId; the first one of the configuration unless given.", show_default=False),
    ] = 0,
) -> None:
    """Print a UserSig, which lets this user enter any room of the application.

    \b
    Examples:
      tailrace usersig alice
      tailrace usersig alice --seconds 600 --app 1400000001
    """
    from tailrace.cli import addresses

    print(addresses.user_sig(config, data, user, seconds=seconds, app_id=app_id))


@app.command()
def doctor(config: CONFIG = None, data: DATA = None, as_json: JSON = False) -> None:
    """Check this installation end to end, and say what is wrong.

    \b
    Examples:
      tailrace doctor
      tailrace doctor --json
    """
    from tailrace.cli import doctor

    doctor.doctor(config, data, as_json=as_json)
