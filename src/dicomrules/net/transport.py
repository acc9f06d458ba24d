"""A TCP connection with a deadline for everything: bytes out, bytes in, for one thread.

The socket never blocks; waiting is done by `poll`. Deadlines are moments of `time.monotonic()`.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from dicomrules.net import tcp
from dicomrules.net.failures import AssociationError, Lost, TimedOut, Unreachable

Part = bytes | memoryview

_RECEIVE = 64 * 1024  # what a sender receives is short
_MOST_PARTS = 1024  # that Linux takes in one write (UIO_MAXIOV)


class Transport:
    """One connected socket. `receive` gives views of one buffer that is used again."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected socket."""
        sock.setblocking(False)
        tcp.prepare(sock)
        self._socket = sock
        self._buffer = memoryview(bytearray(_RECEIVE))
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def send(self, parts: Sequence[Part], deadline: float, when_input: Callable[[], object]) -> None:
        """Send all of `parts`, in one write where the kernel takes it. `when_input` is called when bytes came first."""
        rest = list(parts)
        while rest:
            try:
                taken = self._write(rest)
            except BlockingIOError:
                ready = self._wait(select.POLLIN | select.POLLOUT, deadline)
                if not ready:
                    raise TimedOut("the peer takes no more bytes") from None
                if not ready & select.POLLOUT and self.has_input():
                    when_input()
                continue
            except OSError as error:
                raise Lost(f"the connection broke while sending ({_words(error)})") from error
            rest = _untaken(rest, taken)

    def receive(self, deadline: float) -> memoryview | None:
        """What came next; an empty view when the peer closed. None: nothing came in time."""
        while True:
            try:
                tcp.quickack(self._socket)
                return self._buffer[: self._read()]
            except BlockingIOError:
                if not self._wait(select.POLLIN, deadline):
                    return None
            except OSError as error:
                raise Lost(f"the connection broke while waiting ({_words(error)})") from error

    def has_input(self) -> bool:
        """Whether bytes, or the peer's closing, wait to be received."""
        return bool(self._wait(select.POLLIN, 0))

    def discard(self) -> None:
        """Receive once and forget it. Raises Lost when the peer closed."""
        if not self.receive(0):
            raise Lost("the peer closed the connection")

    def close(self, linger: float = 0) -> None:
        """Close; before that, wait up to `linger` seconds for the peer to close, so that our last words are read."""
        with suppress(OSError, AssociationError):
            if linger:
                self._socket.shutdown(socket.SHUT_WR)
                deadline = time.monotonic() + linger
                while self.receive(deadline):
                    continue
        self._socket.close()

    def _write(self, parts: Sequence[Part]) -> int:
        """How many bytes of `parts` were taken. BlockingIOError: none just now."""
        return self._socket.sendmsg(parts[:_MOST_PARTS])

    def _read(self) -> int:
        """How many bytes came into the buffer, 0 at the end. BlockingIOError: none just now."""
        return self._socket.recv_into(self._buffer)

    def _wait(self, events: int, deadline: float) -> int:
        """The events that are there, errors among them; 0 when the deadline passed."""
        self._poll.modify(self._socket, events)
        left = max(0.0, deadline - time.monotonic()) if deadline else 0.0
        ready = self._poll.poll(left * 1000)
        return ready[0][1] if ready else 0


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """A connected socket to the first address of `host` that answers. Raises Unreachable."""
    place = f"{host} port {port}"
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"no address is known for host {host}") from error
    problem = "no answer in time"
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            sock.connect(address)
            return sock
        except OSError as error:
            problem = "no answer in time" if isinstance(error, TimeoutError) else _words(error)
            sock.close()
    raise Unreachable(f"no connection to {place}: {problem}")


def _untaken(parts: list[Part], taken: int) -> list[Part]:
    """What is left of `parts` after the kernel took so many bytes."""
    for position, part in enumerate(parts):
        if taken < len(part):
            return [memoryview(part)[taken:], *parts[position + 1 :]]
        taken -= len(part)
    return []


def _words(error: OSError) -> str:
    """The system's own words, without addresses or file names."""
    return (error.strerror or type(error).__name__).lower()
