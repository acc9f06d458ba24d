"""One instance comes in: decide -> make durable -> record -> receipt. The only list of these steps.

Success is answered only when bytes and deliveries would survive a power cut. What cannot be decided for a reason that
deciding again would not mend is kept and held, never refused: the sender has no better copy than this one.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Protocol

from dicomrules.model.admission import STRICT, Admission
from dicomrules.model.decision import Decision, Needs
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Envelope, Receipt, Verdict
from dicomrules.model.ports import Emit
from dicomrules.pipeline.committer import Committer, Decided
from dicomrules.pipeline.patients import named
from dicomrules.queue.entry import Arrival
from dicomrules.queue.errors import LedgerError
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

# C-STORE statuses (PS3.4 B.2.3, PS3.7 C.5)
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000

_DECIDED_AT_ONCE = 5_000  # elements; larger objects are decided in a thread, so that others are answered meanwhile
_CRASHES_BORNE = 2  # how often deciding an object may take the process down before it is kept undecided


class Decides(Protocol):
    """The engine, as intake sees it."""

    def decide(self, envelope: Envelope) -> Decision | Needs:
        """Pure; never raises but for a bug."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What intake works with. `crashes` counts the objects that killed us; `admissions` are the policies of receivers
    by name, of others the strict one.
    """

    spool: Spool
    committer: Committer
    pool: Executor
    emit: Emit
    crashes: Mapping[tuple[str, int], int]
    admissions: Mapping[str, Admission] = field(default_factory=dict)


class Intake:
    """The Inbox of all receivers (model/ports)."""

    def __init__(self, engine: Decides, fingerprint: str, means: Means) -> None:
        self._engine = engine
        self._fingerprint = fingerprint
        self._means = means

    def use(self, engine: Decides, fingerprint: str, admissions: Mapping[str, Admission]) -> None:
        """Other rules count from the next instance on; one that is being decided is decided by those it began with."""
        self._engine, self._fingerprint = engine, fingerprint
        self._means = replace(self._means, admissions=admissions)

    async def accept(self, envelope: Envelope) -> Receipt:
        """Take over one complete instance; see the port."""
        kept = False
        try:
            decision = await self._decide(envelope)
            if decision.verdict is Verdict.REJECT:
                return self._rejected(envelope, decision)
            receipt = await self._keep(envelope, decision)
            kept = decision.verdict is not Verdict.DROP
            return receipt
        except (SpoolError, LedgerError) as error:
            self._note("instance.not_kept", Level.ERROR, "an instance could not be made durable", envelope, str(error))
            return Receipt(Verdict.REJECT, OUT_OF_RESOURCES, "the instance could not be made durable")
        finally:
            if not kept:
                self._discard(envelope)

    async def _keep(self, envelope: Envelope, decision: Decision) -> Receipt:
        """Durable, recorded, then the others are told."""
        admission = self._means.admissions.get(envelope.peer.receiver, STRICT)
        patients = named(envelope, decision.variants) if _is_orderly(envelope) else ()
        recorded = await self._means.committer.commit(Decided(envelope, decision, admission, patients))
        self._means.emit(_received(envelope, recorded.arrival))
        if recorded.arrival in _TOLD:
            name, text = _TOLD[recorded.arrival]
            outcome = "held" if recorded.held else "sent all the same, as this receiver says"
            self._note(name, Level.WARNING, f"{text}: {outcome}", envelope)
        if recorded.held:
            return Receipt(Verdict.HOLD)
        if decision.verdict is not Verdict.SEND:
            self._note(
                f"instance.{decision.verdict}", Level.WARNING, "a verdict of the rules", envelope, decision.reason
            )
        return Receipt(decision.verdict, SUCCESS)

    async def _decide(self, envelope: Envelope) -> Decision:
        found, engine, fingerprint = envelope.index, self._engine, self._fingerprint
        if self._means.crashes.get((envelope.key.sop_instance, envelope.length), 0) >= _CRASHES_BORNE or found is None:
            return self._undecided("decision crashed")
        if not _is_orderly(envelope):
            return self._undecided("malformed structure")
        try:
            if found.count <= _DECIDED_AT_ONCE:
                decision = engine.decide(envelope)
            else:
                loop = asyncio.get_running_loop()
                decision = await loop.run_in_executor(self._means.pool, engine.decide, envelope)
        except SpoolError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the image
            self._note("decision.failed", Level.ERROR, "deciding failed", envelope, type(error).__name__)
            return _held("decision failed", fingerprint)
        if isinstance(decision, Needs):
            return _held(f"table {decision.table} has no source in this version", fingerprint)
        return decision

    def _undecided(self, reason: str) -> Decision:
        """Held for a person, and by no rules: other ones are no reason to decide it again."""
        return Decision(Verdict.HOLD, (), (), "", (reason,))

    def _rejected(self, envelope: Envelope, decision: Decision) -> Receipt:
        self._note("instance.reject", Level.WARNING, "a verdict of the rules", envelope, decision.reason)
        return Receipt(Verdict.REJECT, decision.status or CANNOT_UNDERSTAND, decision.reason[:64])

    def _discard(self, envelope: Envelope) -> None:
        """Files that were not committed."""
        for name in filter(None, (envelope.spool_ref, envelope.derived_ref)):
            try:
                self._means.spool.discard(name)
            except SpoolError as error:  # the sweep at the next start removes it: it was never acknowledged
                self._note("spool.leftover", Level.WARNING, "an incoming file stays behind", envelope, str(error))

    def _note(self, name: str, level: Level, text: str, envelope: Envelope, reason: str = "") -> None:
        fields: dict[str, str | int | float] = {
            "sop_instance": envelope.key.sop_instance,
            "calling_aet": envelope.peer.calling_aet,
            "receiver": envelope.peer.receiver,
        }
        self._means.emit(Event(name, level, text, {**fields, "reason": reason} if reason else fields))


_TOLD = {
    Arrival.CONFLICT: ("instance.conflict", "same SOP Instance UID, other content"),
    Arrival.OTHER_PATIENT: ("instance.other_patient", "a study that is known, of another patient"),
}


def _is_orderly(envelope: Envelope) -> bool:
    """Every element stands once in its data set or item, and in order: only then is it clear what the object says."""
    return envelope.index is not None and envelope.index.disorder < 0


def _received(envelope: Envelope, arrival: Arrival) -> Event:
    """What the audit trail makes a transfer of."""
    peer, key = envelope.peer, envelope.key
    fields: dict[str, str | int | float] = {
        "receiver": peer.receiver,
        "calling_aet": peer.calling_aet,
        "called_aet": peer.called_aet,
        "address": peer.address,
        "study": key.study,
        "sop_class": key.sop_class,
        "arrival": arrival.value,
    }
    return Event("instance.received", Level.DEBUG, "an instance was taken over", fields)


def _held(reason: str, fingerprint: str) -> Decision:
    """Held by the rules with this fingerprint: with others it may go."""
    return Decision(Verdict.HOLD, (), (), fingerprint, (reason,))
