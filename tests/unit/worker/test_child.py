"""Child: a fault in one of its threads ends it, so that it is started again."""

import subprocess
import sys

PROGRAM = """
import threading, time
from tailrace.worker import child

def fail():
    raise ValueError("the mixer is broken")

threading.excepthook = child.end_with_the_thread
threading.Thread(target=fail, name="mixer").start()
threading.Event().wait(20)
"""


def test_a_child_does_not_outlive_a_thread_that_failed() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "the mixer is broken" in ended.stderr
