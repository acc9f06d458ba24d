"""Held instances in the ledger: due at their time, and changed by a later decision."""

from dataclasses import replace
from datetime import timedelta

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.model.decision import Decision, Variant
from dicomrules.model.delivery import State
from dicomrules.model.instance import Verdict
from dicomrules.queue.entry import Entry, InstanceState
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import NOW, decision, envelope, judged

MINUTES = timedelta(minutes=5)
LATER = NOW + timedelta(hours=1)


def hold(uid: str, retry: timedelta | None = None, limit: timedelta | None = None) -> Entry:
    made = judged(uid, Verdict.HOLD)
    return replace(made, decision=replace(made.decision, retry=retry, limit=limit))


def stopped(uid: str, verdict: Verdict, retry: timedelta | None = MINUTES) -> Entry:
    """Sent to the PACS, while the variant for research is kept."""
    arrived = envelope(uid)
    sent = decision(arrived, "pacs")
    variant = Variant(Patch(arrived.digest, ()), (), ("research",), uid, "trial", verdict=verdict, reasons=("no key",))
    return Entry(arrived, replace(sent, variants=(*sent.variants, replace(variant, retry=retry))), "waiting/x")


def ids(ledger: Ledger, now=LATER) -> list[int]:
    return [held.instance_id for held in ledger.due_again(now, now + MINUTES, 64)]


def variant(entry: Entry, content: bytes) -> Decision:
    """The decision with the variant of the group to be sent."""
    whole, kept = entry.decision.variants
    patch = Patch(entry.envelope.digest, (Splice(0, 0, content),))
    sent = replace(kept, patch=patch, verdict=Verdict.SEND, reasons=(), retry=None, sop_instance="9.9")
    return replace(entry.decision, variants=(whole, sent))


def test_a_hold_is_due_after_its_retry_and_not_before(ledger: Ledger) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    assert ids(ledger, NOW + MINUTES - timedelta(seconds=1)) == []
    assert len(ids(ledger, NOW + MINUTES)) == 1


def test_a_hold_without_retry_is_due_when_its_time_is_over(ledger: Ledger) -> None:
    ledger.record([hold("1.1", limit=timedelta(hours=24)), hold("1.2")])
    assert ids(ledger, NOW + timedelta(hours=23)) == []
    (held,) = ledger.due_again(NOW + timedelta(hours=24), LATER, 64)
    assert held.envelope.key.sop_instance == "1.1"
    assert held.envelope == replace(held.envelope, received_at=NOW, digest=envelope("1.1").digest)


def test_what_is_taken_to_be_decided_does_not_come_again_at_once(ledger: Ledger) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    assert len(ids(ledger)) == 1
    assert ids(ledger) == []
    assert len(ids(ledger, LATER + MINUTES)) == 1


def test_what_is_quarantined_is_never_due(ledger: Ledger) -> None:
    ledger.record([judged("1.1", Verdict.QUARANTINE), stopped("1.2", Verdict.QUARANTINE)])
    assert ids(ledger) == []
    assert ledger.rules_are("a" * 64, NOW) == 0


def test_a_conflict_is_for_a_person_even_when_a_rule_holds_it(ledger: Ledger) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    again = hold("1.1", retry=MINUTES)
    other = replace(again, envelope=envelope("1.1", content="other bytes"))
    ledger.record([other])
    assert len(ids(ledger)) == 1


def test_other_rules_make_everything_due_that_is_held_for_a_later_decision(ledger: Ledger) -> None:
    ledger.record([hold("1.1"), hold("1.2", retry=timedelta(days=9)), judged("1.3", Verdict.QUARANTINE)])
    assert ledger.rules_are("f" * 64, LATER) == 0
    assert ledger.rules_are("a" * 64, LATER) == 2
    assert len(ids(ledger)) == 2


