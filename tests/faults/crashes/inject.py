"""System calls of a life that fail, or kill it, on purpose: by strace, below everything that the program could know."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tests.peers.running import until

# What leaves something on a disk, or opens a file that will. SQLite makes its own calls, and they are among these.
DURABLE = ("fdatasync", "fsync", "rename", "pwrite64", "unlink", "openat", "ftruncate", "mkdir")
_ERRORS = {
    "fdatasync": ("EIO", "ENOSPC", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC", "EROFS", "EDQUOT", "EACCES"),
    "pwrite64": ("EIO", "ENOSPC", "EDQUOT", "EFBIG"),
    "unlink": ("EIO", "EROFS", "EACCES"),
    "openat": ("EMFILE", "ENFILE", "ENOSPC", "EROFS", "EACCES", "EIO"),
    "ftruncate": ("EIO",),
    "mkdir": ("ENOSPC", "EROFS"),
}
_LONGEST = 10.0  # seconds that a life is traced at most


class NoStrace(Exception):
    """No process may be traced here: why."""


@dataclass(frozen=True)
class Fault:
    """Each thread's `number`th such call, and with `lasting` every one after it, meets `what`: `signal=KILL`,
    `error=EIO`.
    """

    call: str
    what: str
    number: int
    lasting: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.number}{'+' if self.lasting else ''} {self.what}"


def kills() -> list[Fault]:
    """Every durable call, the first ones of each thread and later ones."""
    return [Fault(call, "signal=KILL", number) for call, number in product(DURABLE, (1, 2, 3, 4, 6, 9, 14, 21))]


def errors() -> list[Fault]:
    """Every durable call with each of its errors: once, and from then on."""
    pairs = [(call, error) for call, found in _ERRORS.items() for error in found]
    return [
        Fault(call, f"error={error}", number, lasting)
        for (call, error), number, lasting in product(pairs, (1, 2, 5, 12), (False, True))
    ]


@contextmanager
def injected(pid: int, fault: Fault) -> Iterator[None]:
    """The process and all threads that it will have are traced. Raises NoStrace."""
    strace = shutil.which("strace")
    if strace is None:
        raise NoStrace("strace is not installed")
    when = f"{fault.number}{'+' if fault.lasting else ''}"
    inject = f"inject={fault.call}:{fault.what}:when={when}"
    command = [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={fault.call}", "-e", inject, "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        status = Path(f"/proc/{pid}/status")
        until(lambda: tracer.poll() is not None or "TracerPid:\t0\n" not in status.read_text(), 10, "strace")
        if tracer.poll():
            raise NoStrace(tracer.stderr.read().strip() if tracer.stderr else "strace ended")
        late = threading.Timer(_LONGEST, tracer.kill)  # strace may wait for ever for a thread that is dead
        late.start()
        yield
        late.cancel()
    finally:
        tracer.kill()
        tracer.wait(10)
