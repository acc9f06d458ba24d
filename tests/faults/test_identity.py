"""I-01: eight patients over eight associations, with kills in between: nobody's pixels under another one's header."""

import os
import signal

from tests.faults.processes import delivered, intake_and_delivery
from tests.faults.senders import Sender
from tests.faults.test_kill import check_delivered
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Sink


def test_i01_no_image_gets_the_header_of_another_patient(gateway: Gateway, sink: Sink, port: int) -> None:
    senders = [Sender(port, f"PAT{number}", size=600 + 977 * number) for number in range(8)]
    for sender in senders:
        sender.start()
    for victim in (0, 1):
        before = len(sink.stored)
        until(lambda: len(sink.stored) > before + 100, 20, "a hundred images more")  # noqa: B023
        os.kill(intake_and_delivery(gateway)[victim], signal.SIGKILL)
        until(lambda: gateway.output().count("ready again") == victim + 1, 20, "the child to be back")  # noqa: B023
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(20)
    acknowledged = {uid: data for sender in senders for uid, data in sender.acknowledged.items()}
    until(lambda: delivered(sink) >= set(acknowledged), 30, "all that was acknowledged")
    assert len(acknowledged) > 200
    assert all(sender.acknowledged for sender in senders)
    check_delivered(sink, acknowledged)
