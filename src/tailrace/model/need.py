"""Need: what running a plan takes, estimated before it runs; the measurements are in docs/benchmarks.md.

The estimate counts for the first seconds of a task only; after that it is measured. It is of one core at 2.5 GHz and
meant to be a little too much rather than too little.
"""

from dataclasses import dataclass
from typing import Final

from tailrace.model.encoding import choose, load
from tailrace.model.mix import LayoutMode, Scene
from tailrace.model.plan import Plan

_MB: Final = 1024 * 1024

# That a user publishes VP8 is known only when he does, and then his relay encodes too: 0.8 of a core for 720p30. To
# expect that of every relay would refuse many that are cheap; what it really takes is measured as soon as it runs.
# A relay with AAC encoded anew took 0.059 of a core alone, 0.047 of ten, and 0.041 of forty. Of one it is not short.
PASS_CPU: Final = 0.05
# The promise of design section 7; measured: 12 (of forty) to 24 MB (alone).
PASS_MEMORY: Final = 25 * _MB

# Four people of 720p30 into 720p30 took 1.06 of a core, of which x264 0.45: what is left is 0.15 for each of them at 30
# pictures a second, for receiving, decoding, scaling and composing. With smaller sources it is less.
WINDOW_CPU_PER_FPS: Final = 0.15 / 30
# Decoding and encoding sound is most of what a relay takes; a mix of sound alone decodes some more of it.
SOUND_MIX_CPU: Final = 0.1
# 128, 115 and 210 MB were measured with four windows on 720p, nine on 720p and sixteen on 1080p.
MIX_MEMORY: Final = 75 * _MB
WINDOW_MEMORY: Final = 3 * _MB
BYTES_PER_PIXEL: Final = 40
# How many people come into a dynamic layout is not known at its start, up to sixteen; calls are mostly of so many.
LIKELY_PEOPLE: Final = 4

# A child has 20 files open before it pushes: its log, lifeline, event loop, bus; then one for each push and image.
FILES: Final = 24
# Threads count as processes for the kernel's limits. A relay has one, and a few more while it looks names up; a mix has
# one for each source, the mixer's and x264's.
PASS_PROCESSES: Final = 4
MIX_PROCESSES: Final = 12


@dataclass(frozen=True, slots=True)
class Need:
    """What a task takes of its machine: cores, bytes, open files, and processes with their threads."""

    cpu: float
    memory_bytes: int
    files: int = FILES
    processes: int = PASS_PROCESSES


# The least that any task takes.
RELAY: Final = Need(PASS_CPU, PASS_MEMORY)


def need_of(plan: Plan, cores: int = 2, preset: str = "auto") -> Need:
    """Return the estimate for `plan`. `cores` and `preset` decide with what x264 encodes (`model/encoding.py`)."""
    files = FILES + len(plan.destinations)
    if plan.mix is None:
        return Need(PASS_CPU, PASS_MEMORY, files)
    scene = plan.mix.scene
    if scene is None:
        people = len(plan.mix.voices.only) or LIKELY_PEOPLE
        return Need(SOUND_MIX_CPU, MIX_MEMORY, files, MIX_PROCESSES + people)
    encoding, windows = scene.encoding, _windows(scene)
    return Need(
        cpu=load(encoding, choose(encoding, cores, preset).preset) + windows * encoding.fps * WINDOW_CPU_PER_FPS,
        memory_bytes=MIX_MEMORY + windows * WINDOW_MEMORY + encoding.width * encoding.height * BYTES_PER_PIXEL,
        files=files,
        processes=MIX_PROCESSES + windows,
    )


def _windows(scene: Scene) -> int:
    return max(1, len(scene.layout.slots)) if scene.layout.mode is LayoutMode.CUSTOM else LIKELY_PEOPLE
