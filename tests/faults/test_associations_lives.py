"""A-06, A-07, A-13 to A-15: how connections begin and end, in numbers; nothing of them is left, nobody else waits."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.processes import intake_and_delivery
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import ABORT, RELEASE_RQ, RawPeer, associate_rq, c_store_rq, p_data, pdv
from tests.peers.running import until
from tests.wire.objects import ct_slice
from tests.wire.running import RunningScp

GOOD = ct_slice("1.2.3")
STORE = p_data(pdv(1, 3, c_store_rq("1.2.3")))


def nobody(scp: RunningScp) -> bool:
    """Whether the port has forgotten every connection."""
    listener = scp.scp._listener
    return not listener._links and not listener._by_address


def _after_the_response(peer: RawPeer) -> None:
    assert peer.store("1.2.3", GOOD) == 0


STAGES: dict[str, Callable[[RawPeer], object]] = {
    "connect": lambda peer: None,
    "half a request": lambda peer: peer.send(associate_rq()[:90]),
    "the request": lambda peer: peer.send(associate_rq()),
    "the acceptance": lambda peer: peer.associate(),
    "half a command": lambda peer: (peer.associate(), peer.send(p_data(pdv(1, 1, c_store_rq("1.2.3")[:30])))),
    "the command": lambda peer: (peer.associate(), peer.send(STORE)),
    "half the data": lambda peer: (peer.associate(), peer.send(STORE, p_data(pdv(1, 0, GOOD[:300])))),
    "half a fragment": lambda peer: (peer.associate(), peer.send(STORE, p_data(pdv(1, 2, GOOD))[:-7])),
    "the response": lambda peer: (peer.associate(), _after_the_response(peer)),
    "the release": lambda peer: (peer.associate(), peer.send(RELEASE_RQ)),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a07_a_reset_at_any_stage_frees_all_and_leaves_no_file(scp: RunningScp, stage: str) -> None:
    peer = RawPeer(scp.port)
    STAGES[stage](peer)
    peer.reset()
    until(lambda: nobody(scp), 15, "the connection to be forgotten")
    assert scp.leftovers == []
    assert len(scp.inbox.accepted) == (stage == "the response")
    assert "association.failed" not in scp.names()
    with RawPeer(scp.port) as other:
        other.associate()
        assert other.echo() == 0


def test_a06_idle_and_half_said_connections_of_many_addresses_do_not_stop_an_honest_sender(
    start_scp: Callable[..., RunningScp],
) -> None:
    scp = start_scp()
    held = [RawPeer(scp.port, source=f"127.66.0.{number // 25 + 1}") for number in range(300)]
    for number, peer in enumerate(held):
        peer.send(associate_rq()[: 90 * (number % 2)])
    with RawPeer(scp.port) as honest:
        honest.associate()
        for _ in range(20):
            assert honest.store("1.2.3", GOOD) == 0
    assert sum(scp.scp._listener._by_address.values()) >= 300
    for peer in held:
        peer.socket.close()
    until(lambda: nobody(scp), 10, "all of them to be forgotten")


def test_a06_connections_beyond_the_share_of_an_address_are_told_once(start_scp: Callable[..., RunningScp]) -> None:
    scp = start_scp(per_address=4)
    held = [RawPeer(scp.port, source="127.66.0.1") for _ in range(4)]
    until(lambda: scp.scp._listener._by_address["127.66.0.1"] == 4)
    for _ in range(100):
        with RawPeer(scp.port, source="127.66.0.1") as peer:
            assert peer.closed_within(15)
    with RawPeer(scp.port) as honest:
        honest.associate()
        assert honest.echo() == 0
    assert scp.names().count("connection.refused") == 1
    for peer in held:
        peer.socket.close()


@pytest.mark.parametrize("most", [1, 10, 100])
def test_a15_the_association_over_the_limit_is_rejected_for_now_and_no_other_ends(
    start_scp: Callable[..., RunningScp], most: int
) -> None:
    scp = start_scp(associations=most)
    peers = [RawPeer(scp.port, source=f"127.66.0.{number // 25 + 1}") for number in range(most)]
    for peer in peers:
        peer.associate()
    threads = threading.active_count()
    for _ in range(20):
        with RawPeer(scp.port) as peer:
            peer.send(associate_rq())
            assert peer.receive() == (3, bytes((0, 2, 3, 2)))
    assert threading.active_count() == threads
    assert {peer.echo() for peer in peers} == {0}
    for peer in peers:
        peer.socket.close()


def test_two_hundred_honest_associations_at_once_all_complete(scp: RunningScp) -> None:
    peers = [RawPeer(scp.port, 30, source=f"127.99.0.{number // 8 + 1}") for number in range(200)]
    for peer in peers:
        peer.send(associate_rq())
    assert {peer.receive()[0] for peer in peers} == {0x02}
    assert scp.scp.associations == 200
    for number, peer in enumerate(peers):
        uid = f"1.2.3.{number}"
        peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 2, ct_slice(uid, 5000, patient=f"P{number}"))))
    assert {peer.status() for peer in peers} == {0}
    for peer in peers:
        peer.send(RELEASE_RQ)
    assert {peer.receive() for peer in peers} == {(6, bytes(4))}
    for peer in peers:
        peer.socket.close()
    received = {envelope.key.sop_instance: data for envelope, data in scp.inbox.accepted}
    assert received == {f"1.2.3.{n}": ct_slice(f"1.2.3.{n}", 5000, patient=f"P{n}") for n in range(200)}
    until(lambda: nobody(scp), 10, "all of them to be forgotten")


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), 5).close()


def _release(port: int) -> None:
    with RawPeer(port) as peer:
        peer.associate(calling="CT_A1", called="DICOMRULES")
        peer.send(RELEASE_RQ)
        assert peer.receive() == (6, bytes(4))


def _abort(port: int) -> None:
    with RawPeer(port) as peer:
        peer.associate(calling="CT_A1", called="DICOMRULES")
        peer.send(ABORT)
        assert peer.receive() is None


ONE = {"a13_connect_close": _connect, "a14_associate_release": _release, "a14_associate_abort": _abort}


def _process(pid: int) -> tuple[float, int, int]:
    """Megabytes in memory, threads, open files of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir(f"/proc/{pid}/task")), len(_files(pid))


