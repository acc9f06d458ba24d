"""A-04, A-08 to A-11, A-22 to A-25: PDUs, items and messages that nobody may send, to the acceptor over real sockets.

Each is answered by the A-ABORT that PS3.8 asks for, leaves neither a file nor received bytes in the log, and the port
serves the next peer.
"""

import struct
from contextlib import suppress
from pathlib import Path

import pytest

from dicomrules.wire.limits import Deadlines
from tests.peers.raw_dul import (
    ABORT,
    CT,
    REJECT,
    RELEASE_RP,
    RELEASE_RQ,
    RawPeer,
    associate_ac,
    associate_rq,
    c_echo_rq,
    c_store_rq,
    command,
    element,
    item,
    p_data,
    pdu,
    pdv,
    uid,
    us,
)
from tests.peers.running import until
from tests.wire.objects import ct_slice
from tests.wire.running import RunningScp

GOOD = ct_slice("1.2.3")
CANARY = b"CANARY^PATIENT"
BEFORE, UNRECOGNISED, UNEXPECTED, INVALID = (0, 0), (2, 1), (2, 2), (2, 6)


def serves(scp: RunningScp) -> None:
    """The next peer is served, nothing is left, and no received byte stands in an event."""
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD) == 0
    until(lambda: scp.leftovers == [], 15, "no file to be left")
    assert "CANARY" not in repr(scp.events)
    assert "association.failed" not in scp.names()


def established(scp: RunningScp) -> RawPeer:
    """Sta6."""
    peer = RawPeer(scp.port)
    peer.associate()
    return peer


def released(scp: RunningScp) -> RawPeer:
    """Sta13: the release is confirmed, and the peer has not closed."""
    peer = established(scp)
    peer.send(RELEASE_RQ)
    assert peer.receive() == (6, bytes(4))
    return peer


STATES = {"Sta2": lambda scp: RawPeer(scp.port), "Sta6": established, "Sta13": released}
ECHO = p_data(pdv(3, 3, c_echo_rq()))
PDUS = {
    "A-ASSOCIATE-RQ": associate_rq(),
    "A-ASSOCIATE-AC": associate_ac(),
    "A-ASSOCIATE-RJ": REJECT,
    "P-DATA-TF": ECHO,
    "A-RELEASE-RQ": RELEASE_RQ,
    "A-RELEASE-RP": RELEASE_RP,
    "A-ABORT": ABORT,
}
# PS3.8 Table 9-10, for what can be seen on the wire: an A-ABORT, another PDU, or the end ("closed")
TABLE = {
    "Sta2": [2, BEFORE, BEFORE, BEFORE, BEFORE, BEFORE, "closed"],
    "Sta6": [UNEXPECTED, UNEXPECTED, UNEXPECTED, 4, 6, UNEXPECTED, "closed"],
    "Sta13": [UNEXPECTED, "closed", "closed", "closed", "closed", "closed", "closed"],
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", PDUS)
def test_a09_each_pdu_in_each_state_of_the_acceptor(start_scp, state: str, name: str) -> None:
    scp = start_scp(deadlines=Deadlines(artim=0.4))
    answer = TABLE[state][list(PDUS).index(name)]
    with STATES[state](scp) as peer:
        peer.send(PDUS[name])
        if answer == "closed":
            assert peer.receive() is None
        elif isinstance(answer, int):
            assert peer.receive()[0] == answer
        else:
            assert peer.abort_received() == answer
            assert peer.receive() is None
    serves(scp)


@pytest.mark.parametrize(("state", "answer"), [("Sta2", BEFORE), ("Sta6", UNRECOGNISED), ("Sta13", UNRECOGNISED)])
@pytest.mark.parametrize("kind", [0x00, 0x08, 0x42, 0xFF])
def test_a08_a_pdu_of_unknown_type_in_each_state(scp, state: str, answer: tuple[int, int], kind: int) -> None:
    with STATES[state](scp) as peer:
        peer.send(pdu(kind, CANARY))
        assert peer.abort_received() == answer
    serves(scp)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 1024 * 1024 + 1])
