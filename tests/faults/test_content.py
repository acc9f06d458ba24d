"""C: what is said in a C-STORE and what its data set is, against a running gateway and real sockets."""

import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.admitting import Admitting, admitting
from tests.objects import (
    ct,
    data_set_bytes,
    raw_element,
    raw_fragments,
    raw_head,
    raw_item,
    raw_sequence,
)
from tests.peers.raw_dul import CT, EXPLICIT, IMPLICIT, RawPeer, c_store_rq, command, element, p_data, pdv, uid, us
from tests.peers.running import until
from tests.wire.objects import ct_slice

BIG = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with admitting(tmp_path_factory.mktemp("content")) as running:
        yield running


def answer(peer: RawPeer, instance: str, data_set: bytes, sop_class: str = CT) -> tuple[int, bytes, bytes]:
    """Status, Offending Element and Error Comment of the response to a C-STORE."""
    peer.send(p_data(pdv(1, 3, c_store_rq(instance, sop_class))), p_data(pdv(1, 2, data_set)))
    response = peer.response()
    return struct.unpack("<H", response[0x0900])[0], response.get(0x0901, b""), response.get(0x0902, b"")


def kept(site: Admitting) -> int:
    """How many instances were taken by the receiver."""
    return int(site.received("modalities")["instances"])


def test_c01_another_instance_than_announced_is_not_stored(site: Admitting) -> None:
    before = kept(site)
    with site.peer() as peer:
        status, offending, _ = answer(peer, "1.2.3.101", ct_slice("1.2.3.102"))
        assert (status, offending) == (0xA900, struct.pack("<HH", 0x0008, 0x0018))
        assert peer.echo() == 0
    assert kept(site) == before


def test_c02_another_class_than_the_context_or_the_command_says_is_not_stored(site: Admitting) -> None:
    before = kept(site)
    with site.peer() as peer:
        assert answer(peer, "1.2.3.103", ct_slice("1.2.3.103", sop_class=MR), MR)[0] == 0x0122
        status, offending, _ = answer(peer, "1.2.3.103", ct_slice("1.2.3.103", sop_class=MR))
        assert (status, offending) == (0xA900, struct.pack("<HH", 0x0008, 0x0016))
    assert kept(site) == before


def test_c03_a_data_set_that_is_cut_anywhere_is_refused_and_says_where(site: Admitting) -> None:
    whole = data_set_bytes(ct(size=8, study=204))
    instance = str(ct(size=8, study=204).SOPInstanceUID)
    ends, before = _ends(whole), kept(site)
    with site.peer() as peer:
        for length in range(1, len(whole), 23):
            if length in ends:
                continue
            status, _, comment = answer(peer, instance, whole[:length])
            assert status == 0xC000, length
            assert b"at byte" in comment
            assert b"4711" not in comment
            assert b"ller" not in comment
        for tail in (
            raw_head(0xFFFC0000 | 0xFFFC, "OB", 100) + b"\0" * 99,
            raw_fragments([b"abcd"])[:-8],
            raw_sequence(0xFFF91130, [raw_item(b"", undefined=True)], undefined=True)[:-8],
            raw_head(0xFFFC0000 | 0xFFFC, "OB", 0xFFFFFFFF),
        ):
            status, offending, _ = answer(peer, instance, ct_slice(instance) + tail)
            assert status == 0xC000
            assert len(offending) in (0, 4)
    assert kept(site) == before


def _ends(data_set: bytes) -> set[int]:
    """Where a cut falls between two elements: the rest is whole, as far as anybody can see."""
    from dicomrules.dicom.index import index
    from dicomrules.dicom.source import MemoryBytes
    from dicomrules.dicom.syntax import encoding_of

    return set(index(MemoryBytes(data_set), encoding_of(EXPLICIT)).columns.ends)


