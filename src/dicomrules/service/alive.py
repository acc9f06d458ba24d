"""Which processes of a gateway are alive, as the kernel knows it: each holds a lock for as long as it lives."""

import fcntl
import os
from pathlib import Path


def hold(state: Path, name: str) -> int:
    """Say that this process is the one of that name; the descriptor must stay open for its whole life.

    The file holds the process id, for people: what counts is the lock.
    """
    descriptor = os.open(state / f"{name}.alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # one that has just died lets go of it in a moment
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    return descriptor


def is_alive(state: Path, name: str) -> bool:
    """Whether a process of that name lives; False when nobody may know, such as another user."""
    try:
        descriptor = os.open(state / f"{name}.alive", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
