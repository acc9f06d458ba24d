"""What leaves in another encoding says the same, patched or not."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.convert import convert, converted_length
from dicomrules.dicom.edit import open_dataset
from dicomrules.dicom.index import index
from dicomrules.dicom.patch import PatchedBytes, apply
from dicomrules.dicom.source import Bytes, MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding
from tests.properties.test_patch_is_a_rewrite import DIGEST, Plain, bounded, data_sets, edit, read, settled


def converted(source: Bytes, encoding: Encoding, to: Encoding) -> bytes:
    walked = index(source, encoding)
    parts = [part if isinstance(part, bytes) else bytes(source.read(*part)) for part in convert(walked, to)]
    made = b"".join(parts)
    assert len(made) == converted_length(walked, to)
    return made


def contents(there: Plain) -> dict[int, Any]:
    """Values and items without VRs, which one of the encodings does not have."""
    return {tag: content(one) for tag, one in there.items()}


def content(one: Any) -> Any:
    if isinstance(one, list):
        return [contents(item) for item in one]
    return one[1] if isinstance(one, tuple) else one


@pytest.mark.parametrize(
    ("encoding", "to"),
    [(EXPLICIT_LITTLE, IMPLICIT_LITTLE), (IMPLICIT_LITTLE, EXPLICIT_LITTLE)],
    ids=["to implicit", "to explicit"],
)
@settings(bounded, max_examples=100)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_a_patched_data_set_says_the_same_in_the_other_encoding(
    encoding: Encoding, to: Encoding, data: st.DataObject, random: Random
) -> None:
    received = data.draw(data_sets(encoding))
    ours = open_dataset(index(MemoryBytes(received), encoding))
    reference = read(received, encoding)
    for _ in range(random.choice([0, 1, 4])):
        edit(random, ours, reference)
    patch = make_patch(ours, DIGEST)
    leaving = apply(patch, received)
    made = converted(PatchedBytes(MemoryBytes(received), patch), encoding, to)
    assert made == converted(MemoryBytes(leaving), encoding, to)
    assert contents(settled(read(made, to))) == contents(settled(read(leaving, encoding)))
