"""Held instances are decided again: at the time that a rule said, and once other rules are loaded.

    due -> open the stored bytes -> decide -> the ledger -> lanes are told

The bytes are those received and the decision is made by the rules as they are now (S54). What cannot be decided again
stays held, and is tried again later: nothing is lost by waiting.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dicomrules.dicom.index import ADMITTED, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, encoding_of
from dicomrules.model.decision import Needs
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.model.ports import Emit
from dicomrules.pipeline.again import later
from dicomrules.pipeline.intake import Decides
from dicomrules.queue.entry import Held
from dicomrules.queue.ledger import Ledger
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

_AT_ONCE = 16  # instances of one step
_NOT_BEFORE = timedelta(minutes=5)  # until one that could not be decided is tried again


@dataclass(frozen=True, slots=True)
class Means:
    """What this works with. `wake` tells the lanes that there is something to send."""

    spool: Spool
    ledger: Ledger
    emit: Emit
    wake: Callable[[], None]


class HeldInstances:
    """Called about once a second by one thread of the delivery process."""

    def __init__(self, engine: Decides, means: Means) -> None:
        self._engine = engine
        self._means = means

    def use(self, engine: Decides) -> None:
        """Other rules count from now on; `start` says which."""
        self._engine = engine

    def start(self, fingerprint: str, now: datetime) -> None:
        """The rules with this fingerprint are loaded: what others hold for a later decision is due.

        May raise LedgerError.
        """
        count = self._means.ledger.rules_are(fingerprint, now)
        if count:
            text = "other rules are loaded: what is held is decided again"
            self._means.emit(Event("held.rules_changed", Level.INFO, text, {"instances": count}))

    def step(self, now: datetime) -> bool:
        """Decide what is due, a few instances; True when there was something. May raise LedgerError."""
        due = self._means.ledger.due_again(now, now + _NOT_BEFORE, _AT_ONCE)
        for held in due:
            self._again(held, now)
        return bool(due)

    def _again(self, held: Held, now: datetime) -> None:
        try:
            with opened(self._means.spool, held.envelope) as envelope:
                fresh = self._engine.decide(envelope)
        except (SpoolError, MalformedDataSet) as error:
            self._note("held.unreadable", Level.ERROR, "a held instance cannot be read", held, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the image
            self._note("decision.failed", Level.ERROR, "deciding failed", held, type(error).__name__)
            return
        if isinstance(fresh, Needs):
            reason = f"table {fresh.table} has no source in this version"
            self._note("held.needs_table", Level.WARNING, "a held instance cannot be decided", held, reason)
            return
        decided = later(held, fresh, now)
        if self._means.ledger.decide_again(held, decided, now):
            if decided.verdict is not held.decision.verdict or decided.stopped != held.decision.stopped:
                said = "a held instance was decided again"
                self._note(f"held.{decided.verdict}", Level.INFO, said, held, decided.reason)
            if decided.verdict is Verdict.SEND:
                self._means.wake()

    def _note(self, name: str, level: Level, text: str, held: Held, reason: str) -> None:
        fields = {"sop_instance": held.envelope.key.sop_instance, "reason": reason}
        self._means.emit(Event(name, level, text, dict(fields)))


@contextmanager
def opened(spool: Spool, envelope: Envelope) -> Iterator[Envelope]:
    """The envelope with its index, over the stored bytes (the inflated ones of a deflated instance), and its meta."""
    with ExitStack() as stack:
        stored = stack.enter_context(spool.open(envelope.derived_ref or envelope.spool_ref))
        syntax = EXPLICIT_VR_LITTLE_ENDIAN if envelope.derived_ref else envelope.transfer_syntax
        found = index(stored.source(), encoding_of(syntax), ADMITTED)
        yield replace(envelope, index=found, meta=stored.meta_it_came_with())
