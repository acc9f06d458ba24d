"""A-08 to A-10, A-22, A-25 in the requestor's role: an acceptor that breaks the protocol, over real sockets."""

import struct
from collections.abc import Callable

import pytest

from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError, Lost, ProtocolViolation, Rejected, TimedOut
from dicomrules.wire.associate import ProposedContext
from tests.peers.raw_dul import (
    ABORT,
    CT,
    EXPLICIT,
    IMPLICIT,
    REJECT,
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
    RawAcceptor,
    RawPeer,
    associate_ac,
    associate_rq,
    command,
    element,
    p_data,
    pdu,
    pdv,
    uid,
    us,
)

PROPOSED = (ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(3, VERIFICATION, (IMPLICIT,)))
ECHOED = p_data(
    pdv(
        3,
        3,
        command(
            element(0x0002, uid(VERIFICATION)),
            element(0x0100, us(0x8030)),
            element(0x0120, us(1)),
            element(0x0800, us(0x0101)),
            element(0x0900, us(0)),
        ),
    )
)
PDUS = {
    "A-ASSOCIATE-RQ": associate_rq(),
    "A-ASSOCIATE-AC": associate_ac(),
    "A-ASSOCIATE-RJ": REJECT,
    "P-DATA-TF": ECHOED,
    "A-RELEASE-RQ": RELEASE_RQ,
    "A-RELEASE-RP": RELEASE_RP,
    "A-ABORT": ABORT,
    "unknown": pdu(0x42, b"what is this"),
}


def _associate(port: int) -> Association:
    return Association(Target("127.0.0.1", port, "SINK", "RAW", connect=5, response=5), PROPOSED)


def _aborts(peer: RawPeer, reason: int) -> None:
    """The A-ABORT of a service provider, and then the end."""
    assert peer.abort_received() == (2, reason)
    assert peer.receive() is None


@pytest.mark.parametrize("name", ["A-ASSOCIATE-RQ", "P-DATA-TF", "A-RELEASE-RQ", "A-RELEASE-RP", "unknown"])
def test_a09_what_must_not_come_in_sta5_is_aborted(name: str) -> None:
    def script(peer: RawPeer) -> None:
        assert peer.receive()[0] == 0x01
        peer.send(PDUS[name])
        _aborts(peer, 1 if name == "unknown" else 2)

    with RawAcceptor(script) as acceptor, pytest.raises(ProtocolViolation):
        _associate(acceptor.port)


@pytest.mark.parametrize(("name", "error"), [("A-ASSOCIATE-RJ", Rejected), ("A-ABORT", Lost)])
def test_a09_what_ends_sta5_ends_it(name: str, error: type[AssociationError]) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(PDUS[name])
        assert peer.receive() is None

    with RawAcceptor(script) as acceptor, pytest.raises(error):
        _associate(acceptor.port)


@pytest.mark.parametrize("name", ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ", "A-RELEASE-RP", "unknown"])
def test_a09_what_must_not_come_in_sta6_is_aborted(name: str) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        assert peer.receive()[0] == 0x04
        peer.send(PDUS[name])
        _aborts(peer, 1 if name == "unknown" else 2)

    with RawAcceptor(script) as acceptor:
        made = _associate(acceptor.port)
        with pytest.raises(ProtocolViolation):
            made.echo(made.contexts[1])
        assert not made.is_open


def test_a09_a_release_in_place_of_a_response_is_confirmed_and_the_object_not_sent() -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        assert peer.receive()[0] == 0x04
        peer.send(RELEASE_RQ)
        assert peer.receive() == (6, bytes(4))

    with RawAcceptor(script) as acceptor:
        made = _associate(acceptor.port)
        with pytest.raises(Lost):
            made.echo(made.contexts[1])


@pytest.mark.parametrize("name", ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ", "unknown"])
def test_a09_what_must_not_come_in_sta7_is_aborted(name: str) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        assert peer.receive()[0] == 0x05
        peer.send(PDUS[name])
        _aborts(peer, 1 if name == "unknown" else 2)

    with RawAcceptor(script) as acceptor:
        _associate(acceptor.port).release()


def test_a25_two_release_requests_that_cross_are_both_answered() -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        assert peer.receive()[0] == 0x05
        peer.send(RELEASE_RQ)  # crosses ours
        assert peer.receive() == (6, bytes(4))  # the requestor answers first (PS3.8 7.2.2)
        peer.send(RELEASE_RP)
        assert peer.receive() is None

    with RawAcceptor(script) as acceptor:
        made = _associate(acceptor.port)
        made.release()
        assert not made.is_open


def test_a25_an_acceptor_that_never_confirms_a_release_is_left_in_time() -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        assert peer.receive()[0] == 0x05
        assert peer.closed_within(15)

    with RawAcceptor(script) as acceptor:
        target = Target("127.0.0.1", acceptor.port, "SINK", "RAW", connect=0.5)
        Association(target, PROPOSED).release()


ANSWERS: dict[str, Callable[[], bytes]] = {
    "a context that was not proposed": lambda: associate_ac(((1, EXPLICIT), (5, IMPLICIT))),
    "a context answered twice": lambda: associate_ac(((1, EXPLICIT), (1, EXPLICIT))),
    "a transfer syntax that was not proposed": lambda: associate_ac(((1, IMPLICIT),)),
    "items past the end": lambda: pdu(0x02, associate_ac()[6:] + b"\x21\0\xff\xff"),
    "no items": lambda: pdu(0x02, associate_ac()[6:74]),
    "a length over the cap": lambda: struct.pack(">BxL", 0x02, 0xFFFFFFFF),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a11_an_acceptance_that_does_not_fit_the_request_is_aborted(name: str) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(ANSWERS[name]())
        _aborts(peer, 6)

    with RawAcceptor(script) as acceptor, pytest.raises(ProtocolViolation):
        _associate(acceptor.port)


@pytest.mark.parametrize("kind", [0x03, 0x07])
@pytest.mark.parametrize("length", [0, 3, 5, 2**31])
def test_a10_a_pdu_of_fixed_length_that_says_another(kind: int, length: int) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(struct.pack(">BxL", kind, length), bytes(min(length, 16)))
        _aborts(peer, 6)

    with RawAcceptor(script) as acceptor, pytest.raises(ProtocolViolation):
        _associate(acceptor.port)


PDVS = {
    "length 0": pdv(3, 3, b"", length=0),
    "length 2^31": pdv(3, 3, b"x" * 20, length=2**31),
    "another context": pdv(5, 3, b"x" * 20),
    "reserved bits": pdv(3, 0xFF, b"x" * 20),
    "no command set": pdv(3, 3, b"x" * 20),
}


@pytest.mark.parametrize("name", PDVS)
def test_a22_a_response_in_a_pdv_that_does_not_fit_is_aborted(name: str) -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        peer.receive()
        peer.send(pdu(0x04, PDVS[name]))
        _aborts(peer, 6)

    with RawAcceptor(script) as acceptor:
        made = _associate(acceptor.port)
        with pytest.raises(ProtocolViolation):
            made.echo(made.contexts[1])


def test_a02_half_a_response_costs_no_more_than_the_deadline() -> None:
    def script(peer: RawPeer) -> None:
        peer.receive()
        peer.send(associate_ac())
        peer.receive()
        peer.send(ECHOED[:20])
        assert peer.closed_within(15)

    with RawAcceptor(script) as acceptor:
        made = Association(Target("127.0.0.1", acceptor.port, "SINK", "RAW", connect=2, response=0.5), PROPOSED)
        with pytest.raises(TimedOut):
            made.echo(made.contexts[1])
