"""A whole data set in the spool becomes an Envelope or a Refusal, and a refused one leaves no file."""

import os
import struct
import zlib
from datetime import UTC, datetime

import pytest

from dicomrules.dicom import part10, syntax
from dicomrules.dicom.source import MemoryBytes
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.receivers.arrival import Arrival, Refusal, envelope
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool
from tests.wire.objects import CT, ct_slice

PEER = Peer("MODALITY", "ROUTER", "127.0.0.1", "modalities")
NOW = datetime(2030, 1, 2, tzinfo=UTC)
GOOD = ct_slice("1.2.3")


@pytest.fixture
def spool(tmp_path):
    """A spool in the test's folder."""
    before = os.umask(0o077)
    yield Spool(tmp_path / "spool")
    os.umask(before)


def _arrive(spool, dataset, transfer_syntax=syntax.EXPLICIT_VR_LITTLE_ENDIAN, announced=(CT, "1.2.3"), limits=None):
    incoming = spool.receive(CT, "1.2.3", transfer_syntax)
    incoming.write(dataset)
    arrival = Arrival(incoming, transfer_syntax, PEER, NOW, announced)
    return envelope(arrival, spool, limits or Limits())


def _files(tmp_path):
    return sorted(path.suffix for path in (tmp_path / "spool" / "incoming").iterdir())


def test_an_envelope_says_what_the_object_is_and_where_it_lies(spool, tmp_path):
    found = _arrive(spool, GOOD)
    assert isinstance(found, Envelope)
    assert (found.key.sop_class, found.key.sop_instance, found.key.study) == (CT, "1.2.3", "1.2.1")
    assert (found.length, found.index.length) == (len(GOOD), len(GOOD))
    assert (found.peer, found.received_at, found.derived_ref) == (PEER, NOW, "")
    assert _files(tmp_path) == [".deciding"]


def test_a_file_without_announced_identifiers_names_itself(spool):
    assert isinstance(_arrive(spool, GOOD, announced=("", "")), Envelope)


def test_a_deflated_data_set_has_a_second_file(spool, tmp_path):
    stream = zlib.compressobj(wbits=-15)
    found = _arrive(spool, stream.compress(GOOD) + stream.flush(), syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert found.derived_length == len(GOOD)
    assert found.derived_ref != found.spool_ref
    assert _files(tmp_path) == [".deciding", ".deciding"]


@pytest.mark.parametrize(
    ("dataset", "status", "offending"),
    [
        (GOOD[:-1], 0xC000, "(7FE0,0010)"),
        (ct_slice("1.2.4"), 0xA900, "(0008,0018)"),
        (ct_slice("1.2.3", sop_class="1.2.840.10008.5.1.4.1.1.4"), 0xA900, "(0008,0016)"),
        (ct_slice("../x"), 0xC000, "(0008,0018)"),
        (ct_slice("1.2.3", study="a/b"), 0xC000, ""),
        (b"", 0xC000, "(0008,0016)"),
    ],
    ids=["cut", "other_instance", "other_class", "no_uid", "study_with_a_slash", "empty"],
)
def test_what_is_damaged_or_misnamed_is_refused_and_leaves_no_file(spool, tmp_path, dataset, status, offending):
    refused = _arrive(spool, dataset)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.offending) == (status, offending)
    assert len(refused.comment) <= 64
    assert _files(tmp_path) == []


def test_p03_nesting_over_the_limit_is_refused(spool, tmp_path):
    inside = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    sequence = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    assert _arrive(spool, GOOD[:100] + (sequence + inside) * 1000).status == 0xC000
    assert _files(tmp_path) == []


def test_the_inflated_file_keeps_what_the_object_came_with_too(spool):
    stream = zlib.compressobj(wbits=-15)
    came = part10.plain_head((CT, "1.2.3"), syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "THEM")
    incoming = spool.receive(CT, "1.2.3", syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "", came)
    incoming.write(stream.compress(GOOD) + stream.flush())
    head = part10.read_head(MemoryBytes(came))
    made = envelope(
        Arrival(incoming, syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, PEER, NOW, (CT, "1.2.3"), head=head),
        spool,
        Limits(),
    )
    assert made.meta == head.meta
    refs = spool.commit([made.spool_ref, made.derived_ref], [False, False], NOW.date())
    for ref in refs:
        with spool.open(ref) as stored:
            assert stored.came_with() == came


def test_a_spool_that_fails_is_out_of_resources_and_both_files_go(spool, tmp_path):
    stream = zlib.compressobj(wbits=-15)
    deflated = stream.compress(GOOD) + stream.flush()
    incoming = spool.receive(CT, "1.2.3", syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    incoming.write(deflated)
    receive = spool.receive

    def failing(*arguments):
        second = receive(*arguments)

        def write(_chunk):
            raise SpoolError("writing a spool file: No space left on device", 28)

        second.write = write
        return second

    spool.receive = failing
    arrival = Arrival(incoming, syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, PEER, NOW, (CT, "1.2.3"))
    assert envelope(arrival, spool, Limits()).status == 0xA700
    assert _files(tmp_path) == []
