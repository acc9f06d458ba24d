"""A-12, A-16, A-18 to A-21: whole requests, legal and not; titles that somebody might put into a path or a format."""

import struct
import time

import pytest

from dicomrules.model.receiver import KnownPeer
from tests.peers.raw_dul import CT, EXPLICIT, RawPeer, associate_rq, c_store_rq, item, largest_rq, p_data, pdu, pdv
from tests.peers.running import until
from tests.wire.objects import ct_slice

GOOD = ct_slice("1.2.3")


def answer(port: int, request: bytes) -> tuple[int, bytes]:
    """What the port answers to a request."""
    with RawPeer(port) as peer:
        peer.send(request)
        received = peer.receive()
        assert received is not None, "closed without a word"
        return received


def results(body: bytes) -> dict[int, int]:
    """Result by id of the contexts of an A-ASSOCIATE-AC."""
    found, position = {}, 68
    while position < len(body):
        kind, length = struct.unpack_from(">BxH", body, position)
        if kind == 0x21:
            found[body[position + 4]] = body[position + 6]
        position += 4 + length
    return found


@pytest.mark.parametrize("syntaxes", [40, 45, 64])
def test_a12_the_largest_legal_request_is_answered_context_by_context(scp, syntaxes: int) -> None:
    began = time.process_time()
    kind, body = answer(scp.port, largest_rq(syntaxes=syntaxes))
    assert kind == 0x02
    assert list(results(body)) == list(range(1, 256, 2))
    assert time.process_time() - began < 5  # 0.5 s of one process's CPU is the promise: bench/hostile.py measures it


def test_a12_lists_of_transfer_syntaxes_are_read_context_by_context(scp) -> None:
    private = "1.2.840.113619.5.2"
    mixed = tuple((1 + 2 * n, CT, (EXPLICIT, private)[n % 2]) for n in range(128))
    kind, body = answer(scp.port, associate_rq(contexts=mixed))
    assert kind == 0x02
    assert results(body) == {1 + 2 * n: (0, 4)[n % 2] for n in range(128)}


TOO_LARGE = {
    "129 contexts": associate_rq(contexts=[(1 + 2 * (n % 128), CT, EXPLICIT) for n in range(129)]),
    "2,000 contexts with one id": associate_rq(contexts=[(1, CT, EXPLICIT)] * 2000),
    "two contexts with one id": associate_rq(contexts=[(1, CT, EXPLICIT)] * 2),
    "an even id": associate_rq(contexts=[(2, CT, EXPLICIT)]),
    "id 0": associate_rq(contexts=[(0, CT, EXPLICIT)]),
    "65 transfer syntaxes": largest_rq(contexts=1, syntaxes=65),
    "400 transfer syntaxes each": largest_rq(contexts=60, syntaxes=400),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a12_a_request_beyond_what_is_legal_is_aborted(scp, name: str) -> None:
    kind, body = answer(scp.port, TOO_LARGE[name])
    assert (kind, body) == (0x07, bytes(4))
    assert answer(scp.port, associate_rq())[0] == 0x02


def _titled(called: bytes, calling: bytes) -> bytes:
    """A request with titles as they are on the wire, 16 bytes each."""
    return pdu(0x01, struct.pack(">HH16s16s32x", 1, 0, called, calling) + associate_rq()[6 + 68 :])


PEERS = (KnownPeer("CT1", "127.0.0.1"), KnownPeer("CT2", "127.0.0.2"), KnownPeer("SIXTEEN_LETTERS_", "127.0.0.0/8"))


@pytest.mark.parametrize(
    ("calling", "called", "expected"),
    [
        (b"CT1             ", b"ROUTER          ", (2, 0)),
        (b"  CT1           ", b"          ROUTER", (2, 0)),
        (b"CT1\0\0\0\0\0\0\0\0\0\0\0\0\0", b"ROUTER\0\0\0\0\0\0\0\0\0\0", (2, 0)),
        (b"SIXTEEN_LETTERS_", b"ROUTER          ", (2, 0)),
        (b"SIXTEEN_LETTERS ", b"ROUTER          ", (3, 3)),
        (b"ct1             ", b"ROUTER          ", (3, 3)),
        (b"CT2             ", b"ROUTER          ", (3, 3)),
        (b"CT1             ", b"Router          ", (3, 7)),
        (b" " * 16, b"ROUTER          ", (7, 0)),
        (b"\0" * 16, b"ROUTER          ", (7, 0)),
        (b"CT1             ", b" " * 16, (7, 0)),
        (b"CT1\nERROR all   ", b"ROUTER          ", (7, 0)),
        (b"CT1\0CT2         ", b"ROUTER          ", (7, 0)),
        (b"CT\xfc             ", b"ROUTER          ", (7, 0)),
        (b"\x1b[31mCT1        ", b"ROUTER          ", (7, 0)),
    ],
)
def test_a16_titles_are_compared_after_trimming_and_by_case(
    start_scp, calling: bytes, called: bytes, expected: tuple[int, int]
) -> None:
    scp = start_scp(peers=PEERS, called_aets=("ROUTER",))
    kind, body = answer(scp.port, _titled(called, calling))
    assert (kind, body[3] if kind == 3 else 0) == expected
    if kind != 2:
        until(lambda: scp.events, 15, "that it is told")
        assert scp.events[0].level.name == "WARNING"
        assert scp.events[0].fields["address"] == "127.0.0.1"


def test_a16_a_listed_title_counts_at_its_own_address_only(start_scp) -> None:
    scp = start_scp(peers=PEERS)
    for calling, source, kind in (("CT2", "127.0.0.2", 2), ("CT2", "127.0.0.1", 3), ("CT1", "127.0.0.2", 3)):
        with RawPeer(scp.port, source=source) as peer:
            peer.send(associate_rq(calling=calling))
            assert peer.receive()[0] == kind
    until(lambda: scp.names().count("association.rejected") == 2, 15, "that both are told")
    why = [event.fields.get("why") for event in scp.events if event.name == "association.rejected"]
    assert why == ["this AE title is known, but at another address"] * 2


TITLES = ["../secret/VICTIM", "; rm -rf x", "$(id)", "%n%s%x", "{0.__class__}", "`id`", "'--", "<script>", "..", "CON"]


@pytest.mark.parametrize("title", TITLES)
def test_a18_a_title_is_a_text_and_nothing_else(start_scp, title: str, capfd: pytest.CaptureFixture[str]) -> None:
    scp = start_scp(called_aets=None)
    outside = {path for path in scp.folder.parent.rglob("*") if scp.folder not in path.parents}
    with RawPeer(scp.port) as peer:
        peer.associate(calling=title, called=title)
        assert peer.store("1.2.3", GOOD) == 0
    ((envelope, received),) = scp.inbox.accepted
    assert (envelope.peer.calling_aet, envelope.peer.called_aet, received) == (title, title, GOOD)
    assert {path for path in scp.folder.parent.rglob("*") if scp.folder not in path.parents} == outside
    assert capfd.readouterr() == ("", "")


def _identity(kind: int, primary: bytes, secondary: bytes = b"", wants_response: bool = False) -> bytes:
    value = bytes((kind, wants_response)) + struct.pack(">H", len(primary)) + primary
    return item(0x58, value + struct.pack(">H", len(secondary)) + secondary)


@pytest.mark.parametrize("wants_response", [False, True])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, 5, 255])
def test_a19_where_no_user_is_asked_for_any_identity_is_passed_over(scp, kind: int, wants_response: bool) -> None:
    identity = _identity(kind, b"s3cret" * 10_000, b"passc0de", wants_response)
    code, body = answer(scp.port, associate_rq(extra=identity))
    assert code == 0x02
    assert b"\x59\x00" not in body[68:], "nothing was verified, so nothing is confirmed"
    assert "s3cret" not in repr(scp.events)


