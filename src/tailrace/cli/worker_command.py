"""`tailrace worker`: the workers of the cluster."""

from typing import Annotated

import typer

from tailrace.cli.options import CONFIG, DATA, JSON

app = typer.Typer(no_args_is_help=True, help="See the workers, and empty one before it is stopped.")


@app.command("list")
def list_(config: CONFIG = None, data: DATA = None, as_json: JSON = False) -> None:
    """List the workers, their tasks, and whether they drain.

    \b
    Examples:
      tailrace worker list
      tailrace worker list --json
    """
    from tailrace.cli import worker

    worker.show_list(config, data, as_json=as_json)


@app.command()
def drain(
    name: Annotated[str, typer.Option(help="The worker, by its name in tailrace worker list.")] = "",
    all_others: Annotated[
        bool, typer.Option("--all-others", help="All workers on other machines than this one.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return once they are empty.")] = False,
    config: CONFIG = None,
    data: DATA = None,
) -> None:
    """Have a worker hand its tasks to the other workers, and take no new ones.

    Each task is pushed on without a stop of more than a second. The worker
    stays, idle, until it is stopped; SIGTERM does the same and ends it.

    \b
    Examples:
      tailrace worker drain --name relay-3-4711 --wait
      tailrace worker drain --all-others
    """
    from tailrace.cli import worker

    worker.drain(config, data, name, all_others=all_others, wait=wait)
