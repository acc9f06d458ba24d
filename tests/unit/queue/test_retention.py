"""From delivered to done to forgotten."""

from datetime import timedelta

from dicomrules.model.delivery import Kind, State
from dicomrules.model.instance import Verdict
from dicomrules.pipeline.sweep import Retention
from dicomrules.queue.entry import Arrival, InstanceState, Kept
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from dicomrules.queue.request import Answer, Ask, Wish
from tests.unit.queue.material import NOW, entry, judged, outcome

WEEK = timedelta(days=7)


def deliver(ledger: Ledger, destination: str = "pacs") -> None:
    """Send everything that a destination is owed."""
    ledger.record_outcomes([Ended(one, outcome(Kind.SENT)) for one in ledger.claim(destination, 64, NOW)], NOW)


def done(ledger: Ledger, sop_instance: str) -> Kept:
    """An instance that is delivered and moved to `done`."""
    ledger.record([entry(sop_instance, "pacs")])
    deliver(ledger)
    (kept,) = ledger.retention.finished(10)
    moved = Kept(kept.instance_id, kept.spool_ref.replace("waiting", "done"))
    ledger.retention.mark_moved([moved])
    return moved


def test_a_finished_instance_is_done_when_its_file_has_moved(ledger: Ledger, reader: Reader) -> None:
    moved = done(ledger, "1.2.3.4")
    (story,) = reader.trace("1.2.3.4")
    assert (story.state, story.spool_ref) == (InstanceState.DONE, moved.spool_ref)
    assert ledger.retention.finished(10) == []


def test_bytes_are_kept_until_their_retention_has_passed(ledger: Ledger) -> None:
    moved = done(ledger, "1.2.3.4")
    assert ledger.retention.expired(lambda _: NOW, 10) == []
    assert ledger.retention.expired(lambda _: NOW + timedelta(microseconds=1), 10) == [moved]


def test_what_an_instance_went_to_says_how_long_its_bytes_are_kept(ledger: Ledger) -> None:
    ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.5", "archive"), entry("1.2.3.6", "archive", "pacs")])
    deliver(ledger)
    deliver(ledger, "archive")
    ledger.retention.mark_moved(ledger.retention.finished(10))

    def expired(**kept: timedelta) -> list[int]:
        retention = Retention(timedelta(days=999), WEEK, kept)
        found = ledger.retention.expired(lambda names: NOW + timedelta(days=8) - retention.of(names), 10)
        return sorted(one.instance_id for one in found)

    assert expired(pacs=WEEK, archive=2 * WEEK) == [1]
    assert expired(pacs=2 * WEEK, archive=WEEK) == [2]
    assert expired(pacs=WEEK, archive=WEEK) == [1, 2, 3]
    assert expired(pacs=WEEK) == [1], "one whose destination is gone is kept as long as any"


def test_what_was_asked_about_a_destination_is_forgotten_when_history_is_over(ledger: Ledger) -> None:
    (asked, still_open) = ledger.requests.ask([Wish(Ask.RESUME, "alice", "", None, "pacs")] * 2, NOW)
    request = ledger.requests.get(asked)
    assert request is not None
    ledger.requests.carry_out(request, lambda tx: Answer(True, "tried"), NOW)
    assert ledger.retention.forget(NOW) == 0
    assert ledger.retention.forget(NOW + WEEK) == 1
    assert ledger.requests.get(asked) is None
    assert ledger.requests.get(still_open) is not None


def test_counts_by_day_stay_when_history_is_forgotten(ledger: Ledger, reader: Reader) -> None:
    ledger.retention.mark_removed([done(ledger, "1.2.3.4").instance_id])
    ledger.record([entry("1.2.3.4", "pacs"), entry("1.2.3.4", "pacs")])
    assert ledger.retention.forget(NOW + WEEK) == 1
    today = NOW.astimezone().date()
    counted = {(one.day, one.name, one.what): one.count for one in reader.days(today)}
    assert counted == {(today, "modalities", "received"): 2, (today, "pacs", "stored"): 1}
    assert reader.days(today + timedelta(days=1)) == []


def test_nothing_undelivered_expires(ledger: Ledger) -> None:
    ledger.record([entry("1.2.3.4", "pacs"), judged("1.2.3.5", Verdict.HOLD), entry("1.2.3.6", "pacs", "archive")])
    claimed = ledger.claim("pacs", 64, NOW)
    ledger.record_outcomes([Ended(one, outcome(Kind.FAILED)) for one in claimed], NOW)
    far = NOW + timedelta(days=3650)
    over = ledger.retention
    assert (over.finished(10), over.expired(lambda _: far, 10), over.forget(far)) == ([], [], 0)


def test_history_stays_when_bytes_are_gone_and_then_is_forgotten(ledger: Ledger, reader: Reader) -> None:
    moved = done(ledger, "1.2.3.4")
    ledger.retention.mark_removed([moved.instance_id])
    (story,) = reader.trace("1.2.3.4")
    assert (story.state, story.spool_ref, len(story.deliveries[0].attempts)) == (InstanceState.GONE, "", 1)
    assert ledger.retention.forget(NOW) == 0
    assert ledger.retention.forget(NOW + WEEK) == 1
    assert reader.trace("1.2.3.4") == []
    status = reader.status()
    assert status.destinations[0].deliveries[State.SENT] == 0
    assert status.instances[InstanceState.GONE] == 0


def test_only_what_is_done_can_lose_its_bytes(ledger: Ledger, reader: Reader) -> None:
    (recorded,) = ledger.record([entry("1.2.3.4", "pacs")])
    ledger.retention.mark_removed([recorded.instance_id])
    (story,) = reader.trace("1.2.3.4")
    assert story.state is InstanceState.WAITING
    assert story.spool_ref


def test_an_instance_that_comes_again_after_its_bytes_are_gone_is_delivered_again(ledger: Ledger) -> None:
    ledger.retention.mark_removed([done(ledger, "1.2.3.4").instance_id])
    (again,) = ledger.record([entry("1.2.3.4", "pacs")])
    assert again.arrival is Arrival.NEW


def test_a_held_instance_keeps_its_state_when_its_file_moves(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.4", "pacs")])
    (conflict,) = ledger.record([entry("1.2.3.4", "pacs", content="other")])
    ledger.retention.mark_moved([Kept(conflict.instance_id, "held/x.dcm")])
    story = reader.trace("1.2.3.4")[1]
    assert (story.state, story.spool_ref) == (InstanceState.HELD, "held/x.dcm")


def test_rejected_and_dropped_instances_are_forgotten_like_others(ledger: Ledger, reader: Reader) -> None:
    ledger.record([judged("1.2.3.4", Verdict.REJECT), judged("1.2.3.5", Verdict.DROP)])
    assert ledger.retention.forget(NOW + WEEK) == 2
    assert reader.trace("1.2.3.4") == []
