"""What people ask for is done here, in the delivery process, one request after the other.

    asked -> begun (committed) -> the act and its answer in one transaction -> lanes are told

A request that takes the process down is found `begun` at the next start: it is then refused, so that it cannot take the
gateway down again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Patch
from dicomrules.model.decision import Decision, Needs, Variant
from dicomrules.model.delivery import State
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Verdict
from dicomrules.model.ports import Emit
from dicomrules.pipeline.again import later
from dicomrules.pipeline.held import opened
from dicomrules.pipeline.intake import Decides
from dicomrules.pipeline.patients import named
from dicomrules.queue import deciding, lanes, requested
from dicomrules.queue.entry import Held, InstanceState
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.recording import in_doubt
from dicomrules.queue.request import Answer, Ask, Progress, Request, Wish
from dicomrules.queue.requested import Anew, Refs, never_as_received
from dicomrules.queue.requests import Act
from dicomrules.queue.transaction import Transaction
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Folder, Spool

AT_ONCE = 32  # requests of one step
_NEVER = (lanes.CORRUPT, lanes.DAMAGED)


@dataclass(frozen=True, slots=True)
class Means:
    """What this works with. `wake` tells the lanes that there is work; `resume` tells those of one destination to try
    it now. `destinations` are those of the gateway, each with the groups through which alone it gets anything.
    """

    spool: Spool
    ledger: Ledger
    emit: Emit
    wake: Callable[[], None]
    resume: Callable[[str], None]
    destinations: Mapping[str, tuple[str, ...]]


class Requests:
    """Called after each knock and about once a second by one thread of the delivery process."""

    def __init__(self, engine: Decides, means: Means) -> None:
        self._engine = engine
        self._means = means

    def use(self, engine: Decides, destinations: Mapping[str, tuple[str, ...]]) -> None:
        """Other rules or destinations count from now on."""
        self._engine = engine
        self._means = replace(self._means, destinations=destinations)

    def start(self, now: datetime) -> None:
        """Refuse what was begun when the process died. Raises LedgerError."""
        died = Answer(False, "the gateway died while it did this: it is not tried again by itself")
        rows = self._means.ledger.requests
        while found := [each for each in rows.open(AT_ONCE) if each.progress is Progress.BEGUN]:
            for request in found:
                rows.carry_out(request, lambda tx: died, now)

    def step(self, now: datetime) -> bool:
        """Act on what is asked for, a few requests; True when there was something. Raises LedgerError."""
        rows = self._means.ledger.requests
        found = rows.open(AT_ONCE)
        if found:
            rows.begin(found)
        for request in found:
            answer = self._carry_out(request, now)
            fields: dict[str, str | int | float] = {"kind": request.wish.kind.value, "who": request.wish.who}
            if request.wish.destination:
                fields["destination"] = request.wish.destination
            said = "done" if answer.done else "refused"
            self._means.emit(Event(f"request.{said}", Level.INFO, f"asked for by a person, and {said}", fields))
        if found:
            self._means.wake()
        return bool(found)

    def _carry_out(self, request: Request, now: datetime) -> Answer:
        wish = request.wish
        try:
            if unknown := [name for name in wish.destinations if not self._may_name(wish, name)]:
                refused = Answer(False, f"the gateway has no destination {', '.join(unknown)}")
                return self._end(request, lambda tx: refused, now)
            act = self._about_destination(wish, now) if wish.instance_id is None else self._about_instance(wish, now)
        except (SpoolError, MalformedDataSet) as error:
            refused = Answer(False, f"its bytes cannot be read: {error}")
            return self._end(request, lambda tx: refused, now)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the process
            refused = Answer(False, f"internal error ({type(error).__name__})")
            return self._end(request, lambda tx: refused, now)
        return self._end(request, act, now)

    def _end(self, request: Request, act: Act, now: datetime) -> Answer:
        return self._means.ledger.requests.carry_out(request, act, now)

    def _may_name(self, wish: Wish, name: str) -> bool:
        """What waits for a destination that was taken out of the gateway file can be given up, and nothing else."""
        return name in self._means.destinations or wish.kind in (Ask.DISCARD, Ask.GIVE_UP)

    # One destination

    def _about_destination(self, wish: Wish, now: datetime) -> Act:
        """Many deliveries, a page in a transaction; the answer says how many."""
        name, step = wish.destination, self._means.ledger.requests.step
        if wish.kind is Ask.RETRY:
            count = requested.total(iter(lambda: step(lambda tx: requested.retry_failed(tx, name, now)), 0))
            text = f"queued again: {count}" if count else "nothing has failed there"
        elif wish.kind is Ask.RESUME:
            count = requested.total(iter(lambda: step(lambda tx: requested.due_at_once(tx, name, now)), 0))
            text = "it is tried now" + (f", with {count} that waited for their next attempt" if count else "")
        else:
            reason, count = _given_up(wish), 0
            for state in (State.QUEUED, State.DEFERRED, State.STORED, State.FAILED):
                pages = iter(lambda: step(lambda tx: requested.give_up(tx, name, state, reason, now)), 0)  # noqa: B023
                count += requested.total(pages)
            text = f"discarded: {count}"
        if wish.kind in (Ask.RETRY, Ask.RESUME):
            self._means.resume(name)
        return lambda tx: Answer(True, text)

    # One instance

    def _about_instance(self, wish: Wish, now: datetime) -> Act:
        assert wish.instance_id is not None
        identity = wish.instance_id
        if wish.kind is Ask.DISCARD:
            return lambda tx: requested.discard(tx, identity, wish.destinations, _given_up(wish), now)
        found = self._means.ledger.instance(identity)
        if found is None:
            return lambda tx: requested.UNKNOWN
        state, reason = self._means.ledger.requests.standing(identity)
        refused = _refusal(wish, found, state, reason)
        given_up = wish.kind in (Ask.RESEND, Ask.REROUTE) and self._means.ledger.requests.discarded(identity)
        if wish.kind is Ask.REROUTE and given_up:
            refused = refused or requested.given_up_by_name(identity, "--reroute")
        if refused:
            return lambda tx: refused
        if wish.kind in (Ask.RESEND, Ask.RESEND_ALONE):
            which = requested.Again(wish.destinations, self._means.destinations, given_up)
            if nothing := self._means.ledger.requests.look(lambda tx: requested.nothing_again(tx, identity, which)):
                return lambda tx: nothing
            refs = self._waiting(found)  # never of what stays: a lost ledger would have it sent from there
            return lambda tx: requested.resend(tx, identity, which, refs, now)
        if wish.kind is Ask.AS_RECEIVED:
            if guarded := [name for name in wish.destinations if self._means.destinations[name]]:
                refused_there = Answer(False, never_as_received(guarded[0], self._means.destinations[guarded[0]]))
                return lambda tx: refused_there
            prepared = deciding.prepare(found, as_received(found, wish), now)
            there = Anew(wish.destinations, gives_up_held=True)
            return lambda tx: requested.decide_anew(tx, prepared, None, there)
        held = state is InstanceState.HELD
        forms_alone = held and bool(found.decision.stopped) and not in_doubt(reason)
        return self._decide_again(wish, found, held=held, forms_alone=forms_alone, now=now)

    def _decide_again(self, wish: Wish, found: Held, *, held: bool, forms_alone: bool, now: datetime) -> Act:
        """`forms_alone`: groups keep variants of it, and all others are on their way."""
        with opened(self._means.spool, found.envelope) as envelope:
            if envelope.index is not None and envelope.index.disorder >= 0:
                return lambda tx: _MALFORMED
            fresh = self._engine.decide(envelope)
            people = () if isinstance(fresh, Needs) else named(envelope, fresh.variants)
        if isinstance(fresh, Needs):
            needs = Answer(False, f"it cannot be decided now: table {fresh.table} does not answer")
            return lambda tx: needs
        if forms_alone:
            return self._release_forms(found, fresh, now)
        if fresh.verdict in (Verdict.DROP, Verdict.REJECT) and not held:
            nothing = Answer(False, f'today\'s rules say {fresh.verdict} "{fresh.reason}": nothing is changed')
            return lambda tx: nothing
        if found.decision.verdict is not Verdict.SEND:
            fresh = later(found, fresh, now)
        elif fresh.verdict is Verdict.REJECT:
            fresh = replace(fresh, verdict=Verdict.QUARANTINE)
        fresh = _narrowed(fresh, wish.destinations)
        refs = None if held else self._waiting(found)
        prepared = deciding.prepare(found, fresh, now)
        anew = Anew(wish.destinations, people=people if wish.kind is Ask.RELEASE else ())
        return lambda tx: requested.decide_anew(tx, prepared, refs, anew)

    def _release_forms(self, found: Held, fresh: Decision, now: datetime) -> Act:
        """Only variants of it are held: these are decided again, for the destinations they are held for."""
        asked = replace(found, decision=replace(found.decision, variants=_as_holds(found.decision.variants)))
        decided = later(asked, fresh, now)
        prepared = deciding.prepare(asked, decided, now)

        def act(tx: Transaction) -> Answer:
            if not deciding.decide(tx, prepared, asked=True):
                return Answer(False, "it is no longer held")
            still = [one for one in decided.stopped if one.verdict in (Verdict.HOLD, Verdict.QUARANTINE)]
            if still:
                return requested.said_of(still[0].verdict, still[0].reason, ())
            return requested.said_of(Verdict.SEND, "", decided.destinations)

        return act

    def _waiting(self, found: Held) -> Refs:
        """Its files are moved back to where files lie that are to be sent: first the files, then the row."""
        refs = (found.envelope.spool_ref, found.envelope.derived_ref)
        moved = [self._means.spool.move(ref, Folder.WAITING) if ref.startswith("done/") else ref for ref in refs]
        return Refs(*moved)


_MALFORMED = Answer(False, "its structure is malformed: it can only leave as received, with --as-received --to")


def _refusal(wish: Wish, found: Held, state: InstanceState, reason: str) -> Answer | None:
    """Why this cannot be done with an instance in this state."""
    if not found.envelope.spool_ref:
        return requested.NOT_KEPT
    if reason in _NEVER:
        return Answer(
            False, f"{reason.partition(':')[0]}: what is on the disk is not what was received, and never leaves"
        )
    if state is InstanceState.HELD:
        # Only a release is about what is held: who sends a study again has not looked at it.
        whole = found.decision.verdict is not Verdict.SEND or in_doubt(reason)
        again = wish.kind in (Ask.RESEND, Ask.RESEND_ALONE)
        left = again or (wish.kind in (Ask.REROUTE, Ask.REROUTE_ALONE) and whole)
        return Answer(False, "it is held: `dicomrules held release` decides it again") if left else None
    if wish.kind in (Ask.RELEASE, Ask.AS_RECEIVED):
        return Answer(False, "it is not held")
    return None


def as_received(found: Held, wish: Wish) -> Decision:
    """A person's decision: the bytes as they came, to these destinations."""
    envelope = found.envelope
    patch = Patch(envelope.derived_digest or envelope.digest, ())
    variant = Variant(patch, (), wish.destinations, envelope.key.sop_instance)
    note = f"sent as received, because {wish.who} said so"
    return Decision(Verdict.SEND, (variant,), (), "", notes=(*found.decision.notes, note))


def _as_holds(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """What a rule keeps for a person is decided again when that person says so."""
    return tuple(
        replace(one, verdict=Verdict.HOLD, limit=None) if one.verdict is Verdict.QUARANTINE else one for one in variants
    )


def _narrowed(decision: Decision, destinations: tuple[str, ...]) -> Decision:
    """The same for these destinations only; none named: for all."""
    if not destinations or decision.verdict is not Verdict.SEND:
        return decision
    narrowed = (
        replace(one, destinations=tuple(name for name in one.destinations if name in destinations))
        for one in decision.variants
    )
    return replace(decision, variants=tuple(narrowed))


def _given_up(wish: Wish) -> str:
    return f"discarded by {wish.who}" + (f": {wish.why}" if wish.why else "")