def test_a_later_decision_to_send_queues_what_was_held(ledger: Ledger, reader: Reader) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    (held,) = ledger.due_again(LATER, LATER + MINUTES, 64)
    assert ledger.decide_again(held, decision(held.envelope, "pacs", "vna"), LATER)
    (story,) = reader.trace("1.1")
    assert story.state is InstanceState.WAITING
    assert [(one.destination, one.state) for one in story.deliveries] == [
        ("pacs", State.QUEUED),
        ("vna", State.QUEUED),
    ]
    (claimed,) = ledger.claim("pacs", 1, LATER)
    assert claimed.patch.splices
    assert reader.status().held == 0
    assert ids(ledger, LATER + timedelta(days=9)) == []


def test_a_later_decision_to_drop_goes_the_way_of_what_is_delivered(ledger: Ledger, reader: Reader) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    (held,) = ledger.due_again(LATER, LATER + MINUTES, 64)
    assert ledger.decide_again(held, replace(held.decision, verdict=Verdict.DROP, retry=None), LATER)
    assert reader.trace("1.1")[0].state is InstanceState.DELIVERED
    assert [kept.instance_id for kept in ledger.retention.finished(9)] == [held.instance_id]


def test_a_held_variant_is_seen_and_keeps_the_bytes_while_the_others_leave(ledger: Ledger, reader: Reader) -> None:
    ledger.record([stopped("1.1", Verdict.HOLD)])
    assert ledger.claim("research", 9, LATER) == []
    (sent,) = ledger.claim("pacs", 9, LATER)
    assert sent.patch.splices
    status = {one.name: one.deliveries for one in reader.status().destinations}
    assert (status["research"][State.HELD], status["pacs"][State.SENDING], reader.status().held) == (1, 1, 1)
    (line,) = reader.held()
    assert line.reason == "trial: no key"
    assert ledger.retention.finished(9) == []


def test_a_variant_decided_again_leaves_in_its_new_form_and_the_others_stay_as_they_were(
    ledger: Ledger, reader: Reader
) -> None:
    entry = stopped("1.1", Verdict.HOLD)
    ledger.record([entry])
    (held,) = ledger.due_again(LATER, LATER + MINUTES, 64)
    assert ledger.decide_again(held, variant(entry, b"new form"), LATER)
    (one,) = ledger.claim("research", 9, LATER)
    assert (one.patch.splices[0].new, one.sop_instance) == (b"new form", "9.9")
    (story,) = reader.trace("1.1")
    assert story.state is InstanceState.WAITING
    assert [(each.destination, each.state) for each in story.deliveries] == [
        ("pacs", State.QUEUED),
        ("research", State.SENDING),
    ]


def test_a_variant_that_is_dropped_later_takes_its_delivery_away(ledger: Ledger, reader: Reader) -> None:
    entry = stopped("1.1", Verdict.HOLD)
    ledger.record([entry])
    (held,) = ledger.due_again(LATER, LATER + MINUTES, 64)
    whole, kept = entry.decision.variants
    dropped = replace(entry.decision, variants=(whole, replace(kept, verdict=Verdict.DROP, retry=None)))
    assert ledger.decide_again(held, dropped, LATER)
    (story,) = reader.trace("1.1")
    assert ([each.destination for each in story.deliveries], story.state) == (["pacs"], InstanceState.WAITING)
    status = {one.name: sum(one.deliveries.values()) for one in reader.status().destinations}
    assert (status["research"], status["pacs"]) == (0, 1)


def test_what_is_no_longer_held_is_not_decided_again(ledger: Ledger) -> None:
    ledger.record([hold("1.1", retry=MINUTES)])
    (held,) = ledger.due_again(LATER, LATER + MINUTES, 64)
    assert ledger.decide_again(held, decision(held.envelope, "pacs"), LATER)
    assert not ledger.decide_again(held, decision(held.envelope, "pacs"), LATER)
    assert len(ledger.claim("pacs", 9, LATER)) == 1
