"""The SCP against peers that dawdle, crowd, or are not known; full disks; the end of service."""

import socket
import threading
import time
import zlib
from dataclasses import replace

import pytest

from dicomrules.model.receiver import KnownPeer, Limits
from dicomrules.spool.errors import SpoolError
from dicomrules.wire.limits import Deadlines
from tests.peers.raw_dul import CT, DEFLATED, RELEASE_RQ, RawPeer, associate_rq, c_echo_rq, c_store_rq, p_data, pdv
from tests.peers.running import until
from tests.wire.objects import ct_slice

GOOD = ct_slice("1.2.3")
SHORT = Deadlines(artim=1.0, pdu=1.0, idle=2.0, rate=1024, rate_window=1.0)


def _rejection(port, **request):
    with RawPeer(port) as peer:
        peer.send(associate_rq(**request))
        kind, body = peer.receive()
        assert kind == 0x03, f"no rejection but a PDU of type {kind}"
        return tuple(body[1:])


def _deadlines_missed(scp):
    return [event.fields["deadline"] for event in scp.events if event.name == "association.overdue"]


def test_a01_who_connects_and_says_nothing_is_closed_without_an_abort(start_scp):
    scp = start_scp(deadlines=SHORT)
    with RawPeer(scp.port) as peer:
        assert peer.receive() is None
    assert _deadlines_missed(scp) == ["artim"]


def test_a02_many_half_requests_do_not_stop_a_normal_sender(start_scp):
    scp = start_scp(deadlines=replace(SHORT, artim=3.0))
    silent = [RawPeer(scp.port) for _ in range(20)]
    for number, peer in enumerate(silent):
        peer.send(b"\x01\x00\x00" if number % 2 else associate_rq()[:100])
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD) == 0
        assert len(scp.scp._listener._links) == 21, "served while they are still borne"
    assert all(peer.closed_within(15) for peer in silent)
    for peer in silent:
        peer.socket.close()


def test_a03_a_request_that_comes_byte_by_byte_is_cut_at_the_deadline(start_scp):
    scp = start_scp(deadlines=SHORT)
    with RawPeer(scp.port) as peer:
        for byte in associate_rq()[:-1]:
            peer.send(bytes([byte]))
            if peer.closed_within(0.05):
                break
        else:
            pytest.fail("nearly the whole request was borne")
    assert _deadlines_missed(scp) == ["artim"]


def test_a03_a_data_set_slower_than_the_least_rate_is_aborted_and_leaves_no_file(start_scp):
    scp = start_scp(deadlines=SHORT)
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 0, GOOD[:100])))
        assert peer.abort_received() == (0, 0)
        assert peer.receive() is None
    until(lambda: scp.leftovers == [], what="the file to be removed")


def test_a_pdu_that_is_begun_and_not_ended_is_aborted(start_scp):
    scp = start_scp(deadlines=Deadlines(artim=1.0, pdu=1.0, idle=60, rate=0, rate_window=60))
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(RELEASE_RQ[:7])
        assert peer.abort_received() == (0, 0)


def test_a_pdu_of_a_data_set_of_which_only_the_beginning_comes_is_aborted(start_scp):
    scp = start_scp(deadlines=Deadlines(artim=1.0, pdu=1.0, idle=60, rate=0, rate_window=60))
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        peer.send(p_data(pdv(1, 2, GOOD))[:12])
        assert peer.abort_received() == (0, 0)


def test_an_association_without_messages_ends_after_its_time(start_scp):
    scp = start_scp(deadlines=SHORT)
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.abort_received() == (0, 0)


def test_a_sender_that_waits_for_us_is_never_overdue(start_scp):
    scp = start_scp(deadlines=SHORT)
    scp.inbox.gate = threading.Event()
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, GOOD)))
        time.sleep(3)
        scp.inbox.gate.set()
        assert peer.status() == 0


def test_a_peer_that_takes_no_answers_is_left(start_scp):
    scp = start_scp(deadlines=SHORT)
    with RawPeer(scp.port) as peer:
        peer.associate()
        (link,) = scp.scp._listener._links
        link._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        peer.send(p_data(pdv(3, 3, c_echo_rq())) * 5000)
        until(lambda: link._room is not None, what="nothing more to be worked on until the peer reads")
        until(lambda: _deadlines_missed(scp), what="the peer to be overdue")
        until(lambda: not scp.scp._listener._links, what="the connection to be given up")


