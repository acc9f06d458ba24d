"""What lanes do with the queue: claims, outcomes, fences."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dicomrules.model.delivery import Delivery, Kind, State, Trouble
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.lanes import GIVEN_UP, Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import MODALITY, NOW, entry, outcome

LATER = NOW + timedelta(seconds=30)


def end(ledger: Ledger, delivery: Delivery, kind: Kind) -> bool:
    """Record one outcome; whether it counted."""
    next_attempt = LATER if kind is Kind.DEFERRED else None
    return ledger.record_outcomes([Ended(delivery, outcome(kind), next_attempt)], NOW)[0]


def fill(ledger: Ledger, count: int, *destinations: str) -> None:
    """Record instances 1.2.3.0, 1.2.3.1, …"""
    ledger.record([entry(f"1.2.3.{n}", *destinations) for n in range(count)])


def state_of(reader: Reader, sop_instance: str) -> tuple[InstanceState, list[State]]:
    """The state of an instance and of its deliveries."""
    (story,) = reader.trace(sop_instance)
    return story.state, [one.state for one in story.deliveries]


def test_a_claim_gives_the_oldest_first_and_all_that_a_sender_needs(ledger: Ledger) -> None:
    fill(ledger, 5, "pacs", "archive")
    claimed = ledger.claim("pacs", 3, NOW)
    assert [one.sop_instance for one in claimed] == ["1.2.3.0", "1.2.3.1", "1.2.3.2"]
    first, source = claimed[0], entry("1.2.3.0", "pacs")
    assert first.patch == source.decision.variants[0].patch
    assert (first.spool_ref, first.length, first.digest) == (source.spool_ref, 532_000, source.envelope.digest)
    assert (first.state, first.attempts, first.calling_aet, first.study) == (State.SENDING, 1, "CT_A1", "1.2")


def test_d08_the_ledger_counts_refusals_of_an_instance_and_not_how_often_it_was_claimed(ledger: Ledger) -> None:
    fill(ledger, 1, "pacs")
    no = replace(outcome(Kind.DEFERRED), refused=True)
    away = replace(outcome(Kind.DEFERRED), trouble=Trouble.AWAY)
    for said in (no, away, away, no):
        (claimed,) = ledger.claim("pacs", 1, LATER)
        ledger.record_outcomes([Ended(claimed, said, NOW)], NOW)
    ledger.give_back(ledger.claim("pacs", 1, LATER), NOW)
    (claimed,) = ledger.claim("pacs", 1, LATER)
    assert (claimed.attempts, claimed.deferrals, claimed.refusals) == (6, 2, 2)
    end(ledger, claimed, Kind.FAILED)
    ledger.requeue([claimed.id], NOW)
    assert ledger.claim("pacs", 1, NOW)[0].refusals == 0, "who queues it again means three tries"


def test_s17_who_was_there_at_three_deaths_in_a_row_has_failed_and_nobody_else(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 5, "pacs", "archive")
    assert len(ledger.claim("pacs", 3, NOW)) == 3
    ledger.claim("archive", 1, NOW)
    assert ledger.recover(NOW, suspected=True) == 4
    assert [one.sop_instance for one in ledger.claim("pacs", 3, LATER)] == ["1.2.3.3", "1.2.3.4"]
    (first,) = ledger.claim("pacs", 3, LATER)
    assert first.sop_instance == "1.2.3.0", "a suspect goes alone"
    assert end(ledger, first, Kind.DEFERRED)
    (poison,) = ledger.claim("pacs", 3, LATER)
    ledger.give_back([poison], LATER)
    (poison,) = ledger.claim("pacs", 3, LATER)
    assert ledger.recover(LATER, suspected=True) == 3
    assert poison.id in {one.id for _ in range(3) for one in ledger.claim("pacs", 3, LATER + timedelta(minutes=1))}
    ledger.recover(LATER, suspected=True)
    assert state_of(reader, "1.2.3.1") == (InstanceState.WAITING, [State.FAILED, State.QUEUED])
    (story,) = reader.trace("1.2.3.1")
    messages = [one.outcome.message for one in story.deliveries[0].attempts]
    assert messages == ["the delivery process ended during this attempt"] * 2 + [GIVEN_UP]
    assert not [number for number in (0, 2, 3, 4) if State.FAILED in state_of(reader, f"1.2.3.{number}")[1]]
    ledger.requeue([poison.id], LATER)
    again = {one.id for _ in range(4) for one in ledger.claim("pacs", 3, LATER + timedelta(minutes=1))}
    assert poison.id in again, "a person may say so"


def test_s17_what_a_cut_of_the_power_cuts_off_is_suspected_of_nothing(ledger: Ledger) -> None:
    fill(ledger, 2, "pacs")
    for _ in range(5):
        assert len(ledger.claim("pacs", 2, NOW)) == 2
        assert ledger.recover(NOW) == 2


def test_s17_what_an_orderly_end_cuts_off_is_suspected_of_nothing(ledger: Ledger) -> None:
    fill(ledger, 2, "pacs")
    late, _ = ledger.claim("pacs", 2, NOW)
    assert ledger.take_back(NOW) == 2
    assert not end(ledger, late, Kind.SENT)
    assert ledger.recover(NOW, suspected=True) == 0
    assert len(ledger.claim("pacs", 2, NOW)) == 2


def test_d12_the_ledger_knows_which_bytes_a_destination_took(ledger: Ledger) -> None:
    other = replace(MODALITY, calling_aet="CT_B2")
    ledger.record([entry("1.2.3.1", "pacs", "archive"), entry("1.2.3.2", "pacs")])
    first, second = ledger.claim("pacs", 2, NOW)
    end(ledger, first, Kind.SENT)
    assert ledger.sent_before(second) is None
    ledger.record([entry("1.2.3.1", "pacs", peer=other), entry("1.2.3.1", "pacs", content="b", peer=other)])
    same = ledger.claim("pacs", 2, NOW)[0]
    assert ledger.sent_before(same) == outcome(Kind.SENT).ended_at
    assert ledger.sent_before(ledger.claim("archive", 1, NOW)[0]) is None
    changed = entry("1.2.3.1", "pacs", content="c", peer=replace(MODALITY, calling_aet="CT_C3"))
    ledger.record([changed])
    assert ledger.sent_before(ledger.claim("pacs", 1, NOW)[0]) is None


def test_what_is_claimed_is_not_claimed_twice(ledger: Ledger) -> None:
    fill(ledger, 5, "pacs")
    first, second = ledger.claim("pacs", 3, NOW), ledger.claim("pacs", 3, NOW)
    assert len({one.id for one in first + second}) == 5
    assert ledger.claim("pacs", 3, NOW) == []


def test_d14_one_destination_waits_while_another_has_its_copy(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs", "archive")
    assert end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.SENT)
    assert state_of(reader, "1.2.3.0") == (InstanceState.WAITING, [State.SENT, State.QUEUED])
    assert ledger.retention.finished(10) == []
    assert end(ledger, ledger.claim("archive", 1, NOW)[0], Kind.SENT)
    assert state_of(reader, "1.2.3.0") == (InstanceState.DELIVERED, [State.SENT, State.SENT])
    assert len(ledger.retention.finished(10)) == 1


def test_a_deferred_delivery_comes_back_when_it_is_due(ledger: Ledger) -> None:
    fill(ledger, 1, "pacs")
    end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.DEFERRED)
    assert ledger.next_due("pacs") == LATER
    assert ledger.claim("pacs", 1, LATER - timedelta(microseconds=1)) == []
    (again,) = ledger.claim("pacs", 1, LATER)
    assert again.attempts == 2


def test_what_has_been_due_longest_goes_first(ledger: Ledger) -> None:
    fill(ledger, 3, "pacs")
    end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.DEFERRED)
    assert [one.sop_instance for one in ledger.claim("pacs", 2, LATER)] == ["1.2.3.1", "1.2.3.2"]
    assert [one.sop_instance for one in ledger.claim("pacs", 2, LATER)] == ["1.2.3.0"]


def test_a_failed_delivery_waits_for_a_person(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs")
    (claimed,) = ledger.claim("pacs", 1, NOW)
    end(ledger, claimed, Kind.FAILED)
    assert ledger.next_due("pacs") is None
    assert [(one.state, one.last_message) for one in reader.waiting("pacs")] == [(State.FAILED, "it was failed")]
    assert ledger.requeue([claimed.id, 999], NOW) == 1
    assert [one.attempts for one in ledger.claim("pacs", 1, NOW)] == [2]


def test_s14_corrupt_bytes_hold_the_instance_and_all_that_is_queued_of_it(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 2, "pacs", "archive", "trial")
    sending = ledger.claim("trial", 1, NOW)[0]
    end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.CORRUPT)
    assert state_of(reader, "1.2.3.0") == (InstanceState.HELD, [State.HELD, State.HELD, State.SENDING])
    assert [one.sop_instance for one in ledger.claim("archive", 9, NOW)] == ["1.2.3.1"]
    assert end(ledger, sending, Kind.SENT)
    assert state_of(reader, "1.2.3.0")[0] is InstanceState.HELD
    assert [(one.key.sop_instance, one.reason[:7]) for one in reader.held()] == [("1.2.3.0", "corrupt")]


def test_corrupt_bytes_hold_a_deferred_delivery_too(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs", "archive")
    end(ledger, ledger.claim("archive", 1, NOW)[0], Kind.DEFERRED)
    end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.CORRUPT)
    assert state_of(reader, "1.2.3.0") == (InstanceState.HELD, [State.HELD, State.HELD])
    assert ledger.claim("archive", 1, LATER) == []


def test_s22_a_late_outcome_is_fenced_off_and_stays_in_the_history(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs")
    (slow,) = ledger.claim("pacs", 1, NOW)
    assert ledger.recover(NOW) == 1
    (second,) = ledger.claim("pacs", 1, NOW)
    assert not end(ledger, slow, Kind.FAILED)
    assert end(ledger, second, Kind.SENT)
    assert not end(ledger, second, Kind.DEFERRED)
    (story,) = reader.trace("1.2.3.0")
    history = [(one.number, one.outcome.kind, one.late) for one in story.deliveries[0].attempts]
    cut_off = (1, Kind.DEFERRED, False)
    assert history == [cut_off, (1, Kind.FAILED, True), (2, Kind.SENT, False), (2, Kind.DEFERRED, True)]
    assert story.state is InstanceState.DELIVERED


def test_every_attempt_is_told_with_what_was_said(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs")
    end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.DEFERRED)
    end(ledger, ledger.claim("pacs", 1, LATER)[0], Kind.SENT)
    attempts = reader.trace("1.2.3.0")[0].deliveries[0].attempts
    assert [one.outcome for one in attempts] == [outcome(Kind.DEFERRED), outcome(Kind.SENT)]


def test_recovery_queues_all_that_was_being_sent_in_its_old_order(ledger: Ledger) -> None:
    ledger.record([entry(f"1.2.3.{n}", "pacs", "archive") for n in range(64)])
    ledger.record([entry(f"1.2.4.{n}", "pacs") for n in range(64)])
    before = ledger.claim("pacs", 64, NOW) + ledger.claim("pacs", 64, NOW)
    ledger.claim("archive", 10, NOW)
    assert ledger.recover(NOW) == 138
    after = ledger.claim("pacs", 64, NOW) + ledger.claim("pacs", 64, NOW)
    assert [one.id for one in after] == [one.id for one in before]
    assert {one.attempts for one in after} == {2}


def test_a_lane_that_closes_gives_back_what_it_did_not_try(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 2, "pacs")
    ledger.give_back(ledger.claim("pacs", 2, NOW), NOW)
    assert [one.state for one in reader.waiting("pacs")] == [State.QUEUED, State.QUEUED]
    assert reader.trace("1.2.3.0")[0].deliveries[0].attempts == ()


def test_a_deferral_without_a_next_attempt_is_a_mistake_and_changes_nothing(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 1, "pacs")
    (claimed,) = ledger.claim("pacs", 1, NOW)
    with pytest.raises(ValueError, match="next attempt"):
        ledger.record_outcomes([Ended(claimed, outcome(Kind.DEFERRED))], NOW)
    assert state_of(reader, "1.2.3.0")[1] == [State.SENDING]


def test_s13_a_delivery_whose_row_is_damaged_is_held_and_the_others_go(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, 3, "pacs", "archive")
    turned = "UPDATE variants SET patch = CAST(substr(patch, 1, 70) || x'21' || substr(patch, 72) AS BLOB) WHERE id = 2"
    ledger._session.connection.execute(turned)
    assert [one.sop_instance for one in ledger.claim("pacs", 10, NOW)] == ["1.2.3.0", "1.2.3.2"]
    assert [(one.key.sop_instance, one.reason[:7]) for one in reader.held()] == [("1.2.3.1", "damaged")]
    assert [one.sop_instance for one in ledger.claim("archive", 10, NOW)] == ["1.2.3.0", "1.2.3.2"]


def test_nothing_is_due_for_an_unknown_destination(ledger: Ledger) -> None:
    assert ledger.next_due("nowhere") is None
    assert ledger.claim("nowhere", 10, NOW) == []


def test_d15_destinations_with_deliveries_are_known_without_the_gateway_file(ledger: Ledger) -> None:
    fill(ledger, 1, "removed", "archive")
    assert ledger.destinations() == ["archive", "removed"]


def test_what_a_destination_has_stored_stays_open_until_it_has_committed_itself(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.0", "pacs")])
    assert end(ledger, ledger.claim("pacs", 1, NOW)[0], Kind.STORED)
    assert state_of(reader, "1.2.3.0") == (InstanceState.WAITING, [State.STORED])
    assert ledger.retention.finished(10) == []
    assert ledger.claim("pacs", 1, LATER) == []  # it is not sent again by itself
    assert [one.state for one in reader.waiting("pacs")] == [State.STORED]
    (status,) = reader.status().destinations
    assert status.oldest_waiting == NOW
