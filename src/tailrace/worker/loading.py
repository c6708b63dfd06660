"""Loading: what only some tasks need is loaded for them alone, since it is a third of a relay's memory.

Two processes fork the children (`nursery.py`); the second one has what mixes need in its memory, from the first mix on.
"""

import os
import sys
from importlib import import_module

from tailrace.model.plan import Plan
from tailrace.worker.zygote import RunJob

_MIXING = "tailrace.worker.mixing"


def needs_more(plan: Plan) -> bool:
    """Return whether a task draws pictures or measures sound."""
    return plan.mix is not None or plan.sei.layout_volume is not None


def lacks(plan: Plan) -> bool:
    """Return whether this process has not loaded yet what such a task needs."""
    return needs_more(plan) and _MIXING not in sys.modules


def load_more() -> None:
    """Import what such a task needs. It takes a third of a second."""
    from tailrace.media import still  # noqa: F401

    import_module(_MIXING)


def for_relays() -> RunJob:
    """Import what every child needs, for the process that forks them: FFmpeg has no business in the worker itself."""
    # NumPy's linear algebra, which nobody here uses, would start threads, and a process with threads must not fork.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from tailrace.worker.child import run_child

    return run_child


def for_mixes() -> RunJob:
    """Import what the children need that draw or measure."""
    run_child = for_relays()
    load_more()
    return run_child
