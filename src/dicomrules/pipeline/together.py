"""Doing together what becomes ready at about the same time: the one idea behind group commit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Work that costs about the same for one item or for many.

    While it is done in a thread for one group, what becomes ready forms the next. Used from one event loop.
    """

    def __init__(self, name: str, work: Callable[[list[T]], list[R]], most: int) -> None:
        """`work` gets up to `most` items and gives a result for each, in order; it is never called twice at once."""
        self._work = work
        self._most = most
        self._ready: list[tuple[T, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, name)

    async def do(self, item: T) -> R:
        """Wait until this item's group is done; its result, or the exception that the group met."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._ready.append((item, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._ready:
            group, self._ready = self._ready[: self._most], self._ready[self._most :]
            try:
                results = await loop.run_in_executor(self._thread, self._work, [item for item, _ in group])
            except Exception as error:  # noqa: BLE001 - whatever it was, everyone who waits must learn of it
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_, done), result in zip(group, results, strict=True):
                if not done.done():
                    done.set_result(result)
        self._running = None
