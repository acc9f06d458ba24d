"""A connection that was accepted over TLS, as asyncio's protocols know transports.

asyncio's own puts two buffers and two copies between the socket and the protocol, and closes a failed handshake without
the alert that tells the peer why. Here OpenSSL reads the socket itself and decrypts into the protocol's buffer.
"""

import asyncio
import ssl
from contextlib import suppress

_AT_ONCE = 16  # receives, of at most one TLS record each, before others have their turn
_HIGH, _LOW = 64 * 1024, 16 * 1024  # bytes not yet taken by the peer: the protocol pauses, and goes on


class TlsTransport(asyncio.Transport):
    """One socket after its handshake. `begin` connects the protocol to it."""

    def __init__(self, sock: ssl.SSLSocket, protocol: asyncio.BufferedProtocol, peername: tuple[str, int]) -> None:
        """Take over a socket that does not block."""
        super().__init__({"socket": sock, "peername": peername})
        self._socket = sock
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._out = bytearray()  # written, and not taken by the kernel
        self._reading = False
        self._at_end = False  # the peer sends no more
        self._closing = False
        self._lost = False
        self._paused = False  # the protocol, from writing

    def begin(self) -> None:
        """Tell the protocol, and begin to receive."""
        self._protocol.connection_made(self)
        self.resume_reading()

    def is_closing(self) -> bool:
        """Whether nothing may be written any more."""
        return self._closing

    def pause_reading(self) -> None:
        """Receive nothing for now."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def resume_reading(self) -> None:
        """Receive again, first of all what TLS has read from the socket already."""
        if not (self._reading or self._closing or self._at_end):
            self._reading = True
            self._loop.add_reader(self._socket, self._receive)
            self._loop.call_soon(self._receive)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, or keep until the peer takes it."""
        if self._closing:
            return
        waiting = bool(self._out)
        self._out += data
        if not waiting:
            self._send()
            if self._out and not self._lost:
                self._loop.add_writer(self._socket, self._send)
        if len(self._out) > _HIGH and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """Close once everything written is sent."""
        if not self._closing:
            self._closing = True
            self.pause_reading()
            if not self._out:
                self._end()

    def abort(self) -> None:
        """Close at once."""
        self._lose(None)

    def _receive(self) -> None:
        for _ in range(_AT_ONCE):
            if not self._reading:
                return
            try:
                count = self._socket.recv_into(self._protocol.get_buffer(-1))
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self._lose(error)
                return
            if not count:
                self._end_of_input()
                return
            self._protocol.buffer_updated(count)
        if self._reading and self._socket.pending():
            self._loop.call_soon(self._receive)

    def _end_of_input(self) -> None:
        self.pause_reading()
        self._at_end = True
        if not self._protocol.eof_received():
            self.close()

    def _send(self) -> None:
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self._lose(error)
            return
        if self._paused and len(self._out) <= _LOW:
            self._paused = False
            self._protocol.resume_writing()
        if not self._out:
            self._loop.remove_writer(self._socket)
            if self._closing:
                self._end()

    def _end(self) -> None:
        """Say that nothing follows (RFC 8446 6.1), and close; the peer's own word is not waited for."""
        with suppress(OSError, ValueError):
            self._socket.unwrap()
        self._lose(None)

    def _lose(self, error: OSError | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self.pause_reading()
        self._loop.remove_writer(self._socket)
        self._out.clear()
        self._loop.call_soon(self._gone, error)

    def _gone(self, error: OSError | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._socket.close()
