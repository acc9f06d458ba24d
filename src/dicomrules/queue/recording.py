"""Recording instances that have arrived: one row each, its variants, its deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN
from dicomrules.model.decision import Decision, Variant
from dicomrules.model.delivery import State
from dicomrules.model.instance import Verdict
from dicomrules.queue import encoding
from dicomrules.queue.entry import Arrival, Entry, InstanceState, Recorded
from dicomrules.queue.transaction import Transaction, Value

CONFLICT = "conflict: the same SOP Instance UID came from the same peer with other content"


@dataclass(frozen=True, slots=True)
class _Form:
    """A variant as a row: where it goes, and what leaves.

    `leaves_as` is None when the SOP Instance UID is the received one; `leaves_in` is the transfer syntax.
    """

    destinations: tuple[str, ...]
    leaves_as: str | None
    leaves_in: str
    patch: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """An Entry with everything encoded, so that nothing but SQL happens while others wait for their turn."""

    columns: dict[str, Value]
    forms: tuple[_Form, ...]
    received_at: int


def prepare(entry: Entry) -> Prepared:
    """Encode an entry."""
    envelope, decision = entry.envelope, entry.decision
    peer, key = envelope.peer, envelope.key
    received_at = encoding.micros(envelope.received_at)
    columns: dict[str, Value] = {
        "sop_class": key.sop_class,
        "sop_instance": key.sop_instance,
        "series": key.series,
        "study": key.study,
        "calling_aet": peer.calling_aet,
        "called_aet": peer.called_aet,
        "address": peer.address,
        "receiver": peer.receiver,
        "received_at": received_at,
        "transfer_syntax": envelope.transfer_syntax,
        "length": envelope.length,
        "digest": bytes.fromhex(envelope.digest),
        "spool_ref": entry.spool_ref,
        "derived_ref": entry.derived_ref,
        "derived_length": envelope.derived_length,
        "derived_digest": bytes.fromhex(envelope.derived_digest),
        "source_path": envelope.source_path,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "decision": encoding.encode_decision(_compact(decision)),
        "exchange": encoding.encode_exchange(envelope.exchange),
    }
    sends = decision.verdict is Verdict.SEND
    forms = tuple(
        _Form(
            destinations=variant.destinations if sends else (),
            leaves_as=variant.sop_instance if variant.sop_instance != key.sop_instance else None,
            leaves_in=EXPLICIT_VR_LITTLE_ENDIAN if _is_inflated(entry, variant) else envelope.transfer_syntax,
            patch=encoding.encode_patch(variant.patch),
        )
        for variant in decision.variants
    )
    return Prepared(columns, forms, received_at)


def _is_inflated(entry: Entry, variant: Variant) -> bool:
    """A deflated instance leaves as it came, unless rules edited it."""
    return bool(entry.derived_ref) and not variant.patch.is_empty


def record(tx: Transaction, entries: Sequence[Prepared]) -> list[Recorded]:
    """Write entries in order; each is compared with those before it."""
    return [_record_one(tx, entry) for entry in entries]


def _compact(decision: Decision) -> Decision:
    """Rules that did not fire and have nothing to say are not kept; `explain` shows them anew."""
    return replace(decision, hits=tuple(hit for hit in decision.hits if hit.matched or hit.notes))


def _record_one(tx: Transaction, entry: Prepared) -> Recorded:
    columns = entry.columns
    receiver = str(columns["receiver"])
    arrival = Arrival.NEW
    if columns["spool_ref"]:
        known = tx.run("same_bytes", _peer_columns(columns))
        if known:
            tx.run("count_copy", known[0])
            tx.count("receiver", receiver, "duplicates")
            return Recorded(known[0][0], Arrival.DUPLICATE)
        if tx.run("other_bytes", _peer_columns(columns)):
            arrival = Arrival.CONFLICT
            tx.count("receiver", receiver, "conflicts")
    tx.count("receiver", receiver, "instances")
    return Recorded(_insert(tx, entry, arrival is Arrival.CONFLICT), arrival)


def _insert(tx: Transaction, entry: Prepared, conflict: bool) -> int:
    deliveries = sum(len(form.destinations) for form in entry.forms)
    state = InstanceState.HELD if conflict else _state(Verdict(str(entry.columns["verdict"])), deliveries)
    finished = state in (InstanceState.DELIVERED, InstanceState.GONE)
    columns: dict[str, Value] = {
        **entry.columns,
        "reason": CONFLICT if conflict else entry.columns["reason"],
        "state": state.value,
        "open": deliveries,
        "finished_at": entry.received_at if finished else None,
    }
    ((instance_id,),) = tx.run("insert_instance", columns)
    tx.count("instance", "", state)
    for number, form in enumerate(entry.forms):
        variant = (instance_id, number, form.leaves_in, form.leaves_as, form.patch)
        ((variant_id,),) = tx.run("insert_variant", variant)
        delivery_state = State.HELD if conflict else State.QUEUED
        for destination in form.destinations:
            tx.run("insert_delivery", (instance_id, variant_id, destination, delivery_state.value, entry.received_at))
            tx.count("delivery", destination, delivery_state)
    return int(instance_id)


def _state(verdict: Verdict, deliveries: int) -> InstanceState:
    if verdict in (Verdict.REJECT, Verdict.DROP):
        return InstanceState.GONE
    if verdict is not Verdict.SEND:
        return InstanceState.HELD
    return InstanceState.WAITING if deliveries else InstanceState.DELIVERED


def _peer_columns(columns: dict[str, Value]) -> dict[str, Value]:
    return {name: columns[name] for name in ("sop_instance", "calling_aet", "called_aet", "receiver", "digest")}
