"""`tailrace demo`: its options."""

from pathlib import Path
from typing import Annotated

import typer

from tailrace.cli.mix_options import LayoutName


def demo(
    people: Annotated[
        int | None, typer.Option(min=2, max=16, help="Mix so many people into one picture and one sound.")
    ] = None,
    layout: Annotated[
        LayoutName | None,
        typer.Option(help="With --people: how the windows stand at first; grid unless given."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=3, max=3600, help="How long to relay.")] = 10.0,
    input: Annotated[  # noqa: A002
        list[Path] | None,
        typer.Option(
            help="A media file to publish, in a loop; may be given several times. Default: a test picture; "
            "with --people generated ones, each with a colour and a tone."
        ),
    ] = None,
    push: Annotated[
        list[str] | None,
        typer.Option(
            help="Also push to this rtmp:// address; may be given several times. - reads them from standard input."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the received pictures and stream are saved.")] = Path(
        "tailrace-demo"
    ),
) -> None:
    """Show the whole main job on this machine, and check what arrives.

    Serves on free ports, publishes into a room over RTMP, starts a relay through
    the Cloud API, receives it at the built-in CDN, stops it with
    StopPublishCdnStream, and reports what was seen. Nothing stays but the --out
    folder.

    With --people all are mixed into one picture and one sound; halfway
    UpdatePublishCdnStream changes the layout and adds a watermark, and
    before-after.png shows both. The people are generated ones, or the inputs,
    in turns.

    \b
    Examples:
      tailrace demo
      tailrace demo --seconds 30 --input clip.mp4 --out /tmp/seen
      tailrace demo --people 4 --layout grid
      tailrace demo --people 6 --layout screen --input slides.mp4 --input talk.mp4
      tailrace demo --push rtmp://cdn.example.com/live/key
    """
    from tailrace.cli.demo.run import run
    from tailrace.cli.pushes import push_urls

    run(seconds, input or [], push_urls(push or []), out, people, layout)
