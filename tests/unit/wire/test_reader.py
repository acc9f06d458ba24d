"""PDUs and PDVs out of a stream, however it is cut."""

import itertools
import struct

from hypothesis import given
from hypothesis import strategies as st

from dicomrules.wire.reader import Piece, Reader, Take, Whole

from .worlds import raw_pdu

TAKES = {4: Take.PIECES, 9: Take.SKIP}

_pdvs = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40)), min_size=1, max_size=4)
_pdus = st.one_of(
    st.tuples(st.just(4), _pdvs),
    st.tuples(st.sampled_from([1, 2, 3, 9]), st.binary(max_size=60)),
)


def _encode(kind, content):
    if kind == 4:
        content = b"".join(struct.pack(">LBB", len(data) + 2, *head) + data for *head, data in content)
    return raw_pdu(kind, content)


def _read(stream, cuts):
    """Whole PDUs, and PDVs put together again."""
    reader, found, held = Reader(lambda kind, length: TAKES.get(kind, Take.WHOLE)), [], b""
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        for part in reader.feed(memoryview(stream)[start:end]):
            if isinstance(part, Whole):
                found.append((part.kind, part.body))
                continue
            assert isinstance(part, Piece)
            held += bytes(part.data)
            if part.ends:
                found.append((4, (part.context_id, part.control, held)))
                held = b""
    assert not reader.mid_pdu
    return found


@given(pdus=st.lists(_pdus, max_size=6), cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_the_same_comes_out_however_the_stream_is_cut(pdus, cuts):
    expected = []
    for kind, content in pdus:
        if kind == 4:
            expected += [(4, pdv) for pdv in content]
        elif kind != 9:
            expected.append((kind, content))
    assert _read(b"".join(_encode(*pdu) for pdu in pdus), cuts) == expected


def test_no_byte_of_a_data_set_is_copied():
    stream = bytearray(raw_pdu(4, struct.pack(">LBB", 102, 1, 2) + bytes(100)))
    (piece,) = Reader(lambda kind, length: Take.PIECES).feed(memoryview(stream))
    stream[-1] = 7
    assert piece.data[-1] == 7