@pytest.mark.parametrize(
    ("syntax", "data_set"),
    [
        (EXPLICIT, b"\xff" * 100),
        (EXPLICIT, b"This is a text, and no data set at all. " * 10),
        (EXPLICIT, b"<html><body>401 Unauthorized</body></html>"),
        (IMPLICIT, b"\xff" * 100),
        (EXPLICIT, data_set_bytes(ct(size=8), IMPLICIT)),
        (IMPLICIT, data_set_bytes(ct(size=8), EXPLICIT)),
        (EXPLICIT, data_set_bytes(ct(size=8), BIG)),
        (EXPLICIT, b""),
    ],
)
def test_c04_what_is_no_data_set_in_the_syntax_agreed_on_is_refused(
    site: Admitting, syntax: str, data_set: bytes
) -> None:
    before = kept(site)
    with site.peer(syntax) as peer:
        assert answer(peer, str(ct().SOPInstanceUID), data_set)[0] == 0xC000
    assert kept(site) == before


HOSTILE = ["../../../x", "/etc/passwd", "C:\\x", "1.2\0.3", "/" * 64, "..", "1.2.3/../../x", "a" * 64, "%2e%2e", "{0}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_c05_identifiers_that_are_paths_name_nothing(site: Admitting, name: str) -> None:
    files = _everything(site.folder.parent)
    with site.peer() as peer:
        assert answer(peer, name, ct_slice(name))[0] in (0x0117, 0xC000, 0xA900)
        assert answer(peer, "1.2.3.105", ct_slice(name))[0] in (0xC000, 0xA900)
        assert peer.echo() == 0
    assert _everything(site.folder.parent) == files


def _everything(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if "/var/" not in str(path) and not path.name.startswith("ledger")}


def test_c06_names_of_folders_are_one_to_one_and_lead_nowhere(site: Admitting) -> None:
    names = [
        "..",
        ".",
        "",
        "1" * 65,
        "1.2.3.",
        "1.2.3",
        "CON",
        "con",
        "\u0430.1",
        "a.1",
        "A.1",
        "%2E",
        "..%2F",
        "x" * 200,
    ]
    patients = ["a/b", "a", "a%2Fb", "A", "..", ".", "a b", "b" * 64]
    instances = []
    with site.peer(calling="CT_NAMES") as peer:
        for number, study in enumerate(names):
            instances.append(f"1.2.6.{number}")
            assert peer.store(instances[-1], _of(instances[-1], f"NAME{number}", study)) == 0, study
        for number, patient in enumerate(patients):
            instances.append(f"1.2.7.{number}")
            assert peer.store(instances[-1], _of(instances[-1], patient, f"1.2.70.{number}")) == 0, patient
    site.arrived(instances)
    out = site.folder / "out"
    until(lambda: all(list(out.rglob(f"{one}.dcm")) for one in instances), 30, "all files")
    places = [path for one in instances for path in out.rglob(f"{one}.dcm")]
    assert len(places) == len(instances)
    of_studies = {path.parent.name for path in places[: len(names)]}
    of_patients = {path.parent.parent.name for path in places[len(names) :]}
    assert (len(of_studies), len(of_patients)) == (len(names), len(patients))
    assert all(len(part.encode()) <= 255 for path in places for part in path.parts)
    assert all(path.relative_to(out).parts[2:] == (path.name,) for path in places)


def _of(instance: str, patient: str, study: str) -> bytes:
    raw = study.encode()
    return b"".join(
        (
            raw_element(0x00080005, "CS", b"ISO_IR 192"),
            raw_element(0x00080016, "UI", uid(CT)),
            raw_element(0x00080018, "UI", uid(instance)),
            raw_element(0x00100020, "LO", patient.encode() + b" " * (len(patient.encode()) % 2)),
            raw_element(0x0020000D, "UI", raw + b"\0" * (len(raw) % 2)),
            raw_element(0x0020000E, "UI", b"1.2.6\0"),
        )
    )


def test_c07_what_does_not_say_what_it_is_is_refused(site: Admitting) -> None:
    nameless = raw_element(0x00080016, "UI", uid(CT)) + raw_element(0x00100020, "LO", b"4711")
    classless = raw_element(0x00080018, "UI", uid("1.2.3.107"))
    with site.peer() as peer:
        for data_set in (nameless, classless, raw_element(0x00100020, "LO", b"4711")):
            assert answer(peer, "1.2.3.107", data_set)[0] == 0xC000
        for missing in (0x0002, 0x1000):
            parts = {
                0x0002: uid(CT),
                0x0100: us(1),
                0x0110: us(1),
                0x0700: us(0),
                0x0800: us(1),
                0x1000: uid("1.2.3.107"),
            }
            said = command(*(element(number, value) for number, value in parts.items() if number != missing))
            peer.send(p_data(pdv(1, 3, said)), p_data(pdv(1, 2, ct_slice("1.2.3.107"))))
            assert peer.status() == 0xC000
        assert peer.echo() == 0


def test_c08_the_same_bytes_over_eight_associations_are_one_entry(site: Admitting) -> None:
    before = site.received("modalities")
    statuses: list[int] = []

    def send() -> None:
        with site.peer(calling="CT_SAME") as peer:
            statuses.extend(peer.store("1.2.3.108", ct_slice("1.2.3.108", study="1.2.108")) for _ in range(25))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    site.arrived(["1.2.3.108"])
    after = site.received("modalities")
    assert statuses == [0] * 200
    assert (after["instances"] - before["instances"], after["duplicates"] - before["duplicates"]) == (1, 199)
    assert len(site.of("1.2.3.108")) == 1


@pytest.mark.parametrize("change", ["header", "pixels"])
def test_c09_i05_other_content_under_a_known_uid_is_kept_and_held(site: Admitting, change: str) -> None:
    instance = f"1.2.3.109.{len(change)}"
    first = ct_slice(instance, study=f"1.2.109.{len(change)}")
    second = first.replace(b"CT", b"OT", 1) if change == "header" else first[:-1] + b"\xff"
    with site.peer() as peer:
        assert [peer.store(instance, one) for one in (first, second, first, second)] == [0] * 4
    site.arrived([instance])
    assert [one.data_set for one in site.of(instance)] == [first]
    held = list((site.folder / "var/spool/held").glob("*.dcm"))
    assert any(path.read_bytes().endswith(second) for path in held)
    assert "same SOP Instance UID, other content: held" in site.gateway.output()


def test_c09_the_same_content_in_another_transfer_syntax_is_no_conflict(site: Admitting) -> None:
    one = ct(size=16, study=210)
    before = site.received("modalities")
    for syntax in (EXPLICIT, IMPLICIT):
        with site.peer(syntax) as peer:
            assert peer.store(str(one.SOPInstanceUID), data_set_bytes(one, syntax)) == 0
    after = site.received("modalities")
    assert (after["conflicts"], after["duplicates"] - before["duplicates"]) == (before["conflicts"], 1)


def test_i03_a_known_study_under_another_patient_is_kept_and_held(site: Admitting) -> None:
    with site.peer() as peer:
        for number, patient in enumerate(("PAT1", "PAT1", "PAT2")):
            assert (
                peer.store(
                    f"1.2.3.211.{number}", ct_slice(f"1.2.3.211.{number}", 200, patient=patient, study="1.2.211")
                )
                == 0
            )
    site.arrived(["1.2.3.211.0", "1.2.3.211.1"])
    held = site.gateway.ask("held", "list")
    assert "identity conflict" in held
    assert site.of("1.2.3.211.2") == []
    assert "PAT2" not in site.gateway.output()


def test_i09_an_element_that_stands_twice_is_kept_and_held(site: Admitting) -> None:
    twice = ct_slice("1.2.3.212", study="1.2.212") + raw_element(0x00100020, "LO", b"9999")
    with site.peer() as peer:
        assert peer.store("1.2.3.212", twice) == 0
    assert "malformed structure" in site.gateway.ask("held", "list")
    assert site.of("1.2.3.212") == []


def test_c11_priority_move_originator_and_unknown_command_elements_change_nothing(site: Admitting) -> None:
    said = command(
        element(0x0002, uid(CT)),
        element(0x0100, us(1)),
        element(0x0110, us(7)),
        element(0x0700, us(2)),
        element(0x0800, us(1)),
        element(0x1000, uid("1.2.3.111")),
        element(0x1030, b"MOVER   "),
        element(0x1031, us(9)),
        element(0x5555, b"unknown!"),
    )
    data_set = ct_slice("1.2.3.111", study="1.2.111")
    with site.peer() as peer:
        peer.send(p_data(pdv(1, 3, said)), p_data(pdv(1, 2, data_set)))
        assert peer.status() == 0
    site.arrived(["1.2.3.111"])
    assert site.of("1.2.3.111")[0].data_set == data_set


ODDITIES = {
    "odd length": raw_element(0x00204000, "LT", b"odd"),
    "wrong vr": raw_element(0x00280010, "LO", b"64  "),
    "unknown vr": raw_element(0x00281199, "ZZ", b""),
    "orphan private": raw_element(0x00291001, "LO", b"nobody's "),
    "group length": raw_element(0x00280000, "UL", b"\x99\0\0\0"),
    "trailing padding": raw_element(0xFFFCFFFC, "OB", bytes(500)),
    "illegal padding": raw_element(0x00204000, "LT", b"said\0\0\0\0"),
    "empty values": raw_element(0x00204000, "LT", b"") + raw_element(0x00280010, "US", b""),
    "nested": raw_sequence(
        0x00401111, [raw_item(raw_element(0x00091001, "UN", b"abc"), undefined=True)], undefined=True
    ),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_c12_what_is_odd_and_whole_leaves_byte_for_byte_as_it_came(site: Admitting, oddity: str) -> None:
    number = list(ODDITIES).index(oddity)
    instance = f"1.2.3.112.{number}"
    data_set = _head(instance) + ODDITIES[oddity]
    with site.peer() as peer:
        assert peer.store(instance, data_set) == 0
    site.arrived([instance])
    assert site.of(instance)[0].data_set == data_set


def _head(instance: str, order: str = "<") -> bytes:
    return b"".join(
        (
            raw_element(0x00080016, "UI", uid(CT), order),
            raw_element(0x00080018, "UI", uid(instance), order),
            raw_element(0x00100020, "LO", b"4711", order),
            raw_element(0x0020000D, "UI", uid(f"1.2.112.{instance[-1]}"), order),
        )
    )


@pytest.mark.parametrize(
    ("syntax", "tail"),
    [
        (BIG, raw_element(0x00280010, "US", b"\0\x40", ">") + raw_element(0x7FE00010, "OW", b"\1\2\3\4", ">")),
        (JPEG, raw_fragments([b"\xff\xd8abc", b"", b"x\xff\xd9"])),
    ],
)
def test_c12_big_endian_and_odd_fragments_leave_as_they_came(site: Admitting, syntax: str, tail: bytes) -> None:
    instance = f"1.2.3.113.{len(tail)}"
    data_set = _head(instance, ">" if syntax == BIG else "<") + tail
    with site.peer(syntax) as peer:
        assert peer.store(instance, data_set) == 0
    site.arrived([instance])
    (stored,) = site.of(instance)
    assert (stored.data_set, stored.transfer_syntax) == (data_set, syntax)


def test_c13_an_unknown_class_is_refused_as_a_context_and_never_half(site: Admitting) -> None:
    with RawPeer(site.port) as peer:
        body = peer.associate(contexts=((1, "1.2.3.4.5.6", EXPLICIT), (3, CT, EXPLICIT)), called="DICOMRULES")
        results = {body[at + 4]: body[at + 6] for at in _contexts(body)}
        assert results == {1: 3, 3: 0}


def _contexts(body: bytes) -> list[int]:
    """Where the presentation context items of an A-ASSOCIATE-AC begin (PS3.8 9.3.3.2)."""
    at, found = 68, []
    while at < len(body):
        if body[at] == 0x21:
            found.append(at)
        at += 4 + int(struct.unpack_from(">H", body, at + 2)[0])
    return found