def test_a04_a_request_longer_than_the_cap_is_refused_by_its_head(scp, length: int) -> None:
    with RawPeer(scp.port) as peer:
        peer.send(associate_rq()[:2], struct.pack(">L", length))
        assert peer.abort_received() == BEFORE
        with suppress(OSError):
            for _ in range(64):
                peer.send(bytes(1024 * 1024))
        assert _held(scp) < 1024 * 1024
    serves(scp)


def _held(scp: RunningScp) -> int:
    """Bytes that the port holds for its peers."""
    links = list(scp.scp._listener._links)
    return sum(len(link.connection._reader._held) + link._buffers.room().nbytes for link in links)


@pytest.mark.parametrize("over", [1, 2**31])
def test_a04_data_longer_than_our_maximum_is_refused_by_its_head(scp, over: int) -> None:
    with established(scp) as peer:
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        peer.send(b"\x04\x00", struct.pack(">L", 128 * 1024 + over), CANARY)
        assert peer.abort_received() == INVALID
    serves(scp)


def test_a04_data_of_exactly_our_maximum_is_taken(scp) -> None:
    data = ct_slice("1.2.3", 128 * 1024 - 6 - (len(ct_slice("1.2.3", 1000)) - 1000))
    assert len(data) == 128 * 1024 - 6
    with established(scp) as peer:
        assert peer.store("1.2.3", data) == 0


@pytest.mark.parametrize("kind", [0x05, 0x07])
@pytest.mark.parametrize("length", [0, 3, 5, 2**31])
def test_a10_a_pdu_of_fixed_length_that_says_another(scp, kind: int, length: int) -> None:
    with established(scp) as peer:
        peer.send(struct.pack(">BxL", kind, length), bytes(min(length, 16)))
        assert peer.abort_received() == INVALID
    serves(scp)


APPLICATION = item(0x10, b"1.2.840.10008.3.1.1.1")
USER = item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4"))
ABSTRACT, TRANSFER = item(0x30, CT.encode()), item(0x40, b"1.2.840.10008.1.2")
CONTEXT = item(0x20, b"\x01\0\0\0" + ABSTRACT + TRANSFER)
ITEMS = {
    "an item past the end": APPLICATION + CONTEXT + USER + b"\x20\0\xff\xff" + CANARY,
    "half an item head": APPLICATION + CONTEXT + USER + b"\x20\0",
    "a sub-item past its item": APPLICATION + item(0x20, b"\x01\0\0\0" + ABSTRACT + b"\x40\0\xff\xff1.2") + USER,
    "a context without its head": APPLICATION + item(0x20, b"\x01\0") + USER,
    "no abstract syntax": APPLICATION + item(0x20, b"\x01\0\0\0" + TRANSFER) + USER,
    "two abstract syntaxes": APPLICATION + item(0x20, b"\x01\0\0\0" + ABSTRACT * 2 + TRANSFER) + USER,
    "no transfer syntax": APPLICATION + item(0x20, b"\x01\0\0\0" + ABSTRACT) + USER,
    "no contexts": APPLICATION + USER,
    "no user information": APPLICATION + CONTEXT,
    "no application context": CONTEXT + USER,
    "no items": b"",
    "a UID of letters": APPLICATION + item(0x20, b"\x01\0\0\0" + item(0x30, CANARY) + TRANSFER) + USER,
    "an empty UID": APPLICATION + item(0x20, b"\x01\0\0\0" + item(0x30, b"") + TRANSFER) + USER,
    "a UID of 65": APPLICATION + item(0x20, b"\x01\0\0\0" + item(0x30, b"1." * 32 + b"1") + TRANSFER) + USER,
    "a maximum length of 2 bytes": APPLICATION + CONTEXT + item(0x50, item(0x51, b"\0\1")),
    "a million empty items": (item(0x99, b"") * 250_000),
}


@pytest.mark.parametrize("name", ITEMS)
def test_a11_a_request_whose_items_do_not_fit_is_aborted(scp, name: str) -> None:
    with RawPeer(scp.port) as peer:
        peer.send(pdu(0x01, associate_rq()[6:74] + ITEMS[name]))
        assert peer.abort_received() == BEFORE
    serves(scp)


