"""Doing together what becomes ready at about the same time: the one idea behind group commit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Work that costs about the same for one item or for many.

    While it is done in threads for one group or two, what becomes ready forms the next. Used from one event loop.
    """

    def __init__(self, name: str, work: Callable[[list[T]], list[R]], most: int, at_once: int = 1) -> None:
        """`work` gets up to `most` items and gives a result for each, in order; up to `at_once` threads call it."""
        self._work = work
        self._most = most
        self._ready: list[tuple[T, asyncio.Future[R]]] = []
        self._idle = at_once
        self._threads = ThreadPoolExecutor(at_once, name)

    async def do(self, item: T) -> R:
        """Wait until this item's group is done; its result, or the exception that the group met."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        self._ready.append((item, done))
        if self._idle:
            self._begin(loop)
        return await done

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._ready = self._ready[: self._most], self._ready[self._most :]
        self._idle -= 1
        self._threads.submit(self._run, loop, group)

    def _run(self, loop: asyncio.AbstractEventLoop, group: list[tuple[T, "asyncio.Future[R]"]]) -> None:
        """In a thread: one knock on the loop for the whole group."""
        results: list[R] = []
        failure: Exception | None = None
        try:
            results = self._work([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - whatever it was, everyone who waits must learn of it
            failure = error
        loop.call_soon_threadsafe(self._end, loop, group, results, failure)

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[T, "asyncio.Future[R]"]],
        results: list[R],
        failure: Exception | None,
    ) -> None:
        self._idle += 1
        if self._ready:
            self._begin(loop)
        if failure is not None:
            for _, done in group:
                if not done.done():
                    done.set_exception(failure)
            return
        for (_, done), result in zip(group, results, strict=True):
            if not done.done():
                done.set_result(result)
