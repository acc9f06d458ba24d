"""Peers for bench/hostile.py, each as a process of its own: held connections, requests as large as is legal, and an
honest sender.

    python bench/hostile_peers.py hold PORT TLS_PORT COUNT SECONDS
    python bench/hostile_peers.py flood PORT PER_SECOND SECONDS
    python bench/hostile_peers.py store PORT SECONDS

Hostile connections come from addresses out of 127.0.0.0/8, 25 from each, so that a limit on each address lets them
through. Whoever is closed comes back at once; the first connections are spread over the time that one is borne.
"""

import errno
import selectors
import socket
import sys
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults.senders import image
from tests.peers.raw_dul import RawPeer, associate_rq, c_store_rq, largest_rq, p_data, pdu, pdv

SIZE = 100_000  # bytes of pixels of the honest sender's objects
AN_ADDRESS = 25  # connections from each
AGAIN = 0.1  # seconds until a connection that was closed is made anew
SPREAD = 10.0  # seconds over which the first ones are made
SLOWLY = 2.0  # seconds between two bytes of a slow one
FIRST_WORDS = {
    "idle": b"",
    "half a PDU": associate_rq()[:100],
    "slow": associate_rq()[:1],
    "silent, on the TLS port": b"",
    "oversized": pdu(0x01, b"x" * 1000, length=0xFFFFFFFF),
}


class Hostile:
    """One connection of a kind, made again and again."""

    def __init__(self, number: int, kind: str, port: int):
        self.kind = kind
        self._address = f"127.66.{number // AN_ADDRESS // 250}.{number // AN_ADDRESS % 250 + 1}"
        self._port = port
        self.socket: socket.socket | None = None
        self.due = 0.0  # when something is to be done
        self.made = 0
        self._said = 1

    def connect(self, now: float) -> None:
        """Connect and say the first words."""
        made = socket.socket()
        made.setblocking(False)
        made.bind((self._address, 0))
        if made.connect_ex(("127.0.0.1", self._port)) not in (0, errno.EINPROGRESS):
            made.close()
            self.due = now + AGAIN
            return
        self.socket, self.made, self._said = made, self.made + 1, 1
        self.due = now + SLOWLY if self.kind == "slow" else float("inf")

    def speak(self) -> None:
        """The connection stands: say the first words."""
        assert self.socket is not None
        with suppress(OSError):
            self.socket.send(FIRST_WORDS[self.kind])

    def one_byte(self, now: float) -> None:
        """The next byte of a slow one."""
        assert self.socket is not None
        with suppress(OSError):
            self.socket.send(associate_rq()[self._said : self._said + 1])
        self._said += 1
        self.due = now + SLOWLY

    def closed(self, now: float) -> bool:
        """Read what came; whether the other side has closed."""
        assert self.socket is not None
        try:
            if self.socket.recv(4096):
                return False
        except BlockingIOError:
            return False
        except OSError:
            pass
        self.socket.close()
        self.socket, self.due = None, now + AGAIN
        return True


def hold(port: int, tls_port: int, count: int, seconds: float) -> None:
    """`count` connections for so long; how many were open at each look, and how many were made."""
    kinds = cycle(FIRST_WORDS)
    peers = [
        Hostile(number, kind, tls_port if "TLS" in kind else port)
        for number, kind in zip(range(count), kinds, strict=False)
    ]
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    for number, peer in enumerate(peers):
        peer.due = began + SPREAD * number / count
    end, looks, next_look = began + SPREAD + seconds, [], began + SPREAD + 1
    while (now := time.monotonic()) < end:
        for key, mask in selector.select(0.05):
            peer: Hostile = key.data
            if mask & selectors.EVENT_WRITE:
                selector.modify(key.fileobj, selectors.EVENT_READ, peer)
                peer.speak()
            else:
                selector.unregister(key.fileobj)
                if not peer.closed(now) and peer.socket is not None:
                    selector.register(peer.socket, selectors.EVENT_READ, peer)
        for peer in (each for each in peers if each.due <= now):
            if peer.socket is not None:
                peer.one_byte(now)
            else:
                peer.connect(now)
                if peer.socket is not None:
                    selector.register(peer.socket, selectors.EVENT_WRITE, peer)
        if now >= next_look:
            looks.append(sum(peer.socket is not None for peer in peers))
            next_look = now + 1
    print(min(looks), max(looks), sum(peer.made for peer in peers))


def flood(port: int, per_second: float, seconds: float) -> None:
    """Associations with the largest legal request, opened and broken off; how many were accepted."""
    request = largest_rq(calling="KNOWN", called="GATEWAY")
    began, accepted = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        with RawPeer(port, source=f"127.77.0.{accepted % 250 + 1}") as peer:
            peer.send(request)
            answer = peer.receive()
            accepted += answer is not None and answer[0] == 0x02
        time.sleep(max(0.0, began + accepted / per_second - now))
    print(accepted)


def store(port: int, seconds: float) -> None:
    """Objects over one association, one after the other; how many a second were acknowledged."""
    first, data = image("HONEST", 1, SIZE)
    with RawPeer(port, timeout=60) as peer:
        peer.associate(calling="HONEST", called="GATEWAY")
        began, stored = time.monotonic(), 0
        while (took := time.monotonic() - began) < seconds:
            uid = f"2.25.{time.time_ns()}{stored}".ljust(len(first), "7")[: len(first)]
            peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 2, data.replace(first.encode(), uid.encode()))))
            assert peer.status() == 0
            stored += 1
    print(stored / took)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    elif sys.argv[1] == "store":
        store(int(sys.argv[2]), float(sys.argv[3]))
    else:
        flood(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
