"""What is done in the ledger because a person asked: each an act inside one transaction, with its answer.

Nothing here loses anything: what is given up keeps its bytes as long as what is delivered, and what a later decision
replaces stays as history.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dicomrules.model.delivery import State
from dicomrules.model.destination import takes_only
from dicomrules.model.instance import Verdict
from dicomrules.queue import encoding, patients
from dicomrules.queue.deciding import Prepared
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.groups import group_of
from dicomrules.queue.recording import insert_forms, state_of
from dicomrules.queue.request import Answer
from dicomrules.queue.transaction import Transaction

UNKNOWN = Answer(False, "the ledger no longer knows this instance")
NOT_KEPT = Answer(False, "its bytes are no longer kept")
PAGE = 64
_ANEW = "`--reroute` decides anew by today's rules, `--destination` names others"

# What destinations are reached through groups alone: the groups, empty for all others.
OnlyThrough = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Refs:
    """Where the files of an instance lie once they have been moved back to `waiting`."""

    spool_ref: str
    derived_ref: str = ""


def discard(tx: Transaction, instance_id: int, destinations: Sequence[str], reason: str, now: datetime) -> Answer:
    """Give up what is not sent of an instance, at these destinations or at all. What is under way is not stopped."""
    found = tx.run("asked_about", (instance_id,))
    if not found:
        return UNKNOWN
    state = InstanceState(found[0][0])
    given_up = 0
    for identity, destination, before in tx.run("deliveries_not_sent", (instance_id,)):
        if not destinations or destination in destinations:
            tx.run("set_state", (State.DISCARDED.value, identity))
            tx.move(destination, State(before), State.DISCARDED)
            given_up += 1
    held_whole = state is InstanceState.HELD and not destinations
    if not given_up and not held_whole:
        at = f" at {', '.join(destinations)}" if destinations else ""
        return Answer(False, f"there is nothing of it{at} that could be discarded: what is sent is sent")
    still_open = _count_open(tx, instance_id)
    if not still_open:
        _over(tx, instance_id, state, reason, now)
    elif state is InstanceState.HELD and not tx.run("held_somewhere", (instance_id,)):
        tx.run("held_no_more", (instance_id,))  # what is left of it is on its way
        tx.move_instance(InstanceState.HELD, InstanceState.WAITING)
    return Answer(True, f"discarded: {_deliveries(given_up)}" if given_up else "discarded")


def never_as_received(destination: str, groups: Sequence[str]) -> str:
    """Why a person cannot send bytes as they came to a destination that takes only what went through these groups."""
    return (
        f"{destination} {takes_only(groups)}, so nothing leaves for it as received; `held release` without "
        "--as-received decides it again by today's rules"
    )


def given_up_by_name(instance_id: int, how: str) -> Answer:
    """Somebody has looked at this very instance and given it up: whoever sends its study again has not."""
    return Answer(False, f"it was discarded: `dicomrules resend number:{instance_id} {how}` brings it back")


@dataclass(frozen=True, slots=True)
class Again:
    """How something is sent once more: to these destinations, empty: to all that got it, or were to get it.

    `only`: which destinations take only what went through groups. `given_up`: it was discarded, and is not named by
    itself.
    """

    destinations: tuple[str, ...]
    only: OnlyThrough
    given_up: bool = False

    def takes(self, destination: str, state: State) -> bool:
        """Whether a delivery that is over is made again. What was discarded is sent only where that is named."""
        if state is State.DISCARDED:
            return destination in self.destinations and not self.given_up
        return not self.destinations or destination in self.destinations


def nothing_again(tx: Transaction, instance_id: int, which: Again) -> Answer | None:
    """Why nothing of an instance is sent once more; None: something is."""
    over = tx.run("deliveries_over", (instance_id,))
    if any(which.takes(row[2], State(row[3])) for row in over):
        return None
    if left := [row[2] for row in over if which.given_up and row[2] in which.destinations]:
        return given_up_by_name(instance_id, f"--destination {left[0]}")
    where = f" at {', '.join(which.destinations)}" if which.destinations else ""
    return Answer(False, f"nothing of it is delivered or failed{where}")


def resend(tx: Transaction, instance_id: int, which: Again, refs: Refs, now: datetime) -> Answer:
    """Queue again what failed, and make new deliveries of what was sent, in the same form.

    Nothing is done when one of them goes where only what went through groups may, and this form did not.
    """
    ((state, *_),) = tx.run("asked_about", (instance_id,))
    if nothing := nothing_again(tx, instance_id, which):
        return nothing
    over = [row for row in tx.run("deliveries_over", (instance_id,)) if which.takes(row[2], State(row[3]))]
    for identity, _, destination, *_ in over:
        groups = which.only.get(destination, ())
        if groups and group_of(tx, identity) not in groups:
            return Answer(False, f"{destination} {takes_only(groups)}, and what it got did not: {_ANEW}")
    at, made, again = encoding.micros(now), [], []
    for identity, variant_id, destination, before, options in over:
        if before == State.FAILED:
            tx.run("requeue", (at, identity, before))
            tx.move(destination, State.FAILED, State.QUEUED)
            again.append(destination)
        else:
            tx.run("new_delivery", (instance_id, variant_id, destination, at, _once_more(options)))
            tx.count("delivery", destination, State.QUEUED)
            made.append(destination)
    tx.run("open_again", (len(made), refs.spool_ref, refs.derived_ref, instance_id))
    if state != InstanceState.WAITING:
        tx.move_instance(InstanceState(state), InstanceState.WAITING)
    return Answer(True, f"queued again for {', '.join(sorted({*made, *again}))}")


def _once_more(options: bytes | None) -> bytes | None:
    """The options of a route for what a person sends again: `only once` is not for them."""
    said = encoding.decode_options(options)
    return encoding.encode_options(replace(said, only_once=False)) if said is not None else None


@dataclass(frozen=True, slots=True)
class Anew:
    """How far a new decision reaches. `destinations`: to those alone, empty: to all; what others wait for stays theirs.

    `gives_up_held`: what is held for others gives way all the same, because a person has said what becomes of it.
    `people`: patients that a person has let pass by it, once it sends: their study is known as theirs from now on.
    """

    destinations: tuple[str, ...] = ()
    gives_up_held: bool = False
    people: patients.Named = ()

    def replaces(self, destination: str, state: State) -> bool:
        """Whether a delivery that is not sent gives way."""
        if state is State.STORED:
            return False  # it is there, and only waits for the commitment
        about = not self.destinations or destination in self.destinations
        return about or (self.gives_up_held and state is State.HELD)


def decide_anew(tx: Transaction, prepared: Prepared, refs: Refs | None, anew: Anew) -> Answer:
    """A decision takes the place of the one before, which is kept; what was not sent by that one is replaced, as far as
    it reaches.
    """
    one, decision, made, columns, at = prepared
    if decision.verdict is not Verdict.SEND:
        anew = Anew()  # nothing of the object is to leave
    found = tx.run("asked_about", (one.instance_id,))
    if not found:
        return UNKNOWN
    before = InstanceState(found[0][0])
    if before is InstanceState.GONE:
        return NOT_KEPT
    _replace(tx, one.instance_id, anew)
    tx.run("replaced", (one.instance_id, at))
    ((first,),) = tx.run("next_variant", (one.instance_id,))
    tx.run("variants_begin_at", (first, one.instance_id))
    insert_forms(tx, one.instance_id, made, at, first=first)
    still_open = _count_open(tx, one.instance_id)
    after = InstanceState.DELIVERED if decision.verdict is Verdict.DROP else state_of(decision.verdict, made)
    if after is InstanceState.DELIVERED and still_open:
        after = InstanceState.WAITING
    if after is InstanceState.WAITING and tx.run("held_somewhere", (one.instance_id,)):
        after, columns = InstanceState.HELD, {**columns, "reason": found[0][2]}
    finished = at if after is InstanceState.DELIVERED else None
    tx.run(
        "decided",
        {**columns, "id": one.instance_id, "state": after.value, "open": still_open, "finished_at": finished},
    )
    if refs is not None:
        tx.run("refs_are", (refs.spool_ref, refs.derived_ref, one.instance_id))
    if after is not before:
        tx.move_instance(before, after)
    if decision.verdict is Verdict.SEND and after is not InstanceState.HELD:
        patients.note(tx, anew.people, at)
    return said_of(decision.verdict, decision.reason, decision.destinations)


def said_of(verdict: Verdict, reason: str, destinations: Sequence[str]) -> Answer:
    """What a decision means to the person who asked for it."""
    if verdict is Verdict.SEND:
        return Answer(
            True, f"queued for {', '.join(destinations)}" if destinations else "today's rules send it nowhere"
        )
    if verdict is Verdict.DROP:
        return Answer(True, f"today's rules drop it: {reason}")
    return Answer(False, f'still held: today\'s rules say {verdict} "{reason}"')


def retry_failed(tx: Transaction, destination: str, now: datetime) -> int:
    """Queue again a page of what failed at a destination."""
    rows = tx.run("not_sent_to", (destination, State.FAILED.value, PAGE))
    for identity, _, _ in rows:
        tx.run("requeue", (encoding.micros(now), identity, State.FAILED.value))
        tx.move(destination, State.FAILED, State.QUEUED)
    return len(rows)


def due_at_once(tx: Transaction, destination: str, now: datetime) -> int:
    """A page of what waits for its next attempt is due now."""
    return len(tx.run("due_at_once", (destination, PAGE, encoding.micros(now))))


def give_up(tx: Transaction, destination: str, state: State, reason: str, now: datetime) -> int:
    """Discard a page of the deliveries to a destination that are in this state."""
    rows = tx.run("not_sent_to", (destination, state.value, PAGE))
    for identity, instance_id, _ in rows:
        tx.run("set_state", (State.DISCARDED.value, identity))
        tx.move(destination, state, State.DISCARDED)
        if not _count_open(tx, instance_id):
            ((before, *_),) = tx.run("asked_about", (instance_id,))
            _over(tx, instance_id, InstanceState(before), reason, now)
    return len(rows)


def _replace(tx: Transaction, instance_id: int, anew: Anew) -> None:
    """What is not sent gives way: without a trace when no attempt was made, else as history."""
    for identity, destination, before in tx.run("deliveries_not_sent", (instance_id,)):
        if not anew.replaces(destination, State(before)):
            continue
        if tx.run("forget_deliveries_untried", (identity,)):
            tx.count("delivery", destination, before, -1)
            continue
        tx.run("set_state", (State.DISCARDED.value, identity))
        tx.move(destination, State(before), State.DISCARDED)


def _count_open(tx: Transaction, instance_id: int) -> int:
    """Count what is neither sent nor given up of an instance, and write it down."""
    ((still_open,),) = tx.run("open_deliveries", (instance_id,))
    tx.run("open_is", (still_open, instance_id))
    return int(still_open)


def _over(tx: Transaction, instance_id: int, before: InstanceState, reason: str, now: datetime) -> None:
    """Nothing more is to be done for it: its bytes are kept as long as those of a delivered one."""
    if before not in (InstanceState.WAITING, InstanceState.HELD):
        return
    tx.run("over_by_hand", (InstanceState.DELIVERED.value, encoding.micros(now), reason, instance_id))
    tx.move_instance(before, InstanceState.DELIVERED)


def _deliveries(count: int) -> str:
    return f"{count} deliver{'y' if count == 1 else 'ies'}"


def total(pages: Iterable[int]) -> int:
    """Run pages until one is empty; how many rows they were about."""
    count = 0
    for page in pages:
        if not page:
            break
        count += page
    return count
