"""The record inside a spool file."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.spool import record
from dicomrules.spool.record import Record
from tests.unit.spool.material import a_record

texts = st.text(st.characters(), max_size=3000)
records = st.builds(
    Record,
    length=st.integers(0, 2**64 - 1),
    digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
    received_at=st.datetimes(timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m)))).filter(
        lambda moment: 2 < moment.year < 9998
    ),
    **dict.fromkeys(
        ("sop_class", "sop_instance", "study", "series", "transfer_syntax", "calling_aet", "called_aet", "address"),
        texts,
    ),
    **dict.fromkeys(("receiver", "verdict", "fingerprint", "source_path"), texts),
)


def test_a_record_comes_back_as_it_was() -> None:
    whole = replace(
        a_record(b"x"), source_path="/in/étude\udcff.dcm", address="fe80::1%eth0", sop_instance="1." * 31 + "1"
    )
    raw = record.encode(whole)
    assert len(raw) == 4096
    assert record.decode(raw) == whole


@given(records)
def test_texts_of_any_length_are_cut_and_never_fail(long: Record) -> None:
    raw = record.encode(long)
    back = record.decode(raw)
    assert len(raw) == record.SIZE
    assert back is not None
    assert (back.length, back.digest, back.received_at) == (long.length, long.digest, long.received_at)
    assert long.source_path.startswith(back.source_path)
    assert long.sop_instance.startswith(back.sop_instance)
    assert len(back.sop_instance) >= min(len(long.sop_instance), 32)


def test_zeros_are_no_record() -> None:
    assert record.decode(bytes(4096)) is None


@pytest.mark.parametrize("at", [0, 17, 18, 40, 50, 60, 300, 4095])
def test_a_turned_bit_anywhere_is_no_record(at: int) -> None:
    raw = bytearray(record.encode(a_record(b"x")))
    raw[at] ^= 0x10
    assert record.decode(bytes(raw)) is None


@pytest.mark.parametrize("length", [0, 1, 50, 4095, 4097])
def test_a_piece_of_a_record_is_no_record(length: int) -> None:
    assert record.decode((record.encode(a_record(b"x")) + b"\x00")[:length]) is None


def test_a_moment_without_a_zone_is_taken_as_local_time_and_kept_in_utc() -> None:
    back = record.decode(record.encode(replace(a_record(b"x"), received_at=datetime(2026, 11, 23, 10, 0))))
    assert back is not None
    assert back.received_at.utcoffset() == timedelta(0)
