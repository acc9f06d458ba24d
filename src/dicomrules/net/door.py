"""A listening socket that counts who comes before anything else is done for them, and gives each a task of its own."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Coroutine

_OUT_OF_FILES = 1.0  # seconds to wait when no more sockets can be had

Peername = tuple[str, int]


class Door:
    """Accepts connections until it is closed. `sockets` as an asyncio.Server has them.

    `admits` counts a connection, or sends it away and says False; `begins` takes over one that was counted.
    """

    def __init__(
        self,
        sock: socket.socket,
        admits: Callable[[socket.socket, str], bool],
        begins: Callable[[socket.socket, Peername], Coroutine[None, None, None]],
        exhausted: Callable[[str], None],
    ) -> None:
        self._socket = sock
        self._admits = admits
        self._begins = begins
        self._exhausted = exhausted
        self.sockets = (sock,)
        self._under_way: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Accept nothing more; what begins now ends."""
        for task in (self._accepting, *self._under_way):
            task.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, (address, port, *_) = await loop.sock_accept(self._socket)
            except ConnectionError:
                continue
            except OSError as error:
                self._exhausted((error.strerror or "").lower())
                await asyncio.sleep(_OUT_OF_FILES)
                continue
            if not self._admits(sock, address):
                sock.close()
                continue
            task = loop.create_task(self._begins(sock, (address, port)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)


def listening(bind: str, port: int) -> socket.socket:
    """A socket that listens and does not block. OSError when the port is taken or may not be used."""
    family = socket.AF_INET6 if ipaddress.ip_address(bind).version == 6 else socket.AF_INET
    sock = socket.create_server((bind, port), family=family, backlog=256)
    sock.setblocking(False)
    return sock
