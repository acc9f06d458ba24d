"""What leaves as a file has the file meta that the object came with, and what is ours to say put right."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from dicomrules.dicom import part10
from dicomrules.dicom.source import MemoryBytes
from dicomrules.model.delivery import Delivery
from dicomrules.senders.stow_body import Body, Unsendable
from dicomrules.spool.spool import Spool
from tests.objects import raw_element
from tests.unit.senders.test_folder import DATA_SET, EXPLICIT, UID, delivery
from tests.unit.spool.material import CT, DAY, a_record

CAME = b"MZ" + bytes(126) + b"DICM" + raw_element(0x00020003, "UI", b"9.9\0") + raw_element(0x00020017, "AE", b"THEM")


def stored(spool: Spool, came_with: bytes | None) -> Delivery:
    """A delivery of an object that lies in the spool."""
    incoming = spool.receive(CT, UID, EXPLICIT, "CT_A1", came_with)
    incoming.write(DATA_SET)
    assert incoming.finish() == hashlib.sha256(DATA_SET).hexdigest()
    spool.seal(incoming.name, a_record(DATA_SET, UID))
    return replace(delivery(), spool_ref=spool.commit([incoming.name], [False], DAY)[0])


def sent(body: Body) -> bytes:
    """Preamble and all that follows, out of a body of one part."""
    whole = b"".join(body)
    assert len(whole) == body.length
    return whole.split(b"\r\n\r\n", 1)[1]


def test_a_part_of_a_request_has_the_file_meta_that_the_object_came_with(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    left = sent(Body([stored(spool, CAME)], spool))
    found = part10.read_head(MemoryBytes(left))
    assert left[:132] == bytes(128) + b"DICM"
    assert found.meta["SendingApplicationEntityTitle"] == "THEM"
    assert found.meta["MediaStorageSOPInstanceUID"] == UID
    assert left[found.dataset_start :].startswith(DATA_SET)


def test_another_instance_does_not_tell_by_its_file_meta_where_it_came_from(tmp_path: Path) -> None:
    """PS3.15 E.1.1: a pseudonym with the private information of the original would say whose it is."""
    spool = Spool(tmp_path / "spool")
    made_anew = replace(stored(spool, CAME), sop_instance="2.25.7")
    left = sent(Body([made_anew], spool))
    assert left.startswith(part10.plain_head((CT, "2.25.7"), EXPLICIT, "CT_A1") + DATA_SET)


def test_without_one_it_has_ours(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    left = sent(Body([stored(spool, None)], spool))
    assert left.startswith(part10.plain_head((CT, UID), EXPLICIT, "CT_A1") + DATA_SET)


def test_an_object_whose_file_meta_is_damaged_in_the_spool_does_not_leave(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    one = stored(spool, CAME)
    path = tmp_path / "spool" / one.spool_ref
    content = bytearray(path.read_bytes())
    at = content.index(b"x\x9c")  # how a zlib stream begins (RFC 1950)
    content[at + 12] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Unsendable, match="damaged"):
        b"".join(Body([one], spool))
