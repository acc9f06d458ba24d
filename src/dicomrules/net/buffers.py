"""Receive buffers, used again and again: a new one of this size costs more in page faults than the receive itself."""

SIZE = 256 * 1024
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


class DoubleBuffer:
    """Two buffers of one association: the network fills one while the other is worked on.

    Before `grow` there is only one pair of a few kilobytes, enough for requests; idle connections cost no more than
    that.
    """

    _SMALL = 4096

    def __init__(self, pool: BufferPool) -> None:
        self._pool = pool
        self._pair = [memoryview(bytearray(self._SMALL)), memoryview(bytearray(self._SMALL))]
        self._large = False
        self.filled = 0  # bytes in the buffer that is being filled

    @property
    def full(self) -> bool:
        """Whether the buffer that is being filled has no room."""
        return self.filled == self._pair[0].nbytes

    def free(self) -> memoryview:
        """Where the next bytes go."""
        return self._pair[0][self.filled :]

    def swap(self) -> memoryview:
        """What was filled, to be worked on; the other buffer is filled from now on, so nobody may look at it any
        more.
        """
        view = self._pair[0][: self.filled]
        self._pair.reverse()
        self.filled = 0
        return view

    def grow(self) -> None:
        """From now on large buffers: the association has begun to carry data. Called only while nothing is filled."""
        if not self._large:
            self._large = True
            self._pair = [self._pool.take(), self._pool.take()]

    def release(self) -> None:
        """Give the buffers back; no view of them may be in use."""
        if self._large:
            self._large = False
            for buffer in self._pair:
                self._pool.give(buffer)
            self._pair = [memoryview(bytearray(1)), memoryview(bytearray(1))]
