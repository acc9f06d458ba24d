"""A listening port with TLS: each handshake beside all others, under a deadline, with the certificates of the moment.

Nothing is spent on a connection before its first byte, and a first byte that does not begin TLS ends it. `asyncio`
itself does the handshake then; where it fails we hear why, which its own TLS servers keep to themselves.
"""

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

from dicomrules.model.event import Level
from dicomrules.model.security import ServerTls
from dicomrules.net import tcp
from dicomrules.net.link import Link
from dicomrules.net.tls import Secured, Unusable, words

if TYPE_CHECKING:
    from dicomrules.net.listener import Listener

_TLS, _DICOM = b"\x16", b"\x01"  # the first byte of TLS (RFC 8446 5.1) and of an A-ASSOCIATE-RQ
_FAREWELL = 5.0  # seconds for a peer to take the end of TLS
_OUT_OF_FILES = 1.0  # seconds to wait when no more sockets can be had


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
        family = socket.AF_INET6 if ipaddress.ip_address(settings.bind).version == 6 else socket.AF_INET
        self._socket = socket.create_server((settings.bind, settings.port), family=family, backlog=256)
        self._socket.setblocking(False)
        self.sockets = (self._socket,)
        self._under_way: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Accept nothing more; handshakes under way end."""
        for task in (self._accepting, *self._under_way):
            task.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, peername = await loop.sock_accept(self._socket)
            except ConnectionError:
                continue
            except OSError as error:
                fields: dict[str, str | int | float] = {"why": (error.strerror or "").lower()}
                self._listener.note("listener.exhausted", Level.ERROR, "no connection can be accepted now", fields)
                await asyncio.sleep(_OUT_OF_FILES)
                continue
            address = str(peername[0])
            if not self._listener.admits(address):
                sock.close()
                continue
            task = loop.create_task(self._admit(sock, address))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _admit(self, sock: socket.socket, address: str) -> None:
        """One handshake. The connection is over, and said to be, unless its link has begun."""
        link = Link(self._listener, secure=True)
        try:
            await self._shake_hands(sock, link)
        except OSError as error:
            if not link.has_begun:
                fields: dict[str, str | int | float] = {"address": address, "why": _why(error)}
                self._listener.note("tls.refused", Level.WARNING, "a peer could not make a secure connection", fields)
        finally:
            if not link.has_begun:
                self._listener.forget(None, address)

    async def _shake_hands(self, sock: socket.socket, link: Link) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._listener.settings.deadlines.handshake
        try:
            tcp.prepare(sock)
            async with asyncio.timeout_at(deadline):
                await _tls_begins(sock)
        except BaseException:
            sock.close()  # afterwards it belongs to its transport
            raise
        await loop.connect_accepted_socket(
            lambda: link,
            sock,
            ssl=self._secured.context(),
            ssl_handshake_timeout=max(deadline - loop.time(), 0.01),
            ssl_shutdown_timeout=_FAREWELL,
        )

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
    ready = loop.create_future()
    loop.add_reader(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
        tcp.quickack(sock)
        first = sock.recv(1, socket.MSG_PEEK)
    finally:
        loop.remove_reader(sock)
    if first != _TLS:
        raise _NotTls(first)


def _why(error: OSError) -> str:
    if not isinstance(error, _NotTls):
        return words(error)
    if not error.first:
        return "it closed the connection before it said anything"
    return "it spoke DICOM without TLS" if error.first == _DICOM else "it spoke neither TLS nor DICOM"
