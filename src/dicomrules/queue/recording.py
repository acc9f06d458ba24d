"""Recording instances that have arrived: one row each, its variants, its deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN
from dicomrules.model.admission import Admission, Policy
from dicomrules.model.decision import Decision, Variant
from dicomrules.model.delivery import State
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.queue import consign, encoding, patients
from dicomrules.queue.consign import Way
from dicomrules.queue.entry import Arrival, Entry, InstanceState, Recorded, Rival
from dicomrules.queue.transaction import Transaction, Value

# Reasons of what the ledger holds itself: for a person, whatever the rules decided
CONFLICT = "conflict: the same SOP Instance UID came from the same peer with other content"
OTHER_PATIENT = "identity conflict: this Study Instance UID is known as a study of another patient"


def in_doubt(reason: str) -> bool:
    """Whether an instance that is held for this reason is held as a whole, by a doubt of the ledger."""
    return reason.startswith((CONFLICT, OTHER_PATIENT))


@dataclass(frozen=True, slots=True)
class Form:
    """A variant as a row: where it goes, and what leaves.

    `leaves_as` is None when the SOP Instance UID is the received one; `leaves_in` is the transfer syntax. `held`: a
    rule of its group keeps it for a person or a later decision. `options` are the encoded ones of each destination that
    has any; `ways` what routes say to lanes about each.
    """

    destinations: tuple[str, ...]
    leaves_as: str | None
    leaves_in: str
    patch: bytes
    held: bool = False
    options: Mapping[str, bytes | None] = field(default_factory=dict)
    ways: Mapping[str, Way] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An Entry with everything encoded, so that nothing but SQL happens while others wait for their turn."""

    entry: Entry
    columns: dict[str, Value]
    forms: tuple[Form, ...]
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
        "accession": envelope.accession,
        **judged(decision, received_at, received_at),
        "exchange": encoding.encode_exchange(envelope.exchange),
    }
    return Prepared(entry, columns, forms(entry), received_at)


def judged(decision: Decision, received_at: int, now: int) -> dict[str, Value]:
    """The columns that a decision fills; times in microseconds."""
    waits = _waits(decision)
    return {
        "verdict": decision.verdict.value,
        "reason": decision.reason or "; ".join(f"{one.group}: {one.reason}" for one in decision.stopped),
        "decision": encoding.encode_decision(_compact(decision)),
        "retry_at": min((_due(one, received_at, now) for one in waits if one.retry or one.limit), default=None),
        "held_under": bytes.fromhex(decision.fingerprint) or None if waits else None,
    }


def _waits(decision: Decision) -> list[Decision | Variant]:
    """What is to be decided again: the whole object, or variants of it."""
    if decision.verdict is Verdict.SEND:
        return [variant for variant in decision.variants if variant.verdict is Verdict.HOLD]
    return [decision] if decision.verdict is Verdict.HOLD else []


def _due(held: Decision | Variant, received_at: int, now: int) -> int:
    """When a hold is decided again: after its `retry`, and when it has lasted as long as `for` says, since it came."""
    times = []
    if held.retry is not None:
        times.append(now + encoding.span(held.retry))
    if held.limit is not None:
        times.append(received_at + encoding.span(held.limit))
    return min(times)


def forms(entry: Entry) -> tuple[Form, ...]:
    """The variants of an entry as rows."""
    sends = entry.decision.verdict is Verdict.SEND
    envelope, key = entry.envelope, entry.envelope.key
    instead = consign.successors(entry.decision)
    return tuple(
        Form(
            destinations=variant.destinations if sends and variant.verdict is not Verdict.DROP else (),
            leaves_as=variant.sop_instance if variant.sop_instance != key.sop_instance else None,
            leaves_in=EXPLICIT_VR_LITTLE_ENDIAN if _is_inflated(entry, variant) else envelope.transfer_syntax,
            patch=encoding.encode_patch(variant.patch),
            held=variant.verdict is not Verdict.SEND,
            options={one.destination: encoding.encode_options(one) for one in variant.options if not one.stands_in_for},
            ways=_ways(variant, key.study, instead),
        )
        for variant in entry.decision.variants
    )


def _ways(variant: Variant, study: str, instead: Mapping[str, str]) -> dict[str, Way]:
    said = {one.destination: one for one in variant.options if not one.stands_in_for}
    return {name: consign.way(study, said.get(name), instead.get(name, "")) for name in variant.destinations}


def _is_inflated(entry: Entry, variant: Variant) -> bool:
    """A deflated instance leaves as it came, unless rules edited it."""
    return bool(entry.derived_ref) and not variant.patch.is_empty


def record(tx: Transaction, entries: Sequence[Prepared]) -> list[Recorded]:
    """Write entries in order; each is compared with those before it."""
    latest: dict[str, int] = {}
    for entry in entries:
        study = str(entry.columns["study"])
        latest[study] = max(entry.received_at, latest.get(study, 0))
    for study, came in latest.items():
        consign.not_quiet(tx, study, came)
    return [_record_one(tx, entry) for entry in entries]


def _compact(decision: Decision) -> Decision:
    """Rules that did not fire and have nothing to say are not kept; `explain` shows them anew."""
    return replace(decision, hits=tuple(hit for hit in decision.hits if hit.matched or hit.notes))


