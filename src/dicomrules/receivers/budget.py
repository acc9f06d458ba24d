"""Shares out the memory that large objects may use together while they are indexed and decided."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """`total` bytes, given out first come first served. For one event loop."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._total = total
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Wait until `size` bytes are free, a quarter of the total at most, and hold them meanwhile."""
        size = min(size, self._total // 4)
        if self._queue or size > self._left:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append((size, turn))
            await turn
        else:
            self._left -= size
        try:
            yield
        finally:
            self._left += size
            self._next()

    def _next(self) -> None:
        while self._queue and self._queue[0][0] <= self._left:
            size, turn = self._queue.popleft()
            if not turn.done():  # else whoever waited was cancelled
                self._left -= size
                turn.set_result(None)
