"""A Storage SCP that runs in a thread of its own, with a real spool and an inbox that keeps what came in memory."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.model.receiver import DicomReceiver, Limits
from dicomrules.receivers.scp import Means, StorageScp
from dicomrules.spool.spool import Spool
from dicomrules.wire.limits import Deadlines

LIMITS = Limits(free_space=0, free_inodes=0)
RECEIVER = DicomReceiver("modalities", 0, limits=LIMITS)


@dataclass
class MemoryInbox:
    """Keeps (envelope, bytes) of what it accepts and removes the file; `receipt` is what it answers."""

    spool: Spool
    receipt: Receipt = field(default=Receipt(Verdict.SEND))
    accepted: list = field(default_factory=list)
    keep_bytes: bool = True
    gate: threading.Event | None = None

    async def accept(self, envelope):
        """Take an envelope over."""
        if self.gate is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.gate.wait)
        source = self.spool._incoming[envelope.spool_ref].source()
        self.accepted.append((envelope, source.read(0, source.length) if self.keep_bytes else b""))
        for name in filter(None, (envelope.spool_ref, envelope.derived_ref)):
            self.spool.discard(name)
        return self.receipt


class RunningScp:
    """Starts an SCP on a free port; a context manager that drains it."""

    def __init__(self, folder, deadlines=None, **receiver):
        self.spool = Spool(folder)
        self.folder = folder
        self.inbox = MemoryInbox(self.spool)
        self.events = []
        self._pool = ThreadPoolExecutor(4)
        self._receiver = replace(RECEIVER, **receiver)
        self._deadlines = deadlines or Deadlines()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.drain_seconds = 0.0

    def receiver(self, means):
        """What runs."""
        return StorageScp(self._receiver, means, self._deadlines)

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        means = Means(self.spool, self.inbox, self.events.append, self._pool)
        self.scp = self.receiver(means)
        await self.scp.start()
        self.port = self.scp.port
        self._ready.set()
        await self._stop.wait()
        await self.scp.drain(self.drain_seconds)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self.stop(0.0)

    def stop(self, seconds):
        """Drain and end."""
        if self._thread.is_alive():
            self.drain_seconds = seconds
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(20)
            assert not self._thread.is_alive()
        self._pool.shutdown()

    @property
    def leftovers(self):
        """Files that lie in incoming."""
        return sorted(path.name for path in (self.folder / "incoming").iterdir())

    def names(self):
        """Names of the events so far."""
        return [event.name for event in self.events]
