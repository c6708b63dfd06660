"""`tailrace demo`: its options."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    seconds: Annotated[float, typer.Option(min=3, max=3600, help="How long to relay.")] = 10.0,
    input: Annotated[  # noqa: A002
        list[Path] | None,
        typer.Option(help="A media file to publish, in a loop; may be given several times. Default: a test picture."),
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

    Serves on free ports, publishes into a room over RTMP, starts a relay through the Cloud API, receives it at the
    built-in CDN, stops it with StopPublishCdnStream, and reports what was seen. Nothing stays but the --out folder.

    \b
    Examples:
      tailrace demo
      tailrace demo --seconds 30 --input clip.mp4 --out /tmp/seen
      tailrace demo --push rtmp://cdn.example.com/live/key
    """
    from tailrace.cli.demo.run import run
    from tailrace.cli.pushes import push_urls

    run(seconds, input or [], push_urls(push or []), out)