@pytest.mark.parametrize("length", [0, 67])
def test_a11_a_request_shorter_than_its_fixed_fields_is_aborted(scp, length: int) -> None:
    with RawPeer(scp.port) as peer:
        peer.send(pdu(0x01, associate_rq()[6 : 6 + length]))
        assert peer.abort_received() == BEFORE
    serves(scp)


def test_a11_items_of_unknown_type_are_passed_over(scp) -> None:
    odd = item(0x99, CANARY)
    with RawPeer(scp.port) as peer:
        peer.send(pdu(0x01, associate_rq()[6:74] + odd + APPLICATION + CONTEXT + odd + USER + odd))
        assert peer.receive()[0] == 0x02
    serves(scp)


@pytest.mark.parametrize("control", [0x04, 0x07, 0x80, 0xFF])
def test_a22_reserved_bits_of_a_control_header(scp, control: int) -> None:
    with established(scp) as peer:
        peer.send(p_data(pdv(1, control, c_store_rq("1.2.3"))))
        assert peer.abort_received() == INVALID
    serves(scp)


PDVS = {
    "an even context": pdv(2, 3, c_echo_rq()),
    "context 0": pdv(0, 3, c_echo_rq()),
    "a context that was not accepted": pdv(99, 3, c_echo_rq()),
    "length 0": pdv(3, 3, c_echo_rq(), length=0),
    "length 1": pdv(3, 3, c_echo_rq(), length=1),
    "length 2^31": pdv(3, 3, c_echo_rq(), length=2**31),
    "one byte longer than its PDU": pdv(3, 3, c_echo_rq(), length=len(c_echo_rq()) + 3),
    "a second one without its head": pdv(3, 3, c_echo_rq()) + b"\0\0",
    "none at all": b"",
}


@pytest.mark.parametrize("name", PDVS)
def test_a22_a_pdv_that_does_not_fit_is_always_told_by_an_abort(scp, name: str) -> None:
    with established(scp) as peer:
        peer.send(pdu(0x04, PDVS[name]))
        answer = peer.receive()
        if name == "a second one without its head":  # the first was whole, and is answered
            assert answer is not None
            assert answer[0] == 0x04
            answer = peer.receive()
        assert answer == (7, bytes((0, 0, *INVALID)))
    serves(scp)


STORE = p_data(pdv(1, 3, c_store_rq("1.2.3")))
TORN = {
    "data before a command": (p_data(pdv(1, 2, GOOD)), UNEXPECTED),
    "a command twice": (STORE + STORE, UNEXPECTED),
    "a command inside a data set": (STORE + p_data(pdv(1, 0, GOOD[:50])) + STORE, UNEXPECTED),
    "an echo inside a data set": (STORE + p_data(pdv(1, 0, GOOD[:50])) + ECHO, UNEXPECTED),
    "data of another context": (STORE + p_data(pdv(3, 0, GOOD[:50])), UNEXPECTED),
    "a release inside a command": (p_data(pdv(1, 1, c_store_rq("1.2.3")[:20])) + RELEASE_RQ, UNEXPECTED),
    "a release inside a data set": (STORE + p_data(pdv(1, 0, GOOD[:50])) + RELEASE_RQ, UNEXPECTED),
    "a P-DATA-TF without PDVs": (pdu(0x04, b"") * 1000, INVALID),
    "empty fragments without end": (STORE + p_data(pdv(1, 0, b"")) * 2000, INVALID),
}


@pytest.mark.parametrize("name", TORN)
def test_a23_messages_that_are_torn_are_aborted_and_not_stored(scp, name: str) -> None:
    sent, answer = TORN[name]
    with established(scp) as peer:
        with suppress(OSError):
            peer.send(sent)
        assert peer.abort_received() == answer
    assert scp.inbox.accepted == []
    serves(scp)


