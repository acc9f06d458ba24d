"""Storage commitment asked of destinations, as rows."""

from datetime import datetime, timedelta

import pytest

from dicomrules.dicom.commitment import Failure, Reference, Report
from dicomrules.model.delivery import Kind, State
from dicomrules.queue.commitments import CommitmentTransactions, Question, Refused, Taken
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import CT, NOW, entry, outcome

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def transactions(ledger: Ledger) -> CommitmentTransactions:
    return CommitmentTransactions(ledger)


def store(ledger: Ledger, *uids: str) -> None:
    """These have come in, and the PACS has stored them."""
    ledger.record([entry(uid, "pacs") for uid in uids])
    resend(ledger)


def resend(ledger: Ledger) -> None:
    """All that is due is stored by the PACS."""
    ledger.record_outcomes([Ended(one, outcome(Kind.STORED)) for one in ledger.claim("pacs", 64, LATER)], NOW)


def ask(transactions: CommitmentTransactions, uid: str) -> Question:
    question = transactions.begin("pacs", uid, LATER, LATER, NOW)
    assert question is not None
    return question


def again(reason: int, deferrals: int, refusals: int) -> Refused:
    return Refused(Kind.DEFERRED, f"not committed: {reason}", NOW)


def states(reader: Reader, *uids: str) -> list[State]:
    return [one.state for uid in uids for one in reader.trace(uid)[0].deliveries]


def no(uid: str) -> tuple[Failure, ...]:
    return (Failure(Reference(CT, uid), 0x0112),)


def test_a_question_is_about_what_is_stored_long_enough(ledger: Ledger, transactions: CommitmentTransactions) -> None:
    store(ledger, "1.2.3.1", "1.2.3.2")
    assert transactions.next_due("pacs") == NOW
    assert transactions.begin("pacs", "9.1", NOW - timedelta(seconds=1), LATER, NOW) is None
    question = ask(transactions, "9.1")
    assert question.request.references == (Reference(CT, "1.2.3.1"), Reference(CT, "1.2.3.2"))
    assert transactions.next_due("pacs") == LATER  # once more when the timeout has passed
    assert transactions.begin("pacs", "9.2", NOW, LATER, NOW) is None


def test_committed_is_sent_and_the_instance_is_delivered(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1", "1.2.3.2")
    ask(transactions, "9.1")
    tally = transactions.take(Report("9.1", (Reference(CT, "1.2.3.1"), Reference(CT, "5.5"))), again, NOW)
    assert (tally.taken, tally.committed, tally.unasked) == (Taken.COUNTED, 1, 1)
    assert states(reader, "1.2.3.1", "1.2.3.2") == [State.SENT, State.STORED]
    assert reader.trace("1.2.3.1")[0].state is InstanceState.DELIVERED
    assert [one.outcome.kind for one in reader.trace("1.2.3.1")[0].deliveries[0].attempts] == [Kind.STORED, Kind.SENT]


def test_a_report_counts_once_and_only_for_what_we_asked(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1")
    ask(transactions, "9.1")
    assert transactions.destination_of("9.1") == "pacs"
    assert transactions.destination_of("9.2") == ""
    assert transactions.take(Report("9.2", (Reference(CT, "1.2.3.1"),)), again, NOW).taken is Taken.UNKNOWN
    wrong_class = Report("9.1", (Reference("1.2.840.10008.5.1.4.1.1.4", "1.2.3.1"),))
    assert transactions.take(wrong_class, again, NOW).committed == 0
    assert transactions.take(Report("9.1", (Reference(CT, "1.2.3.1"),), ()), again, NOW).taken is Taken.REPEATED
    assert states(reader, "1.2.3.1") == [State.STORED]


def test_a_late_yes_counts_and_a_late_no_does_not(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1", "1.2.3.2")
    ask(transactions, "9.1")
    ask(transactions, "9.2")
    late = Report("9.1", (Reference(CT, "1.2.3.1"),), no("1.2.3.2"))
    assert transactions.take(late, again, NOW).committed == 1
    assert states(reader, "1.2.3.1", "1.2.3.2") == [State.SENT, State.STORED]


def test_what_is_refused_is_due_again_and_counts_its_refusals(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1")
    seen = []

    def refuse(reason: int, deferrals: int, refusals: int) -> Refused:
        seen.append((reason, deferrals, refusals))
        return Refused(Kind.DEFERRED, "no", NOW, refused=True)

    for number in range(2):
        ask(transactions, f"9.{number}")
        transactions.take(Report(f"9.{number}", (), no("1.2.3.1")), refuse, NOW)
        assert states(reader, "1.2.3.1") == [State.DEFERRED]
        resend(ledger)
    assert seen == [(0x0112, 0, 0), (0x0112, 1, 1)]


def test_said_both_ways_no_wins(ledger: Ledger, transactions: CommitmentTransactions, reader: Reader) -> None:
    store(ledger, "1.2.3.1")
    ask(transactions, "9.1")
    transactions.take(Report("9.1", (Reference(CT, "1.2.3.1"),), no("1.2.3.1")), again, NOW)
    assert states(reader, "1.2.3.1") == [State.DEFERRED]


def test_a_day_counts_what_is_stored_and_what_is_committed_but_not_what_is_no_longer_asked_about(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1")
    ask(transactions, "9.1")
    transactions.take(Report("9.1", (Reference(CT, "1.2.3.1"),), ()), again, NOW)
    store(ledger, "1.2.3.2")
    transactions.settle("pacs", NOW)
    counted = {one.what: one.count for one in reader.days(NOW.astimezone().date()) if one.name == "pacs"}
    assert counted == {"stored": 2, "committed": 1}


def test_a_question_that_did_not_get_through_is_asked_again_when_it_is_due(
    ledger: Ledger, transactions: CommitmentTransactions
) -> None:
    store(ledger, "1.2.3.1")
    soon = NOW + timedelta(seconds=30)
    transactions.ask_again(ask(transactions, "9.1"), soon)
    assert transactions.next_due("pacs") == soon


def test_of_a_destination_that_is_no_longer_asked_what_is_stored_is_sent(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, *(f"1.2.3.{number}" for number in range(70, 75)))
    assert transactions.settle("pacs", NOW) == 5
    assert transactions.settle("pacs", NOW) == 0
    assert states(reader, "1.2.3.70") == [State.SENT]


def test_transactions_are_forgotten_with_their_deliveries(
    ledger: Ledger, transactions: CommitmentTransactions, reader: Reader
) -> None:
    store(ledger, "1.2.3.1")
    ask(transactions, "9.1")
    transactions.take(Report("9.1", (Reference(CT, "1.2.3.1"),), ()), again, NOW)
    assert transactions.forget(LATER) == 0
    after(ledger, LATER)
    assert reader.trace("1.2.3.1") == []
    assert transactions.forget(LATER) == 1


def after(ledger: Ledger, moment: datetime) -> None:
    """Files are moved, removed, and their history is over."""
    ledger.retention.mark_moved(ledger.retention.finished(10))
    ledger.retention.mark_removed([one.instance_id for one in ledger.retention.expired(lambda _: moment, 10)])
    assert ledger.retention.forget(moment) == 1
