"""What the ledger makes of an instance that arrives."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.model.decision import RuleHit, Variant
from dicomrules.model.delivery import State
from dicomrules.model.instance import Peer, Verdict
from dicomrules.queue.entry import Arrival, Entry, InstanceState
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import GROUP, Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import NOW, decision, digest, entry, envelope, judged


def test_an_instance_owes_one_delivery_to_each_destination_of_each_variant(ledger: Ledger, reader: Reader) -> None:
    arrived = envelope("1.2.3.4")
    plain = Variant(Patch(arrived.digest), (), ("pacs", "archive"), "1.2.3.4")
    trial = Variant(Patch(arrived.digest), (), ("trial",), "2.25.7", "lung")
    ledger.record([Entry(arrived, replace(decision(arrived), variants=(plain, trial)), "waiting/x")])
    (story,) = reader.trace("1.2.3.4")
    leaving = [(one.destination, one.variant, one.sop_instance, one.state) for one in story.deliveries]
    assert leaving == [
        ("pacs", 0, "1.2.3.4", State.QUEUED),
        ("archive", 0, "1.2.3.4", State.QUEUED),
        ("trial", 1, "2.25.7", State.QUEUED),
    ]
    assert story.state is InstanceState.WAITING


def test_the_story_gives_back_decision_and_exchange_as_they_were(ledger: Ledger, reader: Reader) -> None:
    arriving = entry("1.2.3.4", "pacs")
    ledger.record([arriving])
    (story,) = reader.trace("1.2.3.4")
    assert story.decision == arriving.decision
    assert story.exchange == arriving.envelope.exchange
    assert (story.key, story.peer, story.received_at) == (arriving.envelope.key, arriving.envelope.peer, NOW)
    assert (story.length, story.digest, story.copies) == (532_000, digest("1.2.3.4"), 1)


def test_a_rule_that_did_not_fire_is_kept_only_when_it_has_something_to_say(ledger: Ledger, reader: Reader) -> None:
    arriving = entry("1.2.3.4", "pacs")
    silent, speaking = RuleHit("silent", False), RuleHit("speaking", False, notes=("no target",))
    decided = replace(arriving.decision, hits=(*arriving.decision.hits, silent, speaking))
    ledger.record([replace(arriving, decision=decided)])
    assert [hit.rule for hit in reader.trace("1.2.3.4")[0].decision.hits] == ["prefix ids", "speaking"]


def test_an_instance_is_found_by_the_uid_it_leaves_with(ledger: Ledger, reader: Reader) -> None:
    arrived = envelope("1.2.3.4")
    renamed = Variant(Patch(arrived.digest), (), ("trial",), "2.25.7")
    ledger.record([Entry(arrived, replace(decision(arrived), variants=(renamed,)), "waiting/x")])
    assert [story.key.sop_instance for story in reader.trace("2.25.7")] == ["1.2.3.4"]


def test_s16_the_same_bytes_from_the_same_peer_are_counted_and_not_queued_again(ledger: Ledger, reader: Reader) -> None:
    (first,) = ledger.record([entry("1.2.3.4", "pacs")])
    again = ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.4", "pacs")])
    assert [one.arrival for one in again] == [Arrival.DUPLICATE, Arrival.DUPLICATE]
    assert {one.instance_id for one in again} == {first.instance_id}
    (story,) = reader.trace("1.2.3.4")
    assert (story.copies, len(story.deliveries)) == (3, 1)
    assert reader.status().receivers[0].duplicates == 2


def test_c09_the_same_uid_with_other_bytes_from_the_same_peer_is_kept_and_held(ledger: Ledger, reader: Reader) -> None:
    answers = ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.4", "pacs", content="other")])
    assert [one.arrival for one in answers] == [Arrival.NEW, Arrival.CONFLICT]
    first, second = reader.trace("1.2.3.4")
    assert (first.state, second.state) == (InstanceState.WAITING, InstanceState.HELD)
    assert second.reason.startswith("conflict")
    assert [one.state for one in second.deliveries] == [State.HELD]
    assert [one.instance_id for one in reader.held()] == [second.instance_id]
    assert [one.sop_instance for one in ledger.claim("pacs", 10, NOW)] == ["1.2.3.4"]


def test_the_second_copy_of_a_conflicting_object_is_a_duplicate_of_it(ledger: Ledger) -> None:
    ledger.record([entry("1.2.3.4", "pacs")])
    (conflict,) = ledger.record([entry("1.2.3.4", "pacs", content="other")])
    (again,) = ledger.record([entry("1.2.3.4", "pacs", content="other")])
    assert (again.arrival, again.instance_id) == (Arrival.DUPLICATE, conflict.instance_id)


@pytest.mark.parametrize("other", ["calling_aet", "called_aet", "receiver"])
def test_what_comes_back_from_another_peer_is_an_arrival_of_its_own(ledger: Ledger, other: str) -> None:
    back = Peer("CT_A1", "DICOMRULES", "10.20.3.4", "modalities")
    back = replace(back, **{other: "ORTHANC"})
    answers = ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.4", "vna", content="rewritten", peer=back)])
    assert [one.arrival for one in answers] == [Arrival.NEW, Arrival.NEW]


def test_another_address_is_the_same_peer(ledger: Ledger) -> None:
    moved = Peer("CT_A1", "DICOMRULES", "10.20.3.99", "modalities")
    answers = ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.4", "pacs", peer=moved)])
    assert [one.arrival for one in answers] == [Arrival.NEW, Arrival.DUPLICATE]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.HOLD, InstanceState.HELD),
        (Verdict.QUARANTINE, InstanceState.HELD),
        (Verdict.REJECT, InstanceState.GONE),
        (Verdict.DROP, InstanceState.GONE),
    ],
)
def test_every_verdict_is_recorded(ledger: Ledger, reader: Reader, verdict: Verdict, state: InstanceState) -> None:
    ledger.record([judged("1.2.3.4", verdict)])
    (story,) = reader.trace("1.2.3.4")
    assert (story.state, story.reason, story.deliveries) == (state, "a reason", ())
    assert reader.status().instances[state] == 1


def test_a_verdict_queues_nothing_that_the_rules_did_before(ledger: Ledger, reader: Reader) -> None:
    arrived = envelope("1.2.3.4")
    ledger.record([Entry(arrived, decision(arrived, "pacs", verdict=Verdict.QUARANTINE), "held/x")])
    (story,) = reader.trace("1.2.3.4")
    assert story.deliveries == ()
    assert len(story.decision.variants) == 1


def test_a_rejected_object_that_comes_again_is_decided_anew(ledger: Ledger) -> None:
    ledger.record([judged("1.2.3.4", Verdict.REJECT)])
    (again,) = ledger.record([entry("1.2.3.4", "pacs")])
    (changed,) = ledger.record([judged("1.2.3.5", Verdict.DROP)])
    assert (again.arrival, changed.arrival) == (Arrival.NEW, Arrival.NEW)
    assert len(ledger.claim("pacs", 10, NOW)) == 1


def test_an_instance_without_destinations_is_finished_at_once(ledger: Ledger) -> None:
    (recorded,) = ledger.record([entry("1.2.3.4")])
    assert [kept.instance_id for kept in ledger.finished(10)] == [recorded.instance_id]


@pytest.mark.parametrize("edited", [True, False])
def test_a_deflated_instance_leaves_as_it_came_unless_it_was_edited(ledger: Ledger, edited: bool) -> None:
    arriving = entry("1.2.3.4", "pacs")
    (variant,) = arriving.decision.variants
    patch = Patch(digest("inflated"), (Splice(0, 8, b"12345678"),) if edited else ())
    arriving = replace(arriving, decision=replace(arriving.decision, variants=(replace(variant, patch=patch),)))
    inflated = replace(
        arriving.envelope,
        transfer_syntax="1.2.840.10008.1.2.1.99",
        derived_ref="x",
        derived_length=900_000,
        derived_digest=digest("inflated"),
    )
    ledger.record([replace(arriving, envelope=inflated, derived_ref="waiting/derived")])
    (claimed,) = ledger.claim("pacs", 1, NOW)
    if edited:
        assert (claimed.spool_ref, claimed.length, claimed.digest) == ("waiting/derived", 900_000, digest("inflated"))
        assert claimed.transfer_syntax == "1.2.840.10008.1.2.1"
    else:
        assert (claimed.spool_ref, claimed.digest) == (arriving.spool_ref, arriving.envelope.digest)
        assert claimed.transfer_syntax == "1.2.840.10008.1.2.1.99"


def test_all_of_a_group_is_recorded_or_nothing(ledger: Ledger, reader: Reader) -> None:
    bad = entry("1.2.3.5", "pacs")
    bad = replace(bad, envelope=replace(bad.envelope, length=None))  # type: ignore[arg-type]
    with pytest.raises(LedgerError):
        ledger.record([entry("1.2.3.4", "pacs"), bad])
    assert reader.trace("1.2.3.4") == []
    assert reader.status().destinations == ()
    assert ledger.record([entry("1.2.3.4", "pacs")])[0].arrival is Arrival.NEW


def test_more_than_one_group_at_once_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="at most 64"):
        ledger.record([entry(f"1.2.3.{n}", "pacs") for n in range(GROUP + 1)])


def test_i08_texts_that_look_like_numbers_stay_texts(ledger: Ledger, reader: Reader) -> None:
    odd = Peer("00123", "1e3", "10.0.0.1", "007")
    ledger.record([entry("1.2", "010", peer=odd)])
    (story,) = reader.trace("1.2")
    assert story.peer == odd
    assert story.deliveries[0].destination == "010"


def test_crashes_are_counted_by_uid_and_length(ledger: Ledger) -> None:
    assert ledger.crash_count("1.2.3", 10) == 0
    assert [ledger.note_crash("1.2.3", 10), ledger.note_crash("1.2.3", 10), ledger.note_crash("1.2.3", 11)] == [1, 2, 1]
    assert ledger.crash_count("1.2.3", 10) == 2
    assert ledger.crashes() == {("1.2.3", 10): 2, ("1.2.3", 11): 1}


def test_times_are_kept_to_the_microsecond_whatever_their_zone(ledger: Ledger, reader: Reader) -> None:
    arriving = entry("1.2.3.4", "pacs")
    there = NOW.astimezone(tz=None) + timedelta(microseconds=7)
    ledger.record([replace(arriving, envelope=replace(arriving.envelope, received_at=there))])
    assert reader.trace("1.2.3.4")[0].received_at == there
