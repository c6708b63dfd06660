"""Threads of another process that are made to stand still while its first one goes on (Linux, by ptrace)."""

import ctypes
import os
import time
from pathlib import Path

# <sys/ptrace.h>; and __WALL of <linux/wait.h>: threads are waited for that are no children.
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000
LOOK_EACH = 0.01


def stand_still_until_killed(pid: int, timeout: float) -> None:
    """Stop all threads of a process but its first, and wait until somebody has killed it.

    Raises PermissionError where that is not allowed, and AssertionError when nobody does.
    """
    threads = [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir() if int(path.name) != pid]
    for thread in threads:
        _ptrace(PTRACE_SEIZE, thread)
        _ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
    deadline = time.monotonic() + timeout
    for thread in threads:
        # Their end is told to us, and until we have heard of it nobody else learns that the process is over.
        while os.waitpid(thread, WALL | os.WNOHANG) == (0, 0):
            assert time.monotonic() < deadline, "a process with threads that stand still was not killed"
            time.sleep(LOOK_EACH)


def _ptrace(request: int, thread: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(ctypes.c_long(request), ctypes.c_int(thread), None, None) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
