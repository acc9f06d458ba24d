"""Who may associate with a receiver: calling AE title and address together, and the titles it answers to.

Titles are compared as they are after trimming, case-sensitive (PS3.8 9.3.2). The host of a known peer is an address, a
CIDR block, or a name; names are looked up now and then, never while a peer waits. A name that cannot be looked up
keeps the addresses it had.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import replace

from dicomrules.model.receiver import KnownPeer
from dicomrules.wire.associate import CALLED_AET_UNKNOWN, CALLING_AET_UNKNOWN, Rejection, Titles

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


_FROM_ELSEWHERE = replace(CALLING_AET_UNKNOWN, why="this AE title is known, but at another address")


class Allowlist:
    """The known peers of one receiver. `peers` None: anyone; `called_aets` None: any title."""

    def __init__(self, peers: tuple[KnownPeer, ...] | None, called_aets: tuple[str, ...] | None) -> None:
        self._anyone = peers is None
        self._called = None if called_aets is None else frozenset(called_aets)
        self._networks: dict[str, list[_Network]] = {}
        self._names: dict[str, set[str]] = {}
        self._resolved: dict[str, frozenset[_Address]] = {}
        for peer in peers or ():
            network = _network(peer.host)
            if network is not None:
                self._networks.setdefault(peer.aet, []).append(network)
            else:
                self._names.setdefault(peer.aet, set()).add(peer.host)

    @property
    def names(self) -> frozenset[str]:
        """The host names that must be looked up."""
        return frozenset(name for names in self._names.values() for name in names)

    def refusal(self, titles: Titles, address: str) -> Rejection | None:
        """None when this peer may associate; else what to answer it (PS3.8 Table 9-21)."""
        if self._called is not None and titles.called_aet not in self._called:
            return CALLED_AET_UNKNOWN
        if self._anyone or self._knows(titles.calling_aet, address):
            return None
        known = titles.calling_aet in self._networks or titles.calling_aet in self._names
        return _FROM_ELSEWHERE if known else CALLING_AET_UNKNOWN

    async def look_up(self, failed: Callable[[str], None]) -> None:
        """Look all names up again; `failed` is told each name that has no address now."""
        loop = asyncio.get_running_loop()
        for name in self.names:
            try:
                found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            except OSError:
                failed(name)
                continue
            self._resolved[name] = frozenset(_address(str(entry[4][0])) for entry in found)

    def _knows(self, calling_aet: str, address: str) -> bool:
        try:
            at = _address(address)
        except ValueError:
            return False
        if any(at in network for network in self._networks.get(calling_aet, ())):
            return True
        names = self._names.get(calling_aet, ())
        return any(at in self._resolved.get(name, ()) for name in names)


def _network(host: str) -> _Network | None:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        return None


def _address(text: str) -> _Address:
    """An address without its zone; one of IPv4 that came by an IPv6 socket is one of IPv4."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
