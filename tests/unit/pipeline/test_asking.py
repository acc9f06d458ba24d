"""Asking a destination for storage commitment, with a network that does what it is told."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from dicomrules.dicom.commitment import Report, Request
from dicomrules.model.commitment import CommitmentTerms, Said
from dicomrules.model.delivery import Kind, State
from dicomrules.model.destination import DicomDestination, RetryPolicy
from dicomrules.model.event import Event
from dicomrules.pipeline.asking import Asking
from dicomrules.pipeline.commitment import Reported
from dicomrules.queue.commitments import CommitmentTransactions
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.peers.running import until
from tests.unit.queue.material import NOW, entry, outcome

SHORT = timedelta(milliseconds=10)
PACS = DicomDestination(
    "pacs", "PACS", "127.0.0.1", 104, "GW", retry=RetryPolicy(SHORT, SHORT), commitment=CommitmentTerms(SHORT)
)


class Network:
    """Answers questions by script, and reports on each on the same association."""

    def __init__(self, *script: Said | Exception) -> None:
        self.script = list(script)
        self.asked: list[Request] = []
        self.answered: list[int] = []
        self.closed = 0
        self.is_open = False
        self.come = threading.Event()

    def ask(self, request: Request) -> Said:
        said = self.script.pop(0) if self.script else Said(True)
        if isinstance(said, Exception):
            raise said
        self.is_open = said.ok
        if said.ok:
            self.asked.append(request)
        return said

    def listen(self, seconds: float) -> Report | None:
        if len(self.answered) < len(self.asked):
            request = self.asked[len(self.answered)]
            return Report(request.transaction, request.references)
        self.come.wait(min(seconds, 0.01))
        return None

    def answer(self, status: int) -> None:
        self.answered.append(status)

    def close(self) -> None:
        self.closed += 1
        self.is_open = False


def run(tmp_path: Path, network: Network) -> list[Event]:
    """Three stored instances become sent; what was told meanwhile."""
    ledger = Ledger.open(tmp_path)
    ledger.record([entry(f"1.2.3.{number}", "pacs") for number in range(3)])
    ledger.record_outcomes([Ended(one, outcome(Kind.STORED)) for one in ledger.claim("pacs", 64, NOW)], NOW)
    events: list[Event] = []
    transactions = CommitmentTransactions(ledger)
    asking = Asking(PACS, transactions, network, Reported(transactions, {"pacs": PACS}, events.append), events.append)
    reader = Reader.open(tmp_path)
    asking.start()
    try:
        until(lambda: reader.status().destinations[0].deliveries[State.SENT] == 3, 20, "three committed")
    finally:
        asking.stop()
        asking.join(10)
        reader.close()
        ledger.close()
    return events


def test_a_study_is_one_question_and_its_report_makes_it_sent(tmp_path: Path) -> None:
    network = Network()
    run(tmp_path, network)
    assert [len(request.references) for request in network.asked] == [3]
    assert network.answered == [0]
    assert network.closed >= 1


@pytest.mark.parametrize("trouble", [Said(False, "nobody is there", away=True), RuntimeError("a bug")])
def test_d19_what_goes_wrong_is_told_and_asked_again(tmp_path: Path, trouble: Said | Exception) -> None:
    network = Network(trouble)
    events = run(tmp_path, network)
    assert [event.fields["why"] for event in events if event.name == "commitment.not_asked"] in (
        ["nobody is there"],
        ["internal error (RuntimeError)"],
    )
    assert len({request.transaction for request in network.asked}) == len(network.asked)
