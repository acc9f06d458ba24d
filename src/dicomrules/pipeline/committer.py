"""Group commit: instances that are ready at about the same time become durable together.

A flush of the disk takes about a millisecond whether it carries one instance or thirty, so what becomes ready during
one flush rides with the next. Bytes first (data to disk, final name, folder to disk), then one ledger transaction,
and only then is anybody answered. A failure is that of everything in the group: nothing of it was acknowledged, the
senders still have it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from dicomrules.dicom.patient import Patient
from dicomrules.model.admission import STRICT, Admission
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.pipeline.same import is_same
from dicomrules.pipeline.together import Together
from dicomrules.queue.entry import Arrival, Entry, Kept, Recorded
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.record import Record
from dicomrules.spool.spool import Folder, Spool

_ROUNDS = 3  # of comparing with what has the same UID; whoever brings more meanwhile is in conflict
_HELD = frozenset({Verdict.HOLD, Verdict.QUARANTINE})


@dataclass(frozen=True, slots=True)
class Decided:
    """An instance on its way to the disk."""

    envelope: Envelope
    decision: Decision
    admission: Admission = STRICT
    patients: tuple[tuple[str, Patient], ...] = ()  # see Entry

    @property
    def keeps_bytes(self) -> bool:
        """A dropped object leaves a line in the ledger and no bytes."""
        return self.decision.verdict is not Verdict.DROP


class Committer:
    """Bytes to the disk, then rows to the ledger, for a group at a time.

    Two groups are under way at once: while the rows of one are written, the bytes of the other go to the disk.
    """

    def __init__(self, spool: Spool, ledger: Ledger, wake: Callable[[], object] = lambda: None) -> None:
        """`wake` tells delivery that there is work; it is called from any thread, once a group."""
        self._spool = spool
        self._ledger = ledger
        self._wake = wake
        self._groups = Together("commit", self._commit, GROUP, at_once=2)
        self._again = Together("commit-again", self._record, GROUP)
        self._compares = ThreadPoolExecutor(1, "compare")  # one at a time: few of those there should be

    async def commit(self, decided: Decided) -> Recorded:
        """Wait until this instance would survive a power cut. Raises SpoolError or LedgerError: it was not taken."""
        entry, recorded = await self._groups.do(decided)
        for last in (*[False] * _ROUNDS, True):
            if recorded.arrival is not Arrival.RIVAL:
                break
            entry = replace(entry, compared=None if last else await self._compared(entry, recorded))
            recorded = await self._again.do(entry)
        return recorded

    async def _compared(self, entry: Entry, recorded: Recorded) -> dict[int, bool]:
        """What was compared before, and the same of the rivals that are new. In a thread of its own."""
        loop = asyncio.get_running_loop()
        compared = dict(entry.compared or {})
        for rival in recorded.rivals:
            same = await loop.run_in_executor(self._compares, is_same, self._spool, entry, rival)
            compared[rival.instance_id] = same
        return compared

    def _commit(self, group: list[Decided]) -> list[tuple[Entry, Recorded]]:
        """Bytes, then rows: the one step in a thread that an instance waits for. All of the group or nothing."""
        kept = [decided for decided in group if decided.keeps_bytes]
        stored = iter(self._make_durable(kept) if kept else ())
        entries = [
            next(stored) if decided.keeps_bytes else Entry(decided.envelope, decided.decision, "") for decided in group
        ]
        return list(zip(entries, self._record(entries), strict=True))

    def _make_durable(self, group: list[Decided]) -> list[Entry]:
        """Bytes and record on the disk, under their final names."""
        names: list[str] = []
        held: list[bool] = []
        for decided in group:
            envelope = decided.envelope
            self._spool.seal(envelope.spool_ref, record_of(decided))
            for name in filter(None, (envelope.spool_ref, envelope.derived_ref)):
                names.append(name)
                held.append(decided.decision.verdict in _HELD)
        day = group[0].envelope.received_at.date()
        refs = dict(zip(names, self._spool.commit(names, held, day), strict=True))
        return [_entry(decided, refs) for decided in group]

    def _record(self, entries: list[Entry]) -> list[Recorded]:
        """One transaction."""
        recorded = self._ledger.record(entries)
        if any(
            entry.decision.verdict is Verdict.SEND and not answer.held
            for entry, answer in zip(entries, recorded, strict=True)
        ):
            self._wake()
        for entry, answer in zip(entries, recorded, strict=True):
            self._tidy(entry, answer)
        return recorded

    def _tidy(self, entry: Entry, recorded: Recorded) -> None:
        """Files whose place is another one after all: the ledger decides, where a file lies is a hint."""
        if not entry.spool_ref:
            return
        with suppress(SpoolError, LedgerError):  # a superfluous file costs room, and the sweep finds it
            if recorded.arrival is Arrival.DUPLICATE:
                for ref in filter(None, (entry.spool_ref, entry.derived_ref)):
                    self._spool.remove(ref)
            elif recorded.held and entry.decision.verdict not in _HELD:
                moved = [
                    self._spool.move(ref, Folder.HELD) if ref else "" for ref in (entry.spool_ref, entry.derived_ref)
                ]
                self._ledger.retention.mark_moved([Kept(recorded.instance_id, *moved)])


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
    return Entry(
        envelope=envelope,
        decision=decided.decision,
        spool_ref=refs[envelope.spool_ref],
        derived_ref=refs.get(envelope.derived_ref, ""),
        admission=decided.admission,
        patients=decided.patients,
        compared={},
    )
