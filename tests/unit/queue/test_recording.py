"""What the ledger makes of an instance that arrives."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.dicom.patient import Naming, patient
from dicomrules.model.admission import STRICT, Admission, Policy
from dicomrules.model.decision import RuleHit, Variant
from dicomrules.model.delivery import State
from dicomrules.model.instance import Peer, Verdict
from dicomrules.queue.entry import Arrival, Entry, InstanceState
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from dicomrules.queue.recording import CONFLICT, OTHER_PATIENT
from dicomrules.queue.transaction import GROUP
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
    assert [kept.instance_id for kept in ledger.retention.finished(10)] == [recorded.instance_id]


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
    assert ledger.crashes() == {}
    assert [ledger.note_crash("1.2.3", 10), ledger.note_crash("1.2.3", 10), ledger.note_crash("1.2.3", 11)] == [1, 2, 1]
    assert ledger.crashes() == {("1.2.3", 10): 2, ("1.2.3", 11): 1}


def test_times_are_kept_to_the_microsecond_whatever_their_zone(ledger: Ledger, reader: Reader) -> None:
    arriving = entry("1.2.3.4", "pacs")
    there = NOW.astimezone(tz=None) + timedelta(microseconds=7)
    ledger.record([replace(arriving, envelope=replace(arriving.envelope, received_at=there))])
    assert reader.trace("1.2.3.4")[0].received_at == there


# Conflicts of content, and what only looks like one


def rivalling(content: str, compared: dict[int, bool] | None, policy: Admission = STRICT) -> Entry:
    return replace(entry("1.2.3.4", "pacs", content=content), compared=compared, admission=policy)


def test_other_bytes_of_a_known_uid_are_compared_before_anything_is_recorded(ledger: Ledger, reader: Reader) -> None:
    (first,) = ledger.record([entry("1.2.3.4", "pacs")])
    (answer,) = ledger.record([rivalling("other", {})])
    assert (answer.arrival, [one.instance_id for one in answer.rivals]) == (Arrival.RIVAL, [first.instance_id])
    assert len(reader.trace("1.2.3.4")) == 1
    (same,) = ledger.record([rivalling("other", {first.instance_id: True})])
    assert (same.arrival, same.instance_id) == (Arrival.DUPLICATE, first.instance_id)
    (different,) = ledger.record([rivalling("other", {first.instance_id: False})])
    assert (different.arrival, different.held) == (Arrival.CONFLICT, True)
    assert (reader.status().receivers[0].duplicates, reader.status().receivers[0].conflicts) == (1, 1)


def test_a_rival_that_came_while_others_were_compared_is_compared_too(ledger: Ledger) -> None:
    (first,) = ledger.record([entry("1.2.3.4", "pacs")])
    (second,) = ledger.record([entry("1.2.3.4", "pacs", content="meanwhile")])
    (answer,) = ledger.record([rivalling("other", {first.instance_id: False})])
    assert [one.instance_id for one in answer.rivals] == [second.instance_id]


def test_bytes_that_are_gone_differ_by_their_digest(ledger: Ledger) -> None:
    (first,) = ledger.record([entry("1.2.3.4")])
    ledger.retention.mark_moved(ledger.retention.finished(10))
    ledger.retention.mark_removed([first.instance_id])
    (answer,) = ledger.record([rivalling("other", {})])
    assert (answer.arrival, answer.held) == (Arrival.CONFLICT, True)


def test_a_receiver_may_send_what_conflicts(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.4", "pacs")])
    (answer,) = ledger.record([rivalling("other", None, Admission(conflict=Policy.SEND))])
    assert (answer.arrival, answer.held) == (Arrival.CONFLICT, False)
    assert reader.status().receivers[0].conflicts == 1
    assert len(ledger.claim("pacs", 10, NOW)) == 2


# I-03: a study arrives with another patient


def of_patient(number: int, *patient_ids: str, study: str = "1.2", policy: Admission = STRICT) -> Entry:
    """An instance of this study that came, and then leaves, under these Patient IDs."""
    named = tuple((study, patient(study, Naming(patient_id=one, name="Doe^John"))) for one in patient_ids)
    return replace(entry(f"1.2.3.{number}", "pacs"), patients=named, admission=policy)


def test_i03_a_known_study_under_another_patient_is_held(ledger: Ledger, reader: Reader) -> None:
    answers = ledger.record([of_patient(1, "4711"), of_patient(2, "4711"), of_patient(3, "4712")])
    assert [one.arrival for one in answers] == [Arrival.NEW, Arrival.NEW, Arrival.OTHER_PATIENT]
    (held,) = reader.trace("1.2.3.3")
    assert (held.state, [one.state for one in held.deliveries]) == (InstanceState.HELD, [State.HELD])
    assert held.reason.startswith("identity conflict")
    assert len(ledger.claim("pacs", 10, NOW)) == 2
    assert reader.status().receivers[0].identities == 1


def test_i03_what_is_held_does_not_become_known(ledger: Ledger) -> None:
    answers = ledger.record([of_patient(1, "4711"), of_patient(2, "4712"), of_patient(3, "4712")])
    assert [one.held for one in answers] == [False, True, True]


def test_i03_a_receiver_may_send_it_all_the_same(ledger: Ledger) -> None:
    sends = Admission(identity=Policy.SEND)
    answers = ledger.record([of_patient(1, "4711"), of_patient(2, "4712", policy=sends), of_patient(3, "4712")])
    assert [(one.arrival, one.held) for one in answers] == [
        (Arrival.NEW, False),
        (Arrival.OTHER_PATIENT, False),
        (Arrival.NEW, False),
    ]


def test_i03_what_an_archive_was_sent_may_come_back_from_it(ledger: Ledger) -> None:
    sent, back, foreign = of_patient(1, "4711", "SITEA-4711"), of_patient(2, "SITEA-4711"), of_patient(3, "SITEB-4711")
    assert [one.held for one in ledger.record([sent, back, foreign])] == [False, False, True]


def test_i03_an_object_that_does_not_say_whose_it_is_contradicts_nobody(ledger: Ledger) -> None:
    answers = ledger.record([of_patient(1, ""), of_patient(2, "4711"), of_patient(3, ""), of_patient(4, "4712")])
    assert [one.held for one in answers] == [False, False, False, True]


def test_i03_another_study_is_another_matter(ledger: Ledger) -> None:
    answers = ledger.record([of_patient(1, "4711"), of_patient(2, "4712", study="1.3"), of_patient(3, "", study="")])
    assert not any(one.held for one in answers)


def test_i03_a_study_is_forgotten_with_its_history(ledger: Ledger) -> None:
    ledger.record([of_patient(1, "4711")])
    assert ledger.retention.forget(NOW) == 0
    assert ledger.retention.forget(NOW + timedelta(seconds=1)) == 1
    assert not ledger.record([of_patient(2, "4712")])[0].held


def test_i03_a_study_is_remembered_from_its_last_object(ledger: Ledger) -> None:
    later = of_patient(2, "4711")
    later = replace(later, envelope=replace(later.envelope, received_at=NOW + timedelta(days=2)))
    ledger.record([of_patient(1, "4711"), later])
    assert ledger.retention.forget(NOW + timedelta(days=1)) == 0
    assert ledger.record([of_patient(3, "4712")])[0].held


def test_i03_what_rules_hold_for_later_is_not_decided_by_them_when_it_is_another_patients(ledger: Ledger) -> None:
    ledger.record([of_patient(1, "4711")])
    waiting = replace(judged("1.2.3.9", Verdict.HOLD), patients=of_patient(2, "4712").patients)
    assert ledger.record([waiting])[0].held
    assert ledger.rules_are("0" * 64, NOW) == 0


# An instance that is in doubt for both reasons


def again_of_patient(patient_id: str, policy: Admission = STRICT) -> Entry:
    """Instance 1 of the study once more, with other content, under this Patient ID."""
    one = of_patient(1, patient_id, policy=policy)
    return replace(one, envelope=replace(one.envelope, digest=digest("other")))


@pytest.mark.parametrize(
    ("policy", "arrival", "reason"),
    [
        (Admission(conflict=Policy.SEND), Arrival.OTHER_PATIENT, OTHER_PATIENT),
        (Admission(identity=Policy.SEND), Arrival.CONFLICT, CONFLICT),
        (STRICT, Arrival.OTHER_PATIENT, f"{OTHER_PATIENT}; {CONFLICT}"),
    ],
)
def test_i03_each_doubt_holds_by_its_own_setting_and_a_person_reads_of_each(
    ledger: Ledger, reader: Reader, policy: Admission, arrival: Arrival, reason: str
) -> None:
    ledger.record([of_patient(1, "4711")])
    (answer,) = ledger.record([again_of_patient("4712", policy)])
    assert (answer.arrival, answer.held) == (arrival, True)
    (story,) = reader.held()
    assert story.reason == reason
    (counts,) = reader.status().receivers
    assert (counts.conflicts, counts.identities) == (1, 1)
    assert ledger.record([of_patient(2, "4712")])[0].held


def test_i03_a_receiver_may_send_what_is_in_doubt_for_both_reasons(ledger: Ledger) -> None:
    ledger.record([of_patient(1, "4711")])
    (answer,) = ledger.record([again_of_patient("4712", Admission(Policy.SEND, Policy.SEND))])
    assert (answer.arrival, answer.held) == (Arrival.OTHER_PATIENT, False)


def test_files_that_were_taken_are_remembered_by_receiver(ledger: Ledger) -> None:
    ledger.taken.change_taken_files("drop", [b"a" * 16, b"b" * 16, b"a" * 16], [])
    ledger.taken.change_taken_files("other", [b"c" * 16], [b"a" * 16])
    ledger.taken.change_taken_files("drop", [], [b"b" * 16])
    assert ledger.taken.taken_files("drop") == {b"a" * 16}
    assert ledger.taken.taken_files("other") == {b"c" * 16}
