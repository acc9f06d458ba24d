"""Storage commitment that peers ask of us, as rows."""

from datetime import timedelta

import pytest

from dicomrules.dicom.commitment import CLASS_CONFLICT, NO_SUCH_INSTANCE, Failure, Reference, Report, Request
from dicomrules.model.commitment import Asked, CommitmentPolicy
from dicomrules.model.delivery import Kind
from dicomrules.model.instance import Verdict
from dicomrules.queue.commitment_requests import CLAIM, MOST_OPEN, CommitmentRequests, Kept
from dicomrules.queue.entry import Entry, RequestState
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import CT, MODALITY, NOW, decision, entry, envelope, judged, outcome

RECEIVED, DELIVERED = CommitmentPolicy.RECEIVED, CommitmentPolicy.DELIVERED
LATER = NOW + timedelta(minutes=1)
MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture
def requests(ledger: Ledger) -> CommitmentRequests:
    return CommitmentRequests(ledger)


def ask(requests: CommitmentRequests, *uids: str, policy: CommitmentPolicy = RECEIVED, transaction: str = "9.1") -> int:
    """Ask about these; the id of the row."""
    references = tuple(Reference(CT, uid) for uid in uids)
    kept, identity = requests.keep(Asked(Request(transaction, references), MODALITY, policy, NOW), NOW)
    assert kept in (Kept.NEW, Kept.REPEATED)
    return identity


def report(requests: CommitmentRequests, identity: int) -> Report | None:
    request = requests.get(identity)
    assert request is not None
    return requests.judge(request)


def send(ledger: Ledger, destination: str, kind: Kind = Kind.SENT) -> None:
    ledger.record_outcomes([Ended(one, outcome(kind)) for one in ledger.claim(destination, 64, LATER)], NOW)


def status(reader: Reader) -> dict[RequestState, int]:
    ((found),) = reader.status().commitments
    return {RequestState.OPEN: found.open, RequestState.NOWHERE: found.nowhere, RequestState.REPORTED: found.reported}


def test_c14_received_is_what_is_durable_and_goes_somewhere(ledger: Ledger, requests: CommitmentRequests) -> None:
    ledger.record([entry("1.1", "pacs"), judged("1.2", Verdict.HOLD), judged("1.3", Verdict.DROP)])
    nowhere = envelope("1.4")
    ledger.record([Entry(nowhere, decision(nowhere), "waiting/x.dcm")])
    said = report(requests, ask(requests, "1.1", "1.2", "1.3", "1.4", "1.5"))
    assert said == Report(
        "9.1",
        (Reference(CT, "1.1"), Reference(CT, "1.2")),
        tuple(Failure(Reference(CT, uid), NO_SUCH_INSTANCE) for uid in ("1.3", "1.4", "1.5")),
    )


def test_c14_another_class_is_a_conflict(ledger: Ledger, requests: CommitmentRequests) -> None:
    ledger.record([entry("1.1", "pacs")])
    asked = Asked(Request("9.2", (Reference(MR, "1.1"),)), MODALITY, RECEIVED, NOW)
    _, identity = requests.keep(asked, NOW)
    assert report(requests, identity) == Report("9.2", (), (Failure(Reference(MR, "1.1"), CLASS_CONFLICT),))


def test_c14_delivered_waits_for_every_destination(ledger: Ledger, requests: CommitmentRequests) -> None:
    ledger.record([entry("1.1", "pacs", "archive"), entry("1.2", "archive")])
    identity = ask(requests, "1.1", "1.2", policy=DELIVERED)
    send(ledger, "archive")
    assert report(requests, identity) is None
    send(ledger, "pacs", Kind.STORED)  # not committed there yet
    assert report(requests, identity) is None


def test_c14_delivered_is_what_every_destination_has_also_after_its_retention(
    ledger: Ledger, requests: CommitmentRequests
) -> None:
    ledger.record([entry("1.1", "pacs")])
    identity = ask(requests, "1.1", policy=DELIVERED)
    send(ledger, "pacs")
    assert report(requests, identity) == Report("9.1", (Reference(CT, "1.1"),))
    ledger.retention.mark_moved(ledger.retention.finished(10))
    ledger.retention.mark_removed([one.instance_id for one in ledger.retention.expired(lambda _: LATER, 10)])
    assert report(requests, identity) == Report("9.1", (Reference(CT, "1.1"),))


def test_c14_both_contents_of_a_conflict_must_be_safe(ledger: Ledger, requests: CommitmentRequests) -> None:
    ledger.record([entry("1.1", "pacs"), entry("1.1", "pacs", content="other")])
    send(ledger, "pacs")
    assert report(requests, ask(requests, "1.1")) == Report("9.1", (Reference(CT, "1.1"),))
    assert report(requests, ask(requests, "1.1", policy=DELIVERED, transaction="9.2")) is None  # the other one is held


