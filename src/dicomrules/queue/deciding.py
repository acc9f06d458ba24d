"""Held instances: which are due, and what a later decision makes of them.

Of an instance that was held as a whole nothing has left: its variants and deliveries are those of the later decision.
Where only variants of it were held, all others are on their way or there already, and stay as they were decided first.
The rows of an instance are touched only while it is still held for a later decision: one that a person, or damage, has
taken away meanwhile stays as it is.
"""

from collections.abc import Sequence
from datetime import datetime

from dicomrules.dicom.patch import Patch
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.decision import Decision
from dicomrules.model.delivery import State
from dicomrules.model.instance import Envelope, Peer, Verdict
from dicomrules.queue import encoding
from dicomrules.queue.entry import Entry, Held, InstanceState
from dicomrules.queue.recording import Form, forms, insert_forms, judged, state_of
from dicomrules.queue.transaction import Row, Transaction, Value

Prepared = tuple[Held, Decision, tuple[Form, ...], dict[str, Value], int]


def held(instance_id: int, row: Row, patches: Sequence[Patch]) -> Held:
    """A row as a value. LedgerDamaged when it is not what was written."""
    key, peer, rest = InstanceKey(*row[0:4]), Peer(*row[4:8]), row[8:]
    received_at, syntax, length, digest, spool_ref, derived_ref, derived_length, derived_digest, source, decision = rest
    envelope = Envelope(
        key=key,
        index=None,
        spool_ref=spool_ref,
        peer=peer,
        received_at=encoding.moment(received_at),
        transfer_syntax=syntax,
        length=length,
        digest=digest.hex(),
        source_path=source,
        derived_ref=derived_ref,
        derived_length=derived_length,
        derived_digest=derived_digest.hex(),
    )
    return Held(instance_id, envelope, encoding.decode_decision(decision, patches))


def prepare(one: Held, decision: Decision, now: datetime) -> Prepared:
    """Encode a later decision."""
    at = encoding.micros(now)
    columns = judged(decision, encoding.micros(one.envelope.received_at), at)
    entry = Entry(one.envelope, decision, one.envelope.spool_ref, one.envelope.derived_ref)
    return one, decision, forms(entry), columns, at


def decide(tx: Transaction, prepared: Prepared, *, asked: bool = False) -> bool:
    """Write a later decision; False when the instance is no longer held for one. `asked`: a person wants it."""
    one, decision, made, columns, at = prepared
    found = tx.run("held_by_person" if asked else "still_held", (one.instance_id,))
    if not found:
        return False
    if one.decision.verdict is Verdict.SEND:
        still_open = _change_variants(tx, one, decision, made, at) + int(found[0][0])
        state = _state(decision, still_open)
        # What a destination's answer has left to a person stays so, and seen, when nothing else of it is held any more.
        if state is not InstanceState.HELD and (left := tx.run("held_somewhere", (one.instance_id,))):
            state, columns = InstanceState.HELD, {**columns, "reason": "{}: {}".format(*left[0])}
    else:
        tx.run("forget_current_variants", (one.instance_id,))
        ((first,),) = tx.run("next_variant", (one.instance_id,))
        tx.run("variants_begin_at", (first, one.instance_id))
        insert_forms(tx, one.instance_id, made, at, first=first)
        still_open = sum(len(form.destinations) for form in made)
        # A dropped one has bytes: it goes the way of what is delivered.
        state = InstanceState.DELIVERED if decision.verdict is Verdict.DROP else state_of(decision.verdict, made)
    finished = at if state is InstanceState.DELIVERED else None
    tx.run(
        "decided",
        {**columns, "id": one.instance_id, "state": state.value, "open": still_open, "finished_at": finished},
    )
    if state is not InstanceState.HELD:
        tx.move_instance(InstanceState.HELD, state)
    return True


def _change_variants(tx: Transaction, one: Held, decision: Decision, made: Sequence[Form], at: int) -> int:
    """Put the variants that were held in the form they have now; by how many the open deliveries change."""
    change = 0
    for number, (before, form) in enumerate(zip(one.decision.variants, made, strict=True)):
        if before.verdict is not Verdict.HOLD:
            continue
        ((variant_id,),) = tx.run("variant_numbered", (one.instance_id, number))
        tx.run("change_variant", (form.leaves_in, form.leaves_as, form.patch, variant_id))
        for identity, destination in tx.run("held_deliveries", (one.instance_id, variant_id)):
            if destination not in form.destinations:
                tx.run("withdraw", (identity,))
                tx.count("delivery", destination, State.HELD, -1)
                change -= 1
                continue
            tx.run("change_options", (form.options.get(destination), identity))
            if not form.held:
                tx.run("requeue", (at, identity, State.HELD.value))
                tx.move(destination, State.HELD, State.QUEUED)
    return change


def _state(decision: Decision, still_open: int) -> InstanceState:
    if any(variant.verdict in (Verdict.HOLD, Verdict.QUARANTINE) for variant in decision.variants):
        return InstanceState.HELD
    return InstanceState.WAITING if still_open else InstanceState.DELIVERED