def _record_one(tx: Transaction, entry: Prepared) -> Recorded:
    doubts: list[Arrival] = []  # the worst one first; each holds by its own setting
    if entry.columns["spool_ref"]:
        again = _again(tx, entry)
        if isinstance(again, Recorded):
            return again
        if not patients.fits(tx, entry.entry.patients):
            doubts.append(Arrival.OTHER_PATIENT)
        if again:
            doubts.append(Arrival.CONFLICT)
    holding = [doubt for doubt in doubts if _policy(entry.entry.admission, doubt) is Policy.HOLD]
    arrival = next(iter(holding or doubts), Arrival.NEW)
    receiver = str(entry.columns["receiver"])
    tx.count("receiver", receiver, "instances")
    tx.count_on(encoding.day(entry.received_at), receiver, "received")
    for doubt in doubts:
        tx.count("receiver", receiver, _COUNTED[doubt])
    if not holding:
        patients.note(tx, entry.entry.patients, entry.received_at)
    because = "; ".join(_HELD_BECAUSE[doubt] for doubt in holding)
    return Recorded(_insert(tx, entry, because), arrival, bool(holding))


def _policy(admission: Admission, doubt: Arrival) -> Policy:
    return admission.identity if doubt is Arrival.OTHER_PATIENT else admission.conflict


_COUNTED = {Arrival.CONFLICT: "conflicts", Arrival.OTHER_PATIENT: "identities"}
_HELD_BECAUSE = {Arrival.CONFLICT: CONFLICT, Arrival.OTHER_PATIENT: OTHER_PATIENT}


def _again(tx: Transaction, entry: Prepared) -> Recorded | bool:
    """Is this UID there already from this peer? A duplicate, or what it is to be compared with; else: in conflict."""
    columns = _peer_columns(entry.columns)
    if not tx.run("uid_came", columns):
        return False
    columns["digest"] = entry.columns["digest"]
    known = tx.run("same_bytes", columns)
    others = [] if known else tx.run("other_bytes", columns)
    compared = entry.entry.compared
    if others and compared is not None:
        rivals = [
            Rival(*row) for row in others if row[1]
        ]  # bytes that are gone differ by their digest, and that is all
        known = [(rival.instance_id,) for rival in rivals if compared.get(rival.instance_id)]
        unknown = tuple(rival for rival in rivals if rival.instance_id not in compared)
        if unknown and not known:
            return Recorded(0, Arrival.RIVAL, rivals=unknown)
    if known:
        tx.run("count_copy", known[0])
        tx.count("receiver", str(entry.columns["receiver"]), "duplicates")
        return Recorded(known[0][0], Arrival.DUPLICATE)
    return bool(others)


def _insert(tx: Transaction, entry: Prepared, held_because: str) -> int:
    state = InstanceState.HELD if held_because else state_of(Verdict(str(entry.columns["verdict"])), entry.forms)
    finished = state in (InstanceState.DELIVERED, InstanceState.GONE)
    columns: dict[str, Value] = {
        **entry.columns,
        "state": state.value,
        "open": sum(len(form.destinations) for form in entry.forms),
        "finished_at": entry.received_at if finished else None,
    }
    if held_because:
        columns |= {"reason": held_because, "retry_at": None, "held_under": None}
    ((instance_id,),) = tx.run("insert_instance", columns)
    tx.count("instance", "", state)
    insert_forms(tx, instance_id, entry.forms, entry.received_at, conflict=bool(held_because))
    return int(instance_id)


def insert_forms(
    tx: Transaction, instance_id: int, made: Sequence[Form], due: int, *, conflict: bool = False, first: int = 0
) -> None:
    """The variants of an instance with their deliveries, numbered from `first`. `conflict`: nothing of it may leave."""
    for number, form in enumerate(made, first):
        variant = (instance_id, number, form.leaves_in, form.leaves_as, form.patch)
        ((variant_id,),) = tx.run("insert_variant", variant)
        state = State.HELD if conflict or form.held else State.QUEUED
        for destination in form.destinations:
            options, way = form.options.get(destination), form.ways[destination]
            consignment = consign.consigned(tx, destination, way, due)
            columns = (instance_id, variant_id, destination, state.value, due + way.quiet, options, consignment)
            tx.run("insert_delivery", columns)
            tx.count("delivery", destination, state)


def state_of(verdict: Verdict, made: Sequence[Form]) -> InstanceState:
    """Where an instance stands with this verdict and these variants."""
    if verdict in (Verdict.REJECT, Verdict.DROP):
        return InstanceState.GONE
    if verdict is not Verdict.SEND or any(form.held and form.destinations for form in made):
        return InstanceState.HELD
    return InstanceState.WAITING if any(form.destinations for form in made) else InstanceState.DELIVERED


def same_again(one: Envelope) -> dict[str, Value]:
    """The columns by which an instance is the same again, and when this one came."""
    columns: dict[str, Value] = {"digest": bytes.fromhex(one.digest), "received_at": encoding.micros(one.received_at)}
    columns |= {"sop_instance": one.key.sop_instance, "receiver": one.peer.receiver}
    return columns | {"calling_aet": one.peer.calling_aet, "called_aet": one.peer.called_aet}


def _peer_columns(columns: dict[str, Value]) -> dict[str, Value]:
    return {name: columns[name] for name in ("sop_instance", "calling_aet", "called_aet", "receiver")}
