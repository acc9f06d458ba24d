"""Group commit: instances that are ready at about the same time become durable together.

A flush of the disk takes about a millisecond whether it carries one instance or thirty, so what becomes ready during
one flush rides with the next. Bytes first (data to disk, final name, folder to disk), then one ledger transaction,
and only then is anybody answered. A failure is that of everything in the group: nothing of it was acknowledged, the
senders still have it.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.queue.entry import Arrival, Entry, Kept, Recorded
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import GROUP, Ledger
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.record import Record
from dicomrules.spool.spool import Folder, Spool

_HELD = frozenset({Verdict.HOLD, Verdict.QUARANTINE})


@dataclass(frozen=True, slots=True)
class Decided:
    """An instance on its way to the disk."""

    envelope: Envelope
    decision: Decision

    @property
    def keeps_bytes(self) -> bool:
        """A dropped object leaves a line in the ledger and no bytes."""
        return self.decision.verdict is not Verdict.DROP


class Committer:
    """Collects what is ready and commits it, one group at a time, in a thread of its own."""

    def __init__(self, spool: Spool, ledger: Ledger) -> None:
        self._spool = spool
        self._ledger = ledger
        self._ready: list[tuple[Decided, asyncio.Future[Recorded]]] = []
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "commit")

    async def commit(self, decided: Decided) -> Recorded:
        """Wait until this instance would survive a power cut. Raises SpoolError or LedgerError: then it was not
        taken.
        """
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._ready.append((decided, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._ready:
            group, self._ready = self._ready[:GROUP], self._ready[GROUP:]
            try:
                answers = await loop.run_in_executor(self._thread, self._commit, [decided for decided, _ in group])
            except Exception as error:  # noqa: BLE001 - whatever it was, every one who waits must learn of it
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_, done), answer in zip(group, answers, strict=True):
                if not done.done():
                    done.set_result(answer)
        self._running = None

    def _commit(self, group: list[Decided]) -> list[Recorded]:
        refs = self._make_durable([decided for decided in group if decided.keeps_bytes])
        entries = [_entry(decided, refs) for decided in group]
        recorded = self._ledger.record(entries)
        for entry, answer in zip(entries, recorded, strict=True):
            self._tidy(entry, answer)
        return recorded

    def _make_durable(self, group: list[Decided]) -> dict[str, str]:
        """Names of incoming files -> refs under which they now survive a power cut."""
        names: list[str] = []
        held: list[bool] = []
        for decided in group:
            envelope = decided.envelope
            self._spool.seal(envelope.spool_ref, record_of(decided))
            for name in filter(None, (envelope.spool_ref, envelope.derived_ref)):
                names.append(name)
                held.append(decided.decision.verdict in _HELD)
        if not names:
            return {}
        return dict(zip(names, self._spool.commit(names, held, group[0].envelope.received_at.date()), strict=True))

    def _tidy(self, entry: Entry, recorded: Recorded) -> None:
        """Files whose place is another one after all: the ledger decides, where a file lies is a hint."""
        if recorded.arrival is Arrival.NEW or not entry.spool_ref:
            return
        with suppress(SpoolError, LedgerError):  # a superfluous file costs room, and the sweep finds it
            if recorded.arrival is Arrival.DUPLICATE:
                for ref in filter(None, (entry.spool_ref, entry.derived_ref)):
                    self._spool.remove(ref)
            elif entry.decision.verdict not in _HELD:
                moved = [
                    self._spool.move(ref, Folder.HELD) if ref else "" for ref in (entry.spool_ref, entry.derived_ref)
                ]
                self._ledger.mark_moved([Kept(recorded.instance_id, *moved)])


def record_of(decided: Decided) -> Record:
    """What the spool file tells of itself, should the ledger be lost."""
    envelope, peer, key = decided.envelope, decided.envelope.peer, decided.envelope.key
    return Record(
        length=envelope.length,
        digest=envelope.digest,
        received_at=envelope.received_at,
        sop_class=key.sop_class,
        sop_instance=key.sop_instance,
        study=key.study,
        series=key.series,
        transfer_syntax=envelope.transfer_syntax,
        calling_aet=peer.calling_aet,
        called_aet=peer.called_aet,
        address=peer.address,
        receiver=peer.receiver,
        verdict=decided.decision.verdict.value,
        fingerprint=decided.decision.fingerprint,
        source_path=envelope.source_path,
    )


def _entry(decided: Decided, refs: dict[str, str]) -> Entry:
    envelope = decided.envelope
    return Entry(envelope, decided.decision, refs.get(envelope.spool_ref, ""), refs.get(envelope.derived_ref, ""))