def test_a06_one_address_gets_no_more_than_its_share_of_connections(start_scp):
    scp = start_scp(per_address=5)
    peers = [RawPeer(scp.port) for _ in range(5)]
    peers[0].associate()
    with RawPeer(scp.port) as peer:
        assert peer.closed_within(10)
    assert peers[0].echo() == 0
    for peer in peers:
        peer.socket.close()
    until(lambda: _associates(scp.port), what="connections to be counted down")
    assert "connection.refused" in scp.names()


def _associates(port):
    with RawPeer(port) as peer:
        peer.send(associate_rq())
        answer = peer.receive()
        return answer is not None and answer[0] == 2


def test_a15_an_association_over_the_limit_is_rejected_for_now(start_scp):
    scp = start_scp(associations=2)
    peers = [RawPeer(scp.port) for _ in range(2)]
    for peer in peers:
        peer.associate()
    assert _rejection(scp.port) == (2, 3, 2)
    for peer in peers:
        peer.socket.close()
    until(lambda: _associates(scp.port), what="an association to be free again")


PEERS = (
    KnownPeer("CT1", "127.0.0.1"),
    KnownPeer("MR1", "127.0.0.0/8"),
    KnownPeer("US1", "localhost"),
    KnownPeer("AWAY", "192.0.2.7"),
    KnownPeer("NOWHERE", "no-such-host.invalid"),
)


@pytest.mark.parametrize("calling", ["CT1", "MR1", "US1", " CT1 "])
def test_a16_known_peers_are_let_in(start_scp, calling):
    scp = start_scp(peers=PEERS, called_aets=("ROUTER",))
    with RawPeer(scp.port) as peer:
        peer.associate(calling=calling)
        assert peer.echo() == 0


@pytest.mark.parametrize(
    ("calling", "called", "answer"),
    [
        ("CT2", "ROUTER", (1, 1, 3)),
        ("ct1", "ROUTER", (1, 1, 3)),
        ("AWAY", "ROUTER", (1, 1, 3)),
        ("NOWHERE", "ROUTER", (1, 1, 3)),
        ("CT1", "router", (1, 1, 7)),
        ("../secret/VICTIM", "ROUTER", (1, 1, 3)),
        ("{0.__class__}", "ROUTER", (1, 1, 3)),
        ("CT1", "%n; rm -rf x", (1, 1, 7)),
    ],
)
def test_a16_a18_who_is_not_known_is_rejected_and_it_is_told(start_scp, calling, called, answer):
    scp = start_scp(peers=PEERS, called_aets=("ROUTER",))
    assert _rejection(scp.port, calling=calling, called=called) == answer
    until(lambda: "association.rejected" in scp.names(), what="the event")
    event = next(event for event in scp.events if event.name == "association.rejected")
    assert event.fields["calling_aet"] == calling
    assert event.fields["address"] == "127.0.0.1"


def test_an_unknown_peer_gets_no_work_out_of_us_for_a_large_request(start_scp):
    scp = start_scp(peers=PEERS)
    assert _rejection(scp.port, calling="BAD", extra=b"\xff" * 60000) == (1, 1, 3)


def test_a05_tls_on_the_plain_port_is_told_off(scp):
    with RawPeer(scp.port) as peer:
        peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
        assert peer.abort_received() == (0, 0)


class _Full:
    """Stands in for the spool's file: fails after some writes, as a full disk does."""

    def __init__(self, incoming, after):
        self._write = incoming.write
        self._left = after

    def __call__(self, chunk):
        self._left -= 1
        if self._left < 0:
            raise SpoolError("writing a spool file: No space left on device", 28)
        self._write(chunk)


def test_s09_a_full_disk_refuses_the_object_and_the_association_lives(scp):
    receive = scp.spool.receive

    def full(*arguments):
        incoming = receive(*arguments)
        incoming.write = _Full(incoming, 0)
        return incoming

    with RawPeer(scp.port) as peer:
        peer.associate()
        scp.spool.receive = full
        peer.send(
            p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 0, GOOD[:500])), p_data(pdv(1, 0, GOOD[500:600]))
        )
        peer.send(p_data(pdv(1, 2, GOOD[600:])))
        assert peer.status() == 0xA700
        assert scp.leftovers == []
        scp.spool.receive = receive
        assert peer.store("1.2.3", GOOD) == 0


def test_s09_below_the_reserve_no_association_is_taken(start_scp):
    scp = start_scp(limits=Limits(free_space=2**62))
    assert _rejection(scp.port) == (2, 3, 1)


