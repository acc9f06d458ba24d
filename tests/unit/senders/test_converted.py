import hashlib
import os
from array import array
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.filereader import _read_file_meta_info, read_dataset, read_preamble

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.senders.converted import Converted, Unconvertible, packed
from dicomrules.senders.received import Corrupt, Received

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG = "1.2.840.10008.1.2.2"
NOTHING = Patch("00" * 32)


class Stored:
    """A data set of pydicom's test files in a file of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        with open(str(get_testdata_file(name)), "rb") as file:
            read_preamble(file, False)
            _read_file_meta_info(file)
            self.data_set = file.read()
        (folder / "file").write_bytes(self.data_set)
        self.fd = os.open(folder / "file", os.O_RDONLY)
        self.received = Received(self.fd, 0, len(self.data_set))
        self.digest = hashlib.sha256(self.data_set).hexdigest()

    def converted(self, patch: Patch, is_in: str, leaves_in: str, size: int = 1000) -> bytes:
        windows = Converted(self.received, patch, self.digest).windows(is_in, leaves_in, memoryview(bytearray(size)))
        made = [(bytes(view), last) for view, last in windows]
        assert [last for _, last in made] == [False] * (len(made) - 1) + [True]
        return b"".join(view for view, _ in made)


def values(data_set: bytes, syntax: str) -> dict[str, object]:
    """Every value as pydicom reads it, by the path of its element; group lengths, which no conversion keeps, left
    out.
    """
    found: dict[str, object] = {}
    todo = [("", read_dataset(BytesIO(data_set), syntax == IMPLICIT, syntax != BIG))]
    while todo:
        path, items = todo.pop()
        for element in items:
            here = f"{path}/{element.tag}"
            if element.VR == "SQ":
                todo += [(f"{here}[{n}]", item) for n, item in enumerate(element.value)]
            elif element.tag.element:
                found[here] = element.value
    return found


CASES = [
    ("CT_small.dcm", EXPLICIT, IMPLICIT),
    ("test-SR.dcm", EXPLICIT, IMPLICIT),
    ("MR_small_implicit.dcm", IMPLICIT, EXPLICIT),
    ("rtplan.dcm", IMPLICIT, EXPLICIT),
    ("MR_small_bigendian.dcm", BIG, EXPLICIT),
    ("MR_small_bigendian.dcm", BIG, IMPLICIT),
]


@pytest.mark.parametrize(("name", "is_in", "leaves_in"), CASES)
def test_every_value_is_the_same_in_the_other_syntax(tmp_path: Path, name: str, is_in: str, leaves_in: str) -> None:
    stored = Stored(tmp_path, name)
    before, after = values(stored.data_set, is_in), values(stored.converted(NOTHING, is_in, leaves_in), leaves_in)
    pixels = "/(7FE0,0010)"
    if is_in == BIG:
        words = array("H", before.pop(pixels))
        words.byteswap()
        assert words.tobytes() == after.pop(pixels)
    assert before.keys() == after.keys()
    assert [path for path in before if before[path] != after[path]] == []


def test_what_leaves_is_the_patched_data_set(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "MR_small_implicit.dcm")
    at = stored.data_set.index(b"\x10\x00\x20\x00")
    end = at + 8 + int.from_bytes(stored.data_set[at + 4 : at + 8], "little")
    patch = Patch(stored.digest, (Splice(at, end, b"\x10\x00\x20\x00\x04\x00\x00\x00NEW "),))
    assert b"\x10\x00\x20\x00LO\x04\x00NEW " in stored.converted(patch, IMPLICIT, EXPLICIT)


def test_a_flipped_bit_is_found_before_anything_is_made(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "CT_small.dcm")
    damaged = bytearray(stored.data_set)
    damaged[-1] ^= 1
    (tmp_path / "file").write_bytes(damaged)
    with pytest.raises(Corrupt):
        Converted(stored.received, NOTHING, stored.digest)


def test_fragments_of_pixel_data_that_should_not_be_there_cannot_be_converted(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "JPEG2000.dcm")
    with pytest.raises(Unconvertible, match="encapsulated"):
        stored.converted(NOTHING, EXPLICIT, IMPLICIT)


def test_what_is_no_data_set_cannot_be_converted(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "CT_small.dcm")
    with pytest.raises(Unconvertible, match="at byte"):
        stored.converted(Patch(stored.digest, (Splice(0, 3, b""),)), EXPLICIT, IMPLICIT)


@given(chunks=st.lists(st.binary(max_size=50)), size=st.integers(1, 64))
def test_packed_chunks_put_together_are_the_chunks(chunks: list[bytes], size: int) -> None:
    made = [(bytes(view), last) for view, last in packed(chunks, memoryview(bytearray(size)))]
    assert b"".join(view for view, _ in made) == b"".join(chunks)
    assert [last for _, last in made] == [False] * (len(made) - 1) + [True]
    assert all(len(view) == size for view, _ in made[:-1])
