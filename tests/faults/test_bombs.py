"""P: objects made to exhaust whoever reads them, against a running gateway: memory, time, and the right answer.

All of them go to one gateway. Its intake process may not have grown over 512 MiB when the last one has come, and none
may have cost more than five seconds of its processor time.
"""

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.admitting import Admitting, admitting
from tests.faults.processes import intake_and_delivery
from tests.objects import (
    UNDEFINED,
    ct,
    file_bytes,
    raw_element,
    raw_fragments,
    raw_head,
    raw_item,
    raw_sequence,
)
from tests.peers.raw_dul import CT, DEFLATED, EXPLICIT, c_store_rq, p_data, pdv, uid

MEMORY = 512 * 1024  # KiB
SECONDS = 5.0
JPEG = "1.2.840.10008.1.2.4.50"
REFUSED = (0xA700, 0xC000)
_numbers = iter(range(1, 1000))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with admitting(tmp_path_factory.mktemp("bombs")) as running:
        yield running


def head(instance: str) -> bytes:
    """What every object begins with; each is of a study of its own."""
    return b"".join(
        (
            raw_element(0x00080016, "UI", uid(CT)),
            raw_element(0x00080018, "UI", uid(instance)),
            raw_element(0x0020000D, "UI", uid(f"{instance}.1")),
        )
    )


@contextmanager
def bounded(site: Admitting) -> Iterator[None]:
    """What happens within costs the intake process no more than it may."""
    intake, _ = intake_and_delivery(site.gateway)
    before = cpu(intake)
    yield
    assert cpu(intake) - before < SECONDS
    status = Path(f"/proc/{intake}/status").read_text()
    assert int(status.partition("VmHWM:")[2].split()[0]) < MEMORY


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def store(site: Admitting, data_set: bytes, syntax: str = EXPLICIT, instance: str = "") -> int:
    """The status of a C-STORE of this data set, in fragments of 16 KB; the association must live on."""
    with site.peer(syntax) as peer, bounded(site):
        peer.send(p_data(pdv(1, 3, c_store_rq(instance or f"1.2.9.{next(_numbers)}"))))
        for start in range(0, len(data_set), 16000):
            last = start + 16000 >= len(data_set)
            peer.send(p_data(pdv(1, 2 if last else 0, data_set[start : start + 16000])))
        status = int(peer.status())
        assert peer.echo() == 0
    return status


def bomb(site: Admitting, behind: bytes, syntax: str = EXPLICIT, name: str = "") -> int:
    """The same of one that says what it is, and then this."""
    instance = name or f"1.2.9.{next(_numbers)}"
    return store(site, head(instance) + behind, syntax, instance)


@pytest.mark.parametrize("megabytes", [1024, 16 * 1024])
def test_p01_a_deflated_bomb_is_refused_before_it_has_grown(site: Admitting, megabytes: int) -> None:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    instance = f"1.2.9.{next(_numbers)}"
    start = head(instance) + raw_head(0x7FE00010, "OB", 0xFFFFFFF0)
    packed = stream.compress(start) + stream.compress(bytes(64 << 20)) + stream.flush(zlib.Z_SYNC_FLUSH)
    block = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    again = block.compress(bytes(64 << 20)) + block.flush(zlib.Z_FULL_FLUSH)
    packed += again * min(megabytes // 64 - 1, 40)  # it is left long before that
    assert store(site, packed, DEFLATED, instance) in REFUSED
    assert not list((site.folder / "var/spool/incoming").iterdir())


def test_p02_dimensions_that_pixels_state_are_never_believed(site: Admitting) -> None:
    size = raw_element(0x00280008, "IS", b"4294967296") + raw_element(0x00280010, "US", b"\xff\xff")
    size += raw_element(0x00280011, "US", b"\xff\xff")
    frame = b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x22\0\2\x11\1\3\x11\1\xff\xd9"
    assert bomb(site, size + raw_fragments([frame]), JPEG) == 0


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("depth", [150, 200, 1000, 100_000])
def test_p03_sequences_in_one_another_are_refused(site: Admitting, depth: int, undefined: bool) -> None:
    if undefined:
        nested = (raw_head(0x00401111, "SQ", UNDEFINED) + raw_head(0xFFFEE000, "", UNDEFINED)) * depth
        nested += (raw_head(0xFFFEE00D, "", 0) + raw_head(0xFFFEE0DD, "", 0)) * depth
    else:
        lengths = [20 * below for below in range(depth - 1, -1, -1)]  # 12 and 8 bytes a level
        nested = b"".join(
            raw_head(0x00401111, "SQ", length + 8) + raw_head(0xFFFEE000, "", length) for length in lengths
        )
    assert bomb(site, nested) == 0xC000


@pytest.mark.parametrize(
    "masses",
    [
        lambda: raw_sequence(0x00401111, [raw_item(b"") * 500_000]),
        lambda: b"".join(
            raw_element(0x00290000 + ((group & 0xFF) << 17) + 0x1000 + low, "LO", b"x ")
            for group in range(80)
            for low in range(3750)
        ),
        lambda: (
            raw_element(0x00280009, "AT", b"\x18\0\x63\x10" * 16_000)
            + raw_element(0x00720074, "UN", b"1\\" * 1_000_000)
        ),
        lambda: raw_fragments([b""] * 990_000),
    ],
    ids=["items", "private elements", "values", "fragments"],
)
def test_p04_masses_of_little_things_are_taken_or_refused_in_bounded_time(
    site: Admitting, masses: Callable[[], bytes]
) -> None:
    behind = masses()
    syntax = JPEG if behind[:2] == b"\xe0\x7f" else EXPLICIT
    assert bomb(site, behind, syntax) in (0, *REFUSED)


def test_p04_more_than_the_limit_is_refused(site: Admitting) -> None:
    assert bomb(site, raw_sequence(0x00401111, [raw_item(b"") * 1_000_001])) == 0xC000


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0])
@pytest.mark.parametrize("vr", ["OB", "UT", "UN", "SQ"])
def test_p05_a_length_that_is_not_there_is_refused(site: Admitting, vr: str, length: int) -> None:
    assert bomb(site, raw_head(0x00720076, vr, length) + b"abc") == 0xC000
    inside = raw_head(0x00401111, "SQ", 30) + raw_head(0xFFFEE000, "", length) + b"abc"
    assert bomb(site, inside) == 0xC000