def test_a_transaction_uid_is_for_one_list(requests: CommitmentRequests, reader: Reader) -> None:
    identity = ask(requests, "1.1")
    assert ask(requests, "1.1") == identity
    asked = Asked(Request("9.1", (Reference(CT, "1.2"),)), MODALITY, RECEIVED, NOW)
    assert requests.keep(asked, NOW) == (Kept.IN_USE, 0)
    assert status(reader) == {RequestState.OPEN: 1, RequestState.NOWHERE: 0, RequestState.REPORTED: 0}


def test_a_peer_has_so_many_open_requests_and_no_more(ledger: Ledger, requests: CommitmentRequests) -> None:
    ledger.write(lambda tx: tx.count("commitment", MODALITY.calling_aet, RequestState.OPEN, MOST_OPEN))
    asked = Asked(Request("9.1", (Reference(CT, "1.2"),)), MODALITY, RECEIVED, NOW)
    assert requests.keep(asked, NOW) == (Kept.TOO_MANY, 0)


def test_a_report_is_made_by_one_at_a_time(requests: CommitmentRequests) -> None:
    identity = ask(requests, "1.1")
    assert requests.claim(identity, NOW, first=True)
    assert not requests.claim(identity, NOW, first=True)
    assert not requests.claim(identity, NOW + CLAIM / 2, first=False)
    assert requests.claim(identity, NOW + CLAIM, first=False)  # whoever had it has died


def test_what_is_reported_is_over(requests: CommitmentRequests, reader: Reader) -> None:
    identity = ask(requests, "1.1")
    said = Report("9.1", (), (Failure(Reference(CT, "1.1"), NO_SUCH_INSTANCE),))
    assert requests.reported(identity, said, NOW)
    assert not requests.reported(identity, said, NOW)
    assert not requests.claim(identity, LATER, first=True)
    assert requests.due(LATER, 10) == []
    assert status(reader)[RequestState.REPORTED] == 1
    assert requests.forget(NOW) == 0
    assert requests.forget(LATER) == 1
    assert requests.get(identity) is None


def test_without_an_address_it_waits_for_one(requests: CommitmentRequests, reader: Reader) -> None:
    identity = ask(requests, "1.1")
    requests.nowhere(identity, "no port")
    assert requests.due(LATER, 10) == []
    assert status(reader)[RequestState.NOWHERE] == 1
    assert requests.claim(identity, NOW, first=True)  # the association that asked may still be there
    assert requests.restart(["OTHER"], NOW) == 0
    assert requests.restart([MODALITY.calling_aet], NOW) == 1
    assert [one.id for one in requests.due(NOW, 10)] == [identity]


def test_a_new_process_makes_at_once_what_the_last_one_had_claimed(requests: CommitmentRequests) -> None:
    identity = ask(requests, "1.1")
    requests.claim(identity, NOW, first=True)
    assert requests.due(NOW, 10) == []
    requests.restart([], NOW)
    assert [(one.id, one.attempts) for one in requests.due(NOW, 10)] == [(identity, 1)]


def test_a_damaged_row_is_set_aside_and_keeps_up_no_other(
    ledger: Ledger, requests: CommitmentRequests, reader: Reader
) -> None:
    damaged, whole = ask(requests, "1.1"), ask(requests, "1.2", transaction="9.2")
    with ledger._writing() as tx:
        tx._connection.execute("UPDATE commitment_requests SET items = x'00' WHERE id = ?", (damaged,))
    assert [one.id for one in requests.due(NOW, 10)] == [whole]
    assert status(reader) == {RequestState.OPEN: 1, RequestState.NOWHERE: 1, RequestState.REPORTED: 0}


def test_a_peer_that_is_away_is_left_alone_with_all_its_requests(requests: CommitmentRequests) -> None:
    ask(requests, "1.1")
    ask(requests, "1.2", transaction="9.2")
    requests.postpone_all(MODALITY.calling_aet, LATER)
    assert requests.due(NOW, 10) == []
    assert len(requests.due(LATER, 10)) == 2


def test_an_association_that_is_over_leaves_its_requests_to_delivery(requests: CommitmentRequests) -> None:
    asked = Asked(Request("9.1", (Reference(CT, "1.1"),)), MODALITY, RECEIVED, NOW)
    _, identity = requests.keep(asked, LATER)
    assert requests.due(NOW, 10) == []
    requests.hasten([identity], NOW)
    assert [one.id for one in requests.due(NOW, 10)] == [identity]
