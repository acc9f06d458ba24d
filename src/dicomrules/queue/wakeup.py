"""A knock on the door: intake tells delivery that the ledger holds something new.

A datagram without content on a Unix socket in the state folder. Best effort: what is lost is found by the poll that
goes on beside it, so nothing here ever fails or blocks the one who knocks.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "wake"
_ROOM = 100  # bytes that fit into a Unix socket's address everywhere


class Knocker:
    """The side that knocks."""

    def __init__(self, state: Path) -> None:
        """For the socket in the folder `state`, whether anyone listens there yet or not."""
        self._state = state
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def notify(self) -> bool:
        """Knock; whether somebody is there. When many knocks are unheard yet, there is nothing to add."""
        try:
            with _Address(self._state) as address:
                self._socket.sendto(b"", address)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Wakeup:
    """The side that waits; one for a state folder. A context manager that closes it."""

    def __init__(self, state: Path) -> None:
        """Bind the socket, taking over from one that died. Raises OSError."""
        self._state = state
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (state / NAME).unlink(missing_ok=True)
        with _Address(state) as address:
            self._socket.bind(address)
        (state / NAME).chmod(0o600)

    def wait(self, timeout: float) -> bool:
        """Wait for a knock, at most `timeout` seconds; whether there was one. Many knocks before it returns are one."""
        self._socket.settimeout(timeout)
        try:
            self._socket.recv(1)
        except (TimeoutError, BlockingIOError):  # the latter for a `timeout` of 0
            return False
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(1)
        return True

    def close(self) -> None:
        """Close the socket and take its name away."""
        self._socket.close()
        (self._state / NAME).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Address:
    """The socket's address, by way of the folder's descriptor where the path itself is too long for one."""

    def __init__(self, state: Path) -> None:
        self._path = str(state / NAME)
        self._folder = str(state)
        self._fd = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= _ROOM:
            return self._path
        self._fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._fd}/{NAME}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)
