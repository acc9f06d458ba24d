"""Sources are read by position."""

from dicomrules.dicom.source import MemoryBytes, Tail
from dicomrules.dicom.window import Window


class Counting:
    """A source that counts what is read from it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.length = len(data)
        self.read_bytes = 0

    def read(self, start: int, end: int) -> bytes:
        self.read_bytes += end - start
        return self.data[start:end]


def test_memory_is_read_by_position() -> None:
    source = MemoryBytes(b"abcdef")
    assert source.length == 6
    assert bytes(source.read(2, 4)) == b"cd"
    assert bytes(source.read(6, 6)) == b""


def test_a_tail_counts_from_where_it_begins() -> None:
    tail = Tail(MemoryBytes(b"abcdef"), 2)
    assert tail.length == 4
    assert bytes(tail.read(1, 3)) == b"de"


def test_a_window_reads_heads_and_jumps_over_values() -> None:
    source = Counting(bytes(50_000_000))
    window = Window(source, source.length)
    for position in range(0, 50_000_000, 1_000_000):
        window.move(position)
        assert window.base <= position <= window.safe
    assert source.read_bytes < 300_000


def test_behind_its_end_a_window_reads_zeros() -> None:
    window = Window(MemoryBytes(b"abcdef"), 3)
    window.move(1)
    assert bytes(window.data) == b"bc" + bytes(10)
