"""From one Emit to several sinks, without ever raising or waiting.

What happens to an image must not depend on whether somebody reads the log: a closed stderr, a full disk or a stalled
pipe costs events, never instances. Sinks therefore run in a thread of their own behind a queue of bounded length.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit

CAPACITY = 10_000
TICK = 1.0  # seconds


def fan_out(*sinks: Emit) -> Emit:
    """An Emit that tells each sink; one that fails does not keep the others from hearing."""

    def emit(event: Event) -> None:
        for sink in sinks:
            with suppress(Exception):  # there is nowhere left to report it: the sinks are where things are reported
                sink(event)

    return emit


class Background:
    """An Emit that returns at once; `sink` is called in order by a thread, which starts with the first event.

    Made in the process that uses it: a thread does not survive a fork. Events beyond `capacity` are dropped, and
    counted in one event of their own when there is room again. `tick` is called by the same thread about once a second.
    """

    def __init__(self, sink: Emit, capacity: int = CAPACITY, tick: Callable[[], None] | None = None) -> None:
        self._sink = fan_out(sink)
        self._tick = tick  # None: nothing is to be done when nothing happens
        self._ticked = time.monotonic()
        self._capacity = capacity
        self._waiting: deque[Event] = deque()
        self._dropped = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Take `event`, from any thread."""
        with self._changed:
            if self._closed or len(self._waiting) >= self._capacity:
                self._dropped += 1
                return
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="observe", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, timeout: float = 2.0) -> None:
        """Take nothing more, and wait at most `timeout` seconds until everything taken is told."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        going = True
        while going:
            event, going = self._next()
            if event is not None:
                self._sink(event)
            self._beat()

    def _next(self) -> tuple[Event | None, bool]:
        """The next event, waited for as long as the next tick may wait; and whether more may come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._dropped or self._closed, TICK if self._tick else None)
            if self._waiting:
                return self._waiting.popleft(), True
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                text = "events were lost, because nobody took them"
                return Event("observe.dropped", Level.WARNING, text, {"events": dropped}), True
            return None, not self._closed

    def _beat(self) -> None:
        now = time.monotonic()
        if self._tick is not None and now - self._ticked >= TICK:
            self._ticked = now
            with suppress(Exception):  # as for a sink
                self._tick()
