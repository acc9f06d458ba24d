"""Options of TCP sockets that DICOM needs, for both sides of an association.

Most DICOM toolkits leave Nagle's algorithm on and write each PDU in two pieces. The second waits until we acknowledge
the first, and Linux delays that by 40 ms, for every image. So we ask for a quick acknowledgement before every receive,
because the kernel forgets it, and send our own PDUs without delay.
"""

import socket

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only
_KEEPALIVE_SECONDS = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


def prepare(sock: socket.socket) -> None:
    """Set once, on a connected socket: no delay when sending, and a peer that vanished is noticed within two
    minutes.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE_SECONDS:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def quickack(sock: socket.socket) -> None:
    """Set again before every receive: acknowledge at once what comes next."""
    if _QUICKACK is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
