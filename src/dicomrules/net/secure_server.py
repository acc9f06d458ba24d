"""A listening port with TLS: each handshake beside all others, under a deadline, with the certificates of the moment.

Nothing is spent on a connection before its first byte, and a first byte that does not begin TLS ends it. Why a
handshake failed is told to the peer, by TLS's own alert, and to the log.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from dicomrules.model.event import Level
from dicomrules.model.security import ServerTls
from dicomrules.net import tcp
from dicomrules.net.door import Door, listening
from dicomrules.net.link import Link
from dicomrules.net.tls import Secured, Unusable, words
from dicomrules.net.tls_transport import TlsTransport

if TYPE_CHECKING:
    from dicomrules.net.listener import Listener

_TLS, _DICOM = b"\x16", b"\x01"  # the first byte of TLS (RFC 8446 5.1) and of an A-ASSOCIATE-RQ
_FAREWELL = 1.0  # seconds for a refused peer to read why
_MOST_DISCARDED = 16  # receives in that time


class SecureServer:
    """Accepts connections for a listener and gives it those whose handshake succeeds. Like an asyncio.Server."""

    def __init__(self, listener: "Listener", tls: ServerTls) -> None:
        """Listen. OSError when the port is taken or may not be used, or the certificates cannot be used."""
        self._listener = listener
        self._secured = Secured(tls, self._not_reloaded)
        try:
            self._secured.context()
        except Unusable as problem:
            raise OSError(str(problem)) from problem
        settings = listener.settings
        self._door = Door(
            listening(settings.bind, settings.port),
            lambda _sock, address: listener.admits(address),
            self._admit,
            self._exhausted,
        )
        self.sockets = self._door.sockets

    def close(self) -> None:
        """Accept nothing more; handshakes under way end."""
        self._door.close()

    def _exhausted(self, why: str) -> None:
        self._listener.note("listener.exhausted", Level.ERROR, "no connection can be accepted now", {"why": why})

    async def _admit(self, sock: socket.socket, peername: tuple[str, int]) -> None:
        """One handshake, and the beginning of its link; without one, the connection is closed and said to be over."""
        begun = False
        try:
            async with asyncio.timeout(self._listener.settings.deadlines.handshake):
                secured = await self._secure(sock)
            TlsTransport(secured, Link(self._listener, secure=True), peername).begin()
            begun = True
        except OSError as error:
            fields: dict[str, str | int | float] = {"address": peername[0], "why": _why(error)}
            self._listener.note("tls.refused", Level.WARNING, "a peer could not make a secure connection", fields)
        finally:
            if not begun:
                self._listener.forget(None, peername[0])

    async def _secure(self, sock: socket.socket) -> ssl.SSLSocket:
        """The TLS socket that `sock` becomes. Raises OSError; the socket is closed then."""
        try:
            tcp.prepare(sock)
            await _tls_begins(sock)
            sock = self._secured.context().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            await _shake_hands(sock)
            return sock
        except ssl.SSLError:
            await _let_it_read(sock)
            raise
        except BaseException:
            sock.close()
            raise

    def _not_reloaded(self, why: str) -> None:
        text = "changed certificates cannot be used: those of before go on being used"
        self._listener.note("tls.not_reloaded", Level.ERROR, text, {"why": why})


class _NotTls(OSError):
    """The peer began with another byte than TLS does."""

    def __init__(self, first: bytes) -> None:
        super().__init__("no TLS")
        self.first = first


async def _tls_begins(sock: socket.socket) -> None:
    """Wait for the first byte, which stays where it is. Raises _NotTls when it does not begin TLS."""
    loop = asyncio.get_running_loop()
    await _ready(sock, loop.add_reader, loop.remove_reader)
    first = sock.recv(1, socket.MSG_PEEK)
    if first != _TLS:
        raise _NotTls(first)


async def _shake_hands(sock: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            sock.do_handshake()
            return
        except ssl.SSLWantReadError:
            await _ready(sock, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _ready(sock, loop.add_writer, loop.remove_writer)


async def _let_it_read(sock: socket.socket) -> None:
    """Close so that the peer gets the alert that was sent: a socket with unread bytes would reset the connection."""
    loop = asyncio.get_running_loop()
    try:
        sock.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(_FAREWELL):
            for _ in range(_MOST_DISCARDED):
                await _ready(sock, loop.add_reader, loop.remove_reader)
                if not sock.recv(16 * 1024):
                    break
    except OSError:
        return
    finally:
        sock.close()


async def _ready(sock: socket.socket, add: Callable[..., object], remove: Callable[..., object]) -> None:
    """Wait until the socket can be read or written."""
    ready = asyncio.Event()
    tcp.quickack(sock)
    add(sock, ready.set)
    try:
        await ready.wait()
    finally:
        remove(sock)


def _why(error: OSError) -> str:
    if not isinstance(error, _NotTls):
        return words(error)
    if not error.first:
        return "it closed the connection before it said anything"
    return "it spoke DICOM without TLS" if error.first == _DICOM else "it spoke neither TLS nor DICOM"
