"""Receive buffers, used again and again: a new one of this size costs more in page faults than the receive itself."""

SIZE = 256 * 1024
_SMALL = 4096
_KEPT = 64  # buffers kept for the next association


class BufferPool:
    """Hands out buffers of SIZE bytes and takes them back. For one thread."""

    def __init__(self) -> None:
        self._spare: list[memoryview] = []

    def take(self) -> memoryview:
        """A buffer; what is in it is left over from its last use."""
        return self._spare.pop() if self._spare else memoryview(bytearray(SIZE))

    def give(self, buffer: memoryview) -> None:
        """Take a buffer back that nobody holds a view of any more."""
        if len(self._spare) < _KEPT:
            self._spare.append(buffer)


class _Side:
    """One buffer: `filled` bytes have come, `seen` of them were looked at."""

    __slots__ = ("buffer", "filled", "seen")

    def __init__(self, buffer: memoryview) -> None:
        self.buffer = buffer
        self.filled = 0
        self.seen = 0


class DoubleBuffer:
    """Two buffers of one association: the network fills one while what lies in the other is written.

    Bytes are looked at as they come, where they lie, and stay there until their buffer is full, so that they can be
    written in large portions. Whoever looks calls `unseen`, and when that says there is nothing new, waits. When
    `spent` is true, the views of a buffer must be done with, and `recycle` called; until then the network has the
    other buffer only.

    Before `grow` the buffers have a few kilobytes, enough for requests: idle connections cost no more than that.
    """

    def __init__(self, pool: BufferPool) -> None:
        self._pool = pool
        self._large = False
        self._filling = _Side(memoryview(bytearray(_SMALL)))
        self._other = _Side(memoryview(bytearray(_SMALL)))

    @property
    def stuck(self) -> bool:
        """Whether there is no room for what comes next: both buffers hold bytes that are still needed."""
        return self._filling.filled == self._filling.buffer.nbytes

    @property
    def spent(self) -> bool:
        """Whether a buffer that is full has been looked at to its end."""
        oldest = self._oldest
        return oldest.seen == oldest.buffer.nbytes

    @property
    def empty(self) -> bool:
        """Whether nothing has come since the last `rewind` or `recycle`."""
        return not self._filling.filled and not self._other.filled

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._filling.buffer[self._filling.filled :]

    def received(self, count: int) -> None:
        """`count` bytes came. A full buffer makes way for the other one when that is free."""
        self._filling.filled += count
        if self.stuck and not self._other.filled:
            self._filling, self._other = self._other, self._filling

    @property
    def pending(self) -> memoryview:
        """What `unseen` would return."""
        oldest = self._oldest
        return oldest.buffer[oldest.seen : oldest.filled]

    def unseen(self) -> memoryview:
        """What has come and was not looked at, as far as it lies in one buffer; empty when there is nothing new."""
        oldest = self._oldest
        view = oldest.buffer[oldest.seen : oldest.filled]
        oldest.seen = oldest.filled
        return view

    def recycle(self) -> None:
        """The spent buffer is free again; no view of it is in use."""
        oldest = self._oldest
        oldest.filled = oldest.seen = 0
        if oldest is self._filling:
            return
        if self.stuck:
            self._filling, self._other = self._other, self._filling

    def rewind(self) -> None:
        """Nothing that came is needed any more, if all of it was looked at: begin at the front again, where it is
        warm.
        """
        if not self._other.filled and self._filling.seen == self._filling.filled:
            self._filling.filled = self._filling.seen = 0

    def grow(self) -> None:
        """From now on large buffers: the association carries data. Only while it is empty."""
        if not self._large:
            self._large = True
            self._filling, self._other = _Side(self._pool.take()), _Side(self._pool.take())

    def release(self) -> None:
        """Give the buffers back; no view of them may be in use."""
        if self._large:
            self._large = False
            for side in (self._filling, self._other):
                self._pool.give(side.buffer)
            self._filling, self._other = _Side(memoryview(bytearray(1))), _Side(memoryview(bytearray(1)))

    @property
    def _oldest(self) -> _Side:
        """The buffer whose bytes come first: the one that is not being filled, when it holds any."""
        return self._other if self._other.filled else self._filling