COMMANDS = {
    "64 KiB and a byte": c_echo_rq() + b"\0" * (64 * 1024 + 1),
    "big endian": b"".join(
        struct.pack(">HHL", 0, number, len(value)) + value for number, value in ((0x0100, b"\0\x30"), (0x0800, b"\1\1"))
    ),
    "an element past the end": element(0x0100, us(0x30)) + struct.pack("<HHL", 0, 0x0110, 0x7FFFFFFF) + b"\1\0",
    "an element of another group": element(0x0100, us(0x30)) + struct.pack("<HHL", 8, 0x0016, 2) + b"1 ",
    "elements out of order": element(0x0800, us(0x0101)) + element(0x0100, us(0x30)),
    "no command field": element(0x0110, us(1)) + element(0x0800, us(0x0101)),
    "no data set type": element(0x0100, us(0x30)) + element(0x0110, us(1)),
    "a message id of 4 bytes": command(
        element(0x0100, us(0x30)), element(0x0110, bytes(4)), element(0x0800, us(0x0101))
    ),
    "a UID that is none": command(element(0x0002, b"\xff\xfe"), element(0x0100, us(0x30)), element(0x0800, us(0x0101))),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a24_a_command_set_that_is_none_is_aborted(scp, name: str) -> None:
    whole = COMMANDS[name]
    parts = [whole[start : start + 16_000] for start in range(0, len(whole), 16_000)]
    with established(scp) as peer:
        with suppress(OSError):
            peer.send(*(p_data(pdv(3, 3 if part is parts[-1] else 1, part)) for part in parts))
        assert peer.abort_received() == INVALID
    serves(scp)


def test_a24_a_command_set_without_a_group_length_is_read(scp) -> None:
    bare = element(0x0002, uid("1.2.840.10008.1.1")) + element(0x0100, us(0x30)) + element(0x0110, us(7))
    with established(scp) as peer:
        peer.send(p_data(pdv(3, 3, bare + element(0x0800, us(0x0101)))))
        assert peer.status() == 0


def test_a24_a_command_set_in_thirty_thousand_fragments_is_aborted(scp) -> None:
    with established(scp) as peer:
        with suppress(OSError):
            peer.send(p_data(pdv(3, 1, b"\0")) * 30_000)
        assert peer.abort_received() == INVALID
    serves(scp)


@pytest.mark.parametrize("field", [0x0020, 0x0021, 0x0010, 0x0100, 0x0110, 0x0120, 0x0150, 0x7777])
def test_a24_an_operation_that_is_not_performed_here_is_answered_so(scp, field: int) -> None:
    with established(scp) as peer:
        peer.send(p_data(pdv(1, 3, c_echo_rq(message_id=9, field=field))))
        response = peer.response()
        assert (response[0x0900], response[0x0120]) == (us(0x0211), us(9))
        assert peer.store("1.2.3", GOOD) == 0


def test_a24_the_data_set_of_such_an_operation_is_read_to_its_end(scp) -> None:
    find = command(element(0x0100, us(0x0020)), element(0x0110, us(9)), element(0x0800, us(1)))
    with established(scp) as peer:
        peer.send(p_data(pdv(1, 3, find)), p_data(pdv(1, 0, CANARY)), p_data(pdv(1, 2, CANARY)))
        assert peer.response()[0x0900] == us(0x0211)
        assert peer.echo() == 0
    serves(scp)


def test_a25_an_abort_while_we_answer_loses_the_response_and_keeps_the_object(scp) -> None:
    with established(scp) as peer:
        peer.send(STORE, p_data(pdv(1, 2, GOOD)), ABORT)
        assert peer.closed_within(15)
    until(lambda: len(scp.inbox.accepted) == 1, 15, "the object to be kept")
    serves(scp)


def test_a25_a_release_behind_an_object_is_confirmed_behind_its_response(scp) -> None:
    with established(scp) as peer:
        peer.send(STORE, p_data(pdv(1, 2, GOOD)), RELEASE_RQ)
        peer.socket.shutdown(1)
        assert peer.status() == 0
        assert peer.receive() == (6, bytes(4))
        assert peer.receive() is None


def test_a25_what_comes_behind_a_release_is_not_performed(start_scp) -> None:
    scp = start_scp(deadlines=Deadlines(artim=0.4))
    with established(scp) as peer:
        peer.send(RELEASE_RQ, STORE, p_data(pdv(1, 2, GOOD)))
        assert peer.receive() == (6, bytes(4))
        assert peer.receive() is None
    assert scp.inbox.accepted == []
    assert list(Path(scp.folder / "incoming").iterdir()) == []