def _send_data(peer, size, last=False):
    """`size` bytes of nothing, in fragments."""
    for start in range(0, size, 100_000):
        end = start + 100_000 >= size
        peer.send(p_data(pdv(1, 2 if last and end else 0, bytes(min(100_000, size - start)))))


def test_c10_an_object_over_the_limit_is_refused_early_and_the_association_lives(start_scp):
    scp = start_scp(limits=Limits(object=1_000_000, free_space=0, free_inodes=0))
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        _send_data(peer, 1_500_000)
        assert peer.status() == 0xA700
        assert scp.leftovers == []
        _send_data(peer, 100_000, last=True)
        assert peer.store("1.2.3", GOOD) == 0
    assert len(scp.inbox.accepted) == 1


def test_c10_an_object_just_over_the_limit_is_refused_at_its_end(start_scp):
    scp = start_scp(limits=Limits(object=len(GOOD) - 1, free_space=0, free_inodes=0))
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD) == 0xA700
        assert peer.echo() == 0
    assert scp.leftovers == []


def test_c10_an_object_that_does_not_end_is_aborted(start_scp):
    scp = start_scp(limits=Limits(object=500_000, free_space=0, free_inodes=0))
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        _send_data(peer, 1_500_000)
        assert peer.status() == 0xA700
        assert peer.abort_received() == (0, 0)
    assert scp.leftovers == []


def _deflate(dataset):
    stream = zlib.compressobj(wbits=-15)
    deflated = stream.compress(dataset) + stream.flush()
    return deflated + b"\0" * (len(deflated) % 2)


def test_a_deflated_object_is_kept_as_it_came_and_indexed_inflated(scp):
    dataset = ct_slice("1.2.3", 60_000)
    with RawPeer(scp.port) as peer:
        peer.associate(contexts=((1, CT, DEFLATED),))
        assert peer.store("1.2.3", _deflate(dataset)) == 0
    ((envelope, received),) = scp.inbox.accepted
    assert received == _deflate(dataset)
    assert envelope.transfer_syntax == DEFLATED
    assert envelope.derived_length == len(dataset)
    assert envelope.index.length == len(dataset)
    assert envelope.key.sop_instance == "1.2.3"


@pytest.mark.parametrize("name", ["p01_bomb", "cut", "damaged", "not_deflated"])
def test_a_deflated_object_that_cannot_be_inflated_is_refused(scp, name):
    dataset = {
        "p01_bomb": _deflate(bytes(300 * 1024 * 1024)),
        "cut": _deflate(GOOD)[:-20],
        "damaged": b"\xff" + _deflate(GOOD)[1:],
        "not_deflated": GOOD,
    }[name]
    with RawPeer(scp.port) as peer:
        peer.associate(contexts=((1, CT, DEFLATED),))
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        for start in range(0, len(dataset), 100_000):
            last = start + 100_000 >= len(dataset)
            peer.send(p_data(pdv(1, 2 if last else 0, dataset[start : start + 100_000])))
        assert peer.status() == 0xC000
    assert scp.leftovers == []
    assert scp.inbox.accepted == []


def test_drain_lets_the_object_in_hand_finish_and_aborts_the_rest(start_scp):
    scp = start_scp()
    scp.inbox.gate = threading.Event()
    idle, busy = RawPeer(scp.port), RawPeer(scp.port)
    idle.associate()
    busy.associate()
    busy.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, GOOD)))
    stopping = threading.Thread(target=scp.stop, args=(1.5,))
    stopping.start()
    until(lambda: not _connects(scp.port), what="the port to be closed")
    scp.inbox.gate.set()
    assert busy.status() == 0
    busy.send(RELEASE_RQ)
    assert busy.receive() == (6, bytes(4))
    busy.socket.close()
    assert idle.abort_received() == (0, 0)
    stopping.join(10)
    assert len(scp.inbox.accepted) == 1


def _connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_an_inbox_that_raises_costs_one_association_only(scp):
    async def broken(envelope):
        raise RuntimeError("PATIENT^NAME")

    accept, scp.inbox.accept = scp.inbox.accept, broken
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, GOOD)))
        assert peer.abort_received() == (0, 0)
    scp.inbox.accept = accept
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD) == 0
    (event,) = [event for event in scp.events if event.name == "association.failed"]
    assert event.fields["error"] == "RuntimeError"
    assert "PATIENT" not in repr(event)


def test_a13_connections_of_a_health_check_leave_nothing_behind(start_scp):
    scp = start_scp(per_address=1000)
    for _ in range(500):
        _connects(scp.port)
    until(lambda: not scp.scp._listener._links, what="connections to be forgotten")
    assert scp.events == []