def _files(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/fd")


def _grows_not(gateway: Gateway, port: int, act: Callable[[int], None], times: int) -> None:
    intake, _ = intake_and_delivery(gateway)
    for _ in range(max(3_000, min(times, 15_000))):  # allocators have grown to what they need from here on
        act(port)
    until(lambda: _connections(intake) == 0, 20, "the connections to be closed")
    memory, threads, files = _process(intake)
    for number in range(times):
        act(port)
        if number % 1000 == 999:  # addresses of closed connections may be used again only later
            until(lambda: _connections(intake) < 20, 20, "connections to be closed")
    until(lambda: _connections(intake) == 0, 20, "the connections to be closed")
    grown = _process(intake)
    assert grown[0] - memory < 5
    assert grown[1:] == (threads, files)


def _connections(pid: int) -> int:
    """Sockets of the process that are connected over TCP."""
    inodes = set()
    for each in _files(pid):
        with suppress(FileNotFoundError):
            inodes.add(os.readlink(f"/proc/{pid}/fd/{each}").removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[9] in inodes and row[3] != "0A" for row in rows)


@pytest.mark.parametrize("name", ONE)
def test_a13_a14_connections_that_come_and_go_leave_nothing_behind(gateway: Gateway, port: int, name: str) -> None:
    _grows_not(gateway, port, ONE[name], 600)


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE)
def test_a13_a14_fifty_thousand_connections_and_ten_thousand_associations(
    gateway: Gateway, port: int, name: str
) -> None:
    _grows_not(gateway, port, ONE[name], 50_000 if name.startswith("a13") else 10_000)
