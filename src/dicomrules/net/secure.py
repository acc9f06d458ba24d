"""A TLS connection that we open: the handshake under a deadline, then the same as any other connection.

What is to be sent is gathered in one buffer and leaves in one write, however many pieces it has: Python's ssl cannot
gather, and a record for each head of a PDU would cost the peer a decryption each.
"""

import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress

from dicomrules.net import tcp
from dicomrules.net.failures import Insecure
from dicomrules.net.tls import Secured, Unusable, words
from dicomrules.net.transport import Part, Transport

_GATHER = 256 * 1024


class SecureTransport(Transport):
    """A connected TLS socket, after its handshake."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        """Take over a connected socket."""
        super().__init__(sock)
        self._tls = sock
        self._closed = False  # the peer says no more
        self._out = memoryview(bytearray(_GATHER))
        self._early = 0  # bytes at the front of the receive buffer that `has_input` has found

    def has_input(self) -> bool:
        """Whether bytes, or the peer's closing, wait to be received; what is TLS's own business does not count."""
        if not self._early and super().has_input():
            with suppress(OSError):
                tcp.quickack(self._socket)
                self._early = self._read_now()
        return bool(self._early) or self._closed

    def close(self, linger: float = 0) -> None:
        """Say that nothing follows (RFC 8446 6.1), then close."""
        with suppress(OSError, ValueError):
            self._tls.unwrap()
        super().close(linger)

    def _write(self, parts: Sequence[Part]) -> int:
        filled = 0
        for part in parts:
            taken = min(len(part), _GATHER - filled)
            self._out[filled : filled + taken] = part[:taken]
            filled += taken
            if filled == _GATHER:
                break
        try:
            return self._tls.send(self._out[:filled])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            raise BlockingIOError from None
        except ssl.SSLEOFError:
            raise  # what the peer said before it closed is still to be read
        except ssl.SSLError as error:
            raise Insecure(f"TLS broke while sending: {words(error)}") from error

    def _read(self) -> int:
        early, self._early = self._early, 0
        return early or self._read_now()

    def _read_now(self) -> int:
        try:
            count = self._tls.recv_into(self._buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        except ssl.SSLError as error:
            raise Insecure(f"TLS broke: {words(error)}") from error
        self._closed = not count
        return count


def secure(sock: socket.socket, secured: Secured, host: str, deadline: float) -> SecureTransport:
    """The TLS handshake on a connected socket. Raises Insecure; the socket is closed then."""
    name = secured.name or host
    try:
        sock.setblocking(False)
        tcp.prepare(sock)
        wrapped = secured.context().wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
        sock = wrapped
        _shake_hands(wrapped, deadline)
        return SecureTransport(wrapped)
    except Unusable as problem:
        sock.close()
        raise Insecure(f"no secure connection to {host}: {problem}") from problem
    except (OSError, ValueError) as error:
        sock.close()
        raise Insecure(f"no secure connection to {host} under the name {name}: {words(error)}") from error


def _shake_hands(sock: ssl.SSLSocket, deadline: float) -> None:
    poll = select.poll()
    while True:
        tcp.quickack(sock)
        try:
            sock.do_handshake()
            return
        except ssl.SSLWantReadError:
            poll.register(sock, select.POLLIN)
        except ssl.SSLWantWriteError:
            poll.register(sock, select.POLLOUT)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