@pytest.mark.parametrize("window", [(0, 0), (65535, 65535), (1, 1), (0, 7)])
def test_a20_any_window_of_operations_is_answered_by_one(scp, window: tuple[int, int]) -> None:
    kind, body = answer(scp.port, associate_rq(extra=item(0x53, struct.pack(">HH", *window))))
    assert kind == 0x02
    assert item(0x53, struct.pack(">HH", 1, 1)) in body


def test_a20_without_a_window_none_is_answered(scp) -> None:
    _, body = answer(scp.port, associate_rq())
    assert b"\x53\x00\x00\x04" not in body[68:]


def test_a20_a_thousand_objects_sent_without_waiting_are_answered_in_order(scp) -> None:
    with RawPeer(scp.port, timeout=30) as peer:
        peer.associate()
        for number in range(1000):
            data = GOOD.replace(b"1.2.3\0", f"1.2.{number % 10}\0".encode())
            peer.send(p_data(pdv(1, 3, c_store_rq(f"1.2.{number % 10}", message_id=number))), p_data(pdv(1, 2, data)))
        responses = [peer.response() for _ in range(1000)]
    assert [struct.unpack("<H", each[0x0120])[0] for each in responses] == list(range(1000))
    assert {each[0x0900] for each in responses} == {b"\0\0"}


JUNK = b"\xff\0JUNK" * 10_000
NEGOTIATION = {
    "SOP class extended": (item(0x56, JUNK), 2),
    "SOP class common extended": (item(0x57, JUNK), 2),
    "extended, a thousand times": (item(0x56, b"\0\x07" + b"1.2.3.4" + b"\1" * 20) * 500, 2),
    "a sub-item of unknown type": (item(0x5F, JUNK), 2),
    "roles of a class": (item(0x54, b"\0\x19" + CT.encode() + b"\1\1"), 2),
    "a role of junk": (item(0x54, JUNK), 7),
    "an empty role": (item(0x54, b""), 7),
    "a window of three bytes": (item(0x53, b"\0\1\0"), 7),
    "an identity of junk": (item(0x58, JUNK), 7),
    "a version name of junk": (item(0x55, JUNK), 2),
    "a sub-item past the end": (b"\x56\0\xff\xff", 7),
}


@pytest.mark.parametrize("name", NEGOTIATION)
def test_a21_extended_negotiation_is_passed_over_and_junk_refused(scp, name: str) -> None:
    extra, expected = NEGOTIATION[name]
    kind, _ = answer(scp.port, associate_rq(extra=extra))
    assert kind == expected
    assert "association.failed" not in scp.names()
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.echo() == 0
