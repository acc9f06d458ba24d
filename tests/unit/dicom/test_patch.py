"""Splices over the bytes received."""

import pytest

from dicomrules.dicom.patch import Blob, Patch, PatchedBytes, Splice, apply, joined, new_length, segments
from dicomrules.dicom.source import MemoryBytes

DIGEST = "ab" * 32
BLOB = Blob("blobs/é.bin", 5_000_000_000, "cd" * 32)
SPLICES = (Splice(0, 0, b"head"), Splice(3, 5, b""), Splice(5, 5, b"x"), Splice(8, 10, b"tail"))


def test_no_splices_change_nothing() -> None:
    patch = Patch(DIGEST)
    assert patch.is_empty
    assert apply(patch, b"0123456789") == b"0123456789"
    assert list(segments(patch, 10)) == [(0, 10)]
    assert list(segments(patch, 0)) == []


def test_splices_replace_insert_and_remove() -> None:
    patch = Patch(DIGEST, SPLICES)
    assert not patch.is_empty
    assert apply(patch, b"0123456789") == b"head012x567tail"
    assert new_length(patch, 10) == 15
    assert list(segments(patch, 10)) == [b"head", (0, 3), b"x", (5, 8), b"tail"]


def test_patched_bytes_are_read_by_position() -> None:
    whole = b"head012x567tail"
    view = PatchedBytes(MemoryBytes(b"0123456789"), Patch(DIGEST, SPLICES))
    assert view.length == len(whole)
    for start in range(len(whole) + 1):
        for end in range(start, len(whole) + 1):
            assert bytes(view.read(start, end)) == whole[start:end]


def test_patched_bytes_of_nothing_are_empty() -> None:
    view = PatchedBytes(MemoryBytes(b"ab"), Patch(DIGEST, (Splice(0, 2, b""),)))
    assert view.length == 0
    assert bytes(view.read(0, 0)) == b""


@pytest.mark.parametrize(
    "patch", [Patch(DIGEST), Patch(DIGEST, SPLICES), Patch(DIGEST, (Splice(7, 900, BLOB), SPLICES[3]))]
)
def test_a_patch_comes_back_from_its_bytes(patch: Patch) -> None:
    assert Patch.from_bytes(patch.to_bytes()) == patch


def test_a_patch_takes_little_more_than_its_new_bytes() -> None:
    assert len(Patch(DIGEST, SPLICES).to_bytes()) == 37 + 4 * 24 + 9


@pytest.mark.parametrize("cut", [0, 1, 36, 40, 61, 100, -1])
def test_a_damaged_patch_is_refused(cut: int) -> None:
    data = Patch(DIGEST, (Splice(1, 2, BLOB), *SPLICES[1:])).to_bytes()
    with pytest.raises(ValueError, match="patch"):
        Patch.from_bytes(data[:cut])
    with pytest.raises(ValueError, match="patch"):
        Patch.from_bytes(data + b"x")


def test_a_patch_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        Patch.from_bytes(b"\x09" + Patch(DIGEST).to_bytes()[1:])


def test_new_bytes_in_a_file_are_counted_and_handed_on_but_not_read_here() -> None:
    patch = Patch(DIGEST, (Splice(2, 4, BLOB),))
    assert new_length(patch, 10) == 5_000_000_008
    assert list(segments(patch, 10)) == [(0, 2), BLOB, (4, 10)]
    with pytest.raises(ValueError, match="while sending"):
        apply(patch, b"0123456789")
    with pytest.raises(ValueError, match="while sending"):
        PatchedBytes(MemoryBytes(b"0123456789"), patch).read(1, 5)


def test_neighbours_are_joined() -> None:
    assert joined([Splice(0, 2, b"a"), Splice(2, 2, b"b"), Splice(2, 5, b"c"), Splice(6, 7, b"d")]) == (
        Splice(0, 5, b"abc"),
        Splice(6, 7, b"d"),
    )
    assert joined([Splice(0, 2, b"a"), Splice(2, 3, BLOB), Splice(3, 4, b"b")]) == (
        Splice(0, 2, b"a"),
        Splice(2, 3, BLOB),
        Splice(3, 4, b"b"),
    )
    assert joined([]) == ()


@pytest.mark.parametrize("splices", [[Splice(0, 4, b""), Splice(3, 5, b"")], [Splice(5, 6, b""), Splice(0, 1, b"")]])
def test_splices_that_overlap_or_go_backwards_are_a_defect(splices: list[Splice]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        joined(splices)
