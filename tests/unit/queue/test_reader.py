"""What the ledger tells."""

from datetime import timedelta
from pathlib import Path

import pytest

from dicomrules.model.delivery import Kind, State
from dicomrules.model.instance import Verdict
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.errors import LedgerRefused
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from dicomrules.queue.requested import Again, Refs, resend
from tests.unit.queue.material import NOW, entry, judged, outcome


def test_status_counts_by_destination_receiver_and_state(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.1", "pacs", "archive"), entry("1.2.3.2", "pacs"), judged("1.2.3.3", Verdict.HOLD)])
    (claimed,) = ledger.claim("pacs", 1, NOW)
    ledger.record_outcomes([Ended(claimed, outcome(Kind.SENT))], NOW)
    status = reader.status()
    archive, pacs = status.destinations
    assert (archive.name, archive.deliveries[State.QUEUED], archive.oldest_waiting) == ("archive", 1, NOW)
    assert (pacs.deliveries[State.QUEUED], pacs.deliveries[State.SENT], pacs.deliveries[State.FAILED]) == (1, 1, 0)
    assert (status.held, status.instances[InstanceState.WAITING]) == (1, 2)
    (receiver,) = status.receivers
    assert (receiver.name, receiver.instances, receiver.duplicates, receiver.conflicts) == ("modalities", 3, 0, 0)


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.FAILED])
def test_the_oldest_waiting_is_none_when_nothing_waits(ledger: Ledger, reader: Reader, kind: Kind) -> None:
    ledger.record([entry("1.2.3.1", "pacs")])
    (claimed,) = ledger.claim("pacs", 1, NOW)
    assert reader.status().destinations[0].oldest_waiting == NOW
    ledger.record_outcomes([Ended(claimed, outcome(kind))], NOW)
    assert reader.status().destinations[0].oldest_waiting is None


def test_the_queue_is_read_page_by_page_in_order_of_arrival(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry(f"1.2.3.{n}", "pacs") for n in range(6)])
    claimed = ledger.claim("pacs", 5, NOW)
    kinds = [Kind.DEFERRED, Kind.FAILED, Kind.SENT, Kind.CORRUPT]
    ended = [Ended(one, outcome(kind), NOW + timedelta(1)) for one, kind in zip(claimed, kinds, strict=False)]
    ledger.record_outcomes(ended, NOW)
    first = reader.waiting("pacs", limit=3)
    second = reader.waiting("pacs", after=first[-1].id, limit=3)
    assert [(one.sop_instance, one.state) for one in first + second] == [
        ("1.2.3.0", State.DEFERRED),
        ("1.2.3.1", State.FAILED),
        ("1.2.3.3", State.HELD),
        ("1.2.3.4", State.SENDING),
        ("1.2.3.5", State.QUEUED),
    ]


def test_a_study_is_found_by_its_uid(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry(f"1.2.3.{n}", "pacs") for n in range(3)])
    assert [story.key.sop_instance for story in reader.study("1.2")] == ["1.2.3.0", "1.2.3.1", "1.2.3.2"]
    assert reader.study("1.9") == []


def test_an_unknown_uid_has_no_story(reader: Reader) -> None:
    assert reader.trace("1.2.3.4") == []


def test_a_state_folder_without_a_ledger_is_said_so_and_not_filled(tmp_path: Path) -> None:
    with pytest.raises(LedgerRefused, match="there is no ledger"):
        Reader.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(ledger: Ledger, reader: Reader) -> None:
    with pytest.raises(Exception, match="readonly"):
        reader._connection.execute("DELETE FROM instances")


def test_a_ledger_without_its_gateway_can_be_read(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.record([entry("1.2.3.1", "pacs")])
    ledger.close()
    reader = Reader.open(tmp_path)
    assert len(reader.trace("1.2.3.1")) == 1
    reader.close()


def sent_once_more(ledger: Ledger, *kinds: Kind) -> None:
    """A person has instance 1 sent again; how each attempt that is due for the PACS ends."""
    refs = Refs("waiting/1.dcm")
    answer = ledger.write(lambda tx: resend(tx, 1, Again((), {}), refs, NOW))
    assert answer.done
    claimed = ledger.claim("pacs", 10, NOW)
    ledger.record_outcomes([Ended(*one) for one in zip(claimed, map(outcome, kinds), strict=True)], NOW)


def test_a_study_counts_an_instance_once_however_often_a_destination_got_it(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry(f"1.2.3.{n}", "pacs") for n in range(3)])
    for kind in (Kind.SENT, Kind.FAILED, Kind.SENT):
        (claimed,) = ledger.claim("pacs", 1, NOW)
        ledger.record_outcomes([Ended(claimed, outcome(kind))], NOW)
    sent_once_more(ledger, Kind.SENT)
    found = reader.study_counts("1.2")
    assert (found.instances, found.deliveries) == (3, {"pacs": {State.FAILED: 1, State.SENT: 2}})


def test_what_is_stored_once_more_is_committed_to_as_before(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.1", "pacs")])
    (claimed,) = ledger.claim("pacs", 1, NOW)
    ledger.record_outcomes([Ended(claimed, outcome(Kind.SENT))], NOW)
    sent_once_more(ledger, Kind.STORED)
    assert reader.study_counts("1.2").deliveries == {"pacs": {State.SENT: 1}}