META = raw_element(0x00020010, "UI", uid(EXPLICIT))
DATA = head("1.2.9.9999")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("odd vr", bytes(128) + b"DICM" + b"\2\0\x10\0\0\0" + b"\xff\xff\xff\x7f" + DATA),
        ("length of its own", bytes(128) + b"DICM" + raw_head(0x00020001, "OB", 0x7FFFFFFF) + META + DATA),
        ("a million elements", bytes(128) + b"DICM" + raw_element(0x00020100, "UI", b"") * 1_000_000 + META + DATA),
        ("two preambles", (bytes(128) + b"DICM") * 2 + META + DATA),
        ("nothing behind", bytes(128) + b"DICM" + META),
    ],
)
def test_p06_nonsense_in_file_meta_information_goes_to_failed(site: Admitting, name: str, content: bytes) -> None:
    with bounded(site):
        site.drop(name, content)
        assert "0xC000" in site.reason(name)


def test_p06_a_group_length_of_file_meta_that_is_wrong_harms_nothing(site: Admitting) -> None:
    one = ct(size=8, study=306)
    content = file_bytes(one)
    at = content.index(b"\2\0\0\0UL\4\0") + 8
    site.drop("wrong", content[:at] + struct.pack("<L", 0x7FFFFFF0) + content[at + 4 :])
    site.arrived([str(one.SOPInstanceUID)])


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (b"\\ISO 2022 IR 87", b"\x1b$B\x1b(B" * 10_000),
        (b"ISO 2022 IR 6\\ISO 2022 IR 149", b"\x1b$)C" * 12_000),
        (b"GB18030 ", b"Bomb^\x81\x30\x81"),
        (b"ISO_IR 192", b"Bomb\xff\xfe^\xc3"),
        (b"\\ISO 2022 IR 87", b"\x1b$B\x5c\x5c\x1b(B^Bomb"),
        (b"NO SUCH SET ", b"B\xf6mb^X "),
    ],
)
def test_p07_text_that_cannot_be_read_stays_as_it_is(site: Admitting, charset: bytes, name: bytes) -> None:
    instance = f"1.2.9.{next(_numbers)}"
    name += b" " * (len(name) % 2)
    charset += b" " * (len(charset) % 2)
    data_set = b"".join(
        (
            raw_element(0x00080005, "CS", charset),
            raw_element(0x00080016, "UI", uid(CT)),
            raw_element(0x00080018, "UI", uid(instance)),
            raw_element(0x00100010, "PN", name),
            raw_element(0x0020000D, "UI", uid(f"{instance}.1")),
        )
    )
    assert store(site, data_set, EXPLICIT, instance) == 0
    time.sleep(0.1)
    for stored in site.of(instance):
        assert name in stored.data_set


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00100010, "PN", b"^".join([b"a"] * 10_000)),
        (0x00100010, "PN", b"=".join([b"a^b"] * 10_000)),
        (0x00080020, "DA", b"19" * 32_000),
        (0x00180050, "DS", b"9" * 65_000),
        (0x00180050, "DS", b"1e999999999 "),
        (0x00180050, "DS", b"\\".join([b"1"] * 30_000)),
        (0x00200013, "IS", b"9" * 65_000),
        (0x00200013, "UT", b"9" * 2_000_000),
    ],
)
def test_p08_values_without_measure_are_read_in_bounded_time(site: Admitting, tag: int, vr: str, value: bytes) -> None:
    instance = f"1.2.9.{next(_numbers)}"
    parts = {
        0x00080016: raw_element(0x00080016, "UI", uid(CT)),
        0x00080018: raw_element(0x00080018, "UI", uid(instance)),
        0x0020000D: raw_element(0x0020000D, "UI", uid(f"{instance}.1")),
        tag: raw_element(tag, vr, value + b" " * (len(value) % 2)),
    }
    assert store(site, b"".join(part for _, part in sorted(parts.items())), EXPLICIT, instance) == 0
