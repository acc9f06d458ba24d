"""Files sent by the plain SCU."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.delivery import Kind
from dicomrules.senders.files import store_files
from tests.peers.sink import Behaviour, Sink
from tests.wire.sending import destination, taken_apart

NAMES = ["CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "JPEG-lossy.dcm", "rtplan.dcm"]


def samples() -> list[Path]:
    return [Path(str(get_testdata_file(name))) for name in NAMES]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def test_files_arrive_in_order_in_their_own_syntax_and_byte_for_byte(sink: Sink) -> None:
    paths = samples()
    sent = list(store_files(destination(sink.port), paths))
    assert [(path, outcome.kind) for path, outcome in sent] == [(path, Kind.SENT) for path in paths]
    for path, stored in zip(paths, sink.stored, strict=True):
        meta, data_set = taken_apart(path)
        assert stored.sha256 == hashlib.sha256(data_set).hexdigest()
        assert stored.transfer_syntax == meta.TransferSyntaxUID
        assert stored.sop_class == meta.MediaStorageSOPClassUID
        assert stored.sop_instance == meta.MediaStorageSOPInstanceUID
    assert len(sink.associations) == 1


def test_files_that_are_no_dicom_are_told_and_the_others_go(sink: Sink, tmp_path: Path) -> None:
    text, empty, cut = tmp_path / "a.txt", tmp_path / "empty", tmp_path / "cut"
    text.write_text("this is no DICOM file " * 100)
    empty.write_bytes(b"")
    cut.write_bytes(samples()[0].read_bytes()[:150])
    paths = [text, samples()[0], empty, tmp_path / "absent", cut, tmp_path, samples()[4]]
    kinds = [outcome.kind for _, outcome in store_files(destination(sink.port), paths)]
    assert kinds == [Kind.FAILED, Kind.SENT, Kind.FAILED, Kind.FAILED, Kind.FAILED, Kind.FAILED, Kind.SENT]


def test_a_file_without_file_meta_is_sent_when_only_one_encoding_fits(sink: Sink, tmp_path: Path) -> None:
    _, data_set = taken_apart(samples()[1])
    bare = tmp_path / "bare"
    bare.write_bytes(data_set)
    ((_, outcome),) = store_files(destination(sink.port), [bare])
    assert outcome.kind is Kind.SENT, outcome.message
    assert sink.digests() == [hashlib.sha256(data_set).hexdigest()]


def test_what_the_peer_says_is_the_outcome() -> None:
    with Sink(Behaviour(status=0xA700)) as sink:
        ((_, outcome),) = store_files(destination(sink.port), samples()[:1])
    assert outcome.kind is Kind.DEFERRED
    assert outcome.status == 0xA700
