"""S-22: a worker that was stopped after its claim wakes up again: it sends nothing unseen, and turns nothing back."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dicomrules.model.delivery import Kind, State
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.faults.processes import delivered, gone, intake_and_delivery, peer_at, store
from tests.faults.test_kill import check_delivered
from tests.peers.gateway import Gateway
from tests.peers.running import dicomrules, until
from tests.peers.sink import Behaviour, Sink
from tests.unit.queue.material import NOW, entry, outcome

WORKER = """
import sys
from pathlib import Path
from dicomrules.model.delivery import Kind
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from tests.unit.queue.material import NOW, outcome

ledger = Ledger.open(Path(sys.argv[1]))
claimed = ledger.claim("pacs", 1, NOW)
print("claimed", flush=True)
sys.stdin.readline()
print(ledger.record_outcomes([Ended(claimed[0], outcome(Kind.SENT))], NOW), flush=True)
"""


def test_s22_what_a_stopped_worker_says_late_is_fenced_off_and_stays_in_the_history(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.record([entry("1.2.3.4", "pacs")])
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == "claimed\n"
        first.send_signal(signal.SIGSTOP)
        assert ledger.recover(NOW) == 1
        (second,) = ledger.claim("pacs", 1, NOW)
        first.send_signal(signal.SIGCONT)
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.stdout.readline() == "[False]\n"
    reader = Reader.open(tmp_path)
    (story,) = reader.trace("1.2.3.4")
    assert story.deliveries[0].state is State.SENDING, "what the second one does is not over"
    assert ledger.record_outcomes([Ended(second, outcome(Kind.SENT))], NOW) == [True]
    (story,) = reader.trace("1.2.3.4")
    assert [(one.number, one.late) for one in story.deliveries[0].attempts] == [(1, False), (1, True), (2, False)]
    assert story.deliveries[0].state is State.SENT
    reader.close()
    ledger.close()


def test_s22_no_new_gateway_starts_before_a_stopped_delivery_process_has_ended(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    assert gateway.process is not None
    sink.behaviour = Behaviour(answer="silent")
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: any(seen.max_pdu for seen in sink.associations), 10, "the delivery under way")
    _, delivery = intake_and_delivery(gateway)
    os.kill(delivery, signal.SIGSTOP)
    gateway.process.kill()
    gateway.process.wait(5)
    sink.behaviour = Behaviour()
    refused = dicomrules("serve", gateway.file, ok=False)
    assert refused.returncode == 75, "the state folder is held for as long as any process of the old gateway is there"
    assert not delivered(sink)
    os.kill(delivery, signal.SIGCONT)
    until(lambda: gone(delivery), 30, "the old one to end")
    gateway.start()
    until(lambda: delivered(sink) == {uid}, 15, "the instance at the destination")
    until(lambda: gateway.deliveries("sink")["sent"] == 1, 10, "its outcome")
    check_delivered(sink, {})
