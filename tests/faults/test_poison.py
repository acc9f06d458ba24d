"""S-17: an instance that takes the delivery process down each time it is sent. It is given up, and all others go."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from tests.faults.processes import delivered, peer_at
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Behaviour, Sink


class Poison(threading.Thread):
    """Ends the delivery process as a fault in the memory of it would, whenever this instance has come to the sink."""

    def __init__(self, gateway: Gateway, sink: Sink, uid: str) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.deaths = 0
        self._gateway, self._sink, self._uid = gateway, sink, uid

    def run(self) -> None:
        while not self.stopping.wait(0.005):
            came = [one for one in self._sink.stored if one.sop_instance == self._uid]
            if len(came) > self.deaths:
                with suppress(ProcessLookupError):
                    os.kill(int((self._gateway.folder / "var/delivery.alive").read_text()), signal.SIGSEGV)
                self.deaths = len(came)


def test_s17_what_takes_the_delivery_process_down_three_times_is_given_up_and_all_others_go(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = Behaviour(connect="close")
    images = [image(f"PAT{number % 3}", number, 2000) for number in range(12)]
    victim = images[5][0]
    with peer_at(port) as peer:
        for uid, data in images:
            assert peer.store(uid, data) == 0
    sink.behaviour = Behaviour(delay=0.2)  # so that the process dies before it has the response
    poison = Poison(gateway, sink, victim)
    poison.start()
    until(lambda: gateway.deliveries("sink")["failed"] == 1, 120, "the one to be given up")
    others = {uid for uid, _ in images if uid != victim}
    until(lambda: gateway.deliveries("sink")["sent"] == len(others), 30, "all others sent")
    poison.stopping.set()
    assert delivered(sink) >= others
    assert poison.deaths == 3
    assert gateway.running()
    assert any(Path(gateway.folder / "var/spool/waiting").rglob("*.dcm")), "its bytes are kept"
    told = " ".join(gateway.ask("trace", victim).split())
    assert "the delivery process ended 3 times while this was sent" in told
    assert "1 delivery to sink has failed for good" in " ".join(gateway.ask("status").split())
    sink.behaviour = Behaviour()
    gateway.ask("resend", victim)
    until(lambda: gateway.deliveries("sink")["sent"] == len(images), 15, "that one too, when a person says so")
