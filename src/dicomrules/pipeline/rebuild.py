"""Files of the spool that the ledger does not know become rows: all of them after the ledger was lost, else the few
that a crash, or a ledger put back from a copy, left without one.

    a file older than this run -> its own record -> is there a row? -> decided by today's rules -> the ledger

What lay in `waiting` is sent, unless the rules are others than those that decided it: then it is held. What lay in
`held` stays held, whatever the rules say. What lay in `done` becomes history without deliveries. So nothing that was
acknowledged is lost and nothing leaves by rules that nobody has looked at; a destination may get an instance again,
byte for byte the same where the rules are the same.

A file without a row in a ledger that knows what came after it was never acknowledged. When its sender has repeated it
since, it is superfluous, be the repetition still here or delivered and swept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from dicomrules.dicom import syntax
from dicomrules.dicom.index import ADMITTED, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Patch
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.decision import Decision, Needs, Variant
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Envelope, Peer, Verdict
from dicomrules.pipeline.held import Means
from dicomrules.pipeline.intake import Decides
from dicomrules.pipeline.patients import named
from dicomrules.queue.entry import Arrival, Entry
from dicomrules.queue.errors import LedgerError
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.record import Record
from dicomrules.spool.spool import Folder, Spool

AT_ONCE = 64  # files of one step while a ledger is made anew
_SLOWLY = 16  # the same when only stragglers are looked for
LOST = "ledger lost"
_KEPT = (Verdict.HOLD, Verdict.QUARANTINE)


@dataclass(slots=True)
class Found:
    """What the files were, so far."""

    files: int = 0
    queued: int = 0
    held: int = 0
    history: int = 0
    repeats: int = 0  # deliveries that are made although they may have been made before
    unreadable: int = 0

    def fields(self) -> dict[str, str | int | float]:
        """For an event."""
        names = ("files", "queued", "held", "history", "repeats", "unreadable")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Rebuild:
    """Called about once a second by one thread of the delivery process, until there is no file left to look at.

    `began` is when this run began: younger files are intake's own business. `lost`: the ledger is a new one.
    """

    engine: Decides
    fingerprint: str
    means: Means
    began: datetime
    lost: bool
    found: Found = field(default_factory=Found)
    over: bool = False
    _refs: Iterator[str] | None = None

    def step(self, now: datetime) -> bool:
        """Look at some files; True when there are more. Raises LedgerError."""
        if self.over:
            return False
        if self._refs is None:
            self._refs = _refs(self.means.spool)
        for _ in range(AT_ONCE if self.lost else _SLOWLY):
            try:
                ref = next(self._refs, None)
            except SpoolError:
                self._refs = None  # from the beginning: what has a row by now is passed over
                raise
            if ref is None:
                return self._end()
            if _made_at(ref) < self.began.timestamp():
                self._look(ref, now)
        return self.lost

    def _end(self) -> bool:
        self.over = True
        if self.lost or self.found.files:
            text = "the ledger is made anew from the spool" if self.lost else "files without a row have one now"
            self.means.emit(Event("ledger.rebuilt", Level.WARNING, text, self.found.fields()))
        return False

    def _look(self, ref: str, now: datetime) -> None:
        try:
            with self.means.spool.open(ref) as file:
                record = file.record()
                if record is None or self.means.ledger.knows_file(record.sop_instance, ref):
                    return  # a file without a record is the inflated form of another one
                whole = file.length == record.length
            if not whole:
                raise SpoolError("a spool file is shorter than it was when written")
            if not self.lost and self.means.ledger.is_over(_envelope(ref, record)):
                self.means.spool.remove(ref)
                return
            entry = self._entry(ref, record)
        except (SpoolError, MalformedDataSet) as error:
            self.found.unreadable += 1
            text = "a file of the spool cannot be read, and stays where it is"
            self.means.emit(Event("spool.unreadable", Level.ERROR, text, {"reason": str(error)}))
            return
        self._record(entry, now)

    def _record(self, entry: Entry, now: datetime) -> None:
        done = entry.spool_ref.startswith(f"{Folder.DONE}/")
        if done:
            (recorded,) = self.means.ledger.record_history([entry], now)
        else:
            (recorded,) = self.means.ledger.record([entry])
        if recorded.arrival is Arrival.DUPLICATE:
            self._spare(entry, recorded.instance_id)
            return
        self.found.files += 1
        if done:
            self.found.history += 1
        elif recorded.held or entry.decision.verdict in _KEPT:
            self.found.held += 1
        else:
            self.found.queued += 1
            self.found.repeats += len(entry.decision.destinations)
            self.means.wake()

    def _spare(self, entry: Entry, instance_id: int) -> None:
        """The same bytes have come again since, and have a row: when their file is there, this one is superfluous."""
        other = self.means.ledger.instance(instance_id)
        if other is not None:
            self.means.spool.open(other.envelope.spool_ref).close()
            self.means.spool.remove(entry.spool_ref)

    def use(self, engine: Decides, fingerprint: str) -> None:
        """Other rules count from now on."""
        self.engine, self.fingerprint = engine, fingerprint

    def _entry(self, ref: str, record: Record) -> Entry:
        """The instance as intake would have recorded it, with what is decided of it today."""
        envelope = _envelope(ref, record)
        if ref.startswith(f"{Folder.DONE}/"):
            notes = (f"{LOST}: it was delivered before, or there was nothing to deliver",)
            variant = Variant(Patch(record.digest, ()), (), (), record.sop_instance)
            return Entry(envelope, Decision(Verdict.SEND, (variant,), (), record.fingerprint, notes=notes), ref)
        if not record.fingerprint or syntax.is_deflated(record.transfer_syntax):
            return Entry(envelope, _kept("it was not decided by rules", ""), ref)
        with self.means.spool.open(ref) as file:
            found = index(file.source(), syntax.encoding_of(record.transfer_syntax), ADMITTED)
            envelope = replace(envelope, accession=found.accession())
            whole = replace(envelope, index=found, meta=file.meta_it_came_with())
            decision = self._decided(whole, ref, record)
            patients = named(whole, decision.variants)
        return Entry(envelope, decision, ref, patients=patients)

    def _decided(self, envelope: Envelope, ref: str, record: Record) -> Decision:
        if record.fingerprint != self.fingerprint:
            return _kept("rules changed since", self.fingerprint)
        if envelope.index is not None and envelope.index.disorder >= 0:
            return Decision(Verdict.HOLD, (), (), "", ("malformed structure",))
        try:
            decision = self.engine.decide(envelope)
        except (SpoolError, LedgerError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the image
            return _kept(f"decision failed ({type(error).__name__})", self.fingerprint)
        if isinstance(decision, Needs):
            return _kept(f"table {decision.table} does not answer", self.fingerprint)
        if ref.startswith(f"{Folder.HELD}/") and decision.verdict not in _KEPT:
            return _kept("it was held before", "")
        if decision.verdict in (Verdict.REJECT, Verdict.DROP):
            return _kept(f"today's rules say {decision.verdict}", self.fingerprint)
        return decision


def _kept(why: str, fingerprint: str) -> Decision:
    """Held for a person: no time and no other rules release it, unless they have a fingerprint to be held under."""
    return Decision(Verdict.QUARANTINE, (), (), fingerprint, (f"{LOST}, {why}",))


def _envelope(ref: str, record: Record) -> Envelope:
    return Envelope(
        key=InstanceKey(record.sop_class, record.sop_instance, record.series, record.study),
        index=None,
        spool_ref=ref,
        peer=Peer(record.calling_aet, record.called_aet, record.address, record.receiver),
        received_at=record.received_at,
        transfer_syntax=record.transfer_syntax,
        length=record.length,
        digest=record.digest,
        source_path=record.source_path,
    )


def _refs(spool: Spool) -> Iterator[str]:
    """What is to be sent comes first."""
    for folder in (Folder.WAITING, Folder.HELD, Folder.DONE):
        yield from spool.stored(folder)


def _made_at(ref: str) -> float:
    """When a spool file was begun, in seconds: its name begins with that."""
    return int(ref.rpartition("/")[2][:16], 16) / 1e9


def is_anything_stored(spool: Spool) -> bool:
    """Whether there is a file that a new ledger would have to know."""
    return next(_refs(spool), None) is not None
