"""S-16, S-20: associations that end in the middle, and answers that are lost."""

import struct
from pathlib import Path

from tests.faults.processes import delivered, injected, intake_and_delivery, peer_at, store
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import c_store_rq, p_data, pdv
from tests.peers.running import until
from tests.peers.sink import Sink

A_ABORT = struct.pack(">BxL4x", 7, 4)


def test_s16_an_instance_whose_answer_was_lost_is_sent_again_and_delivered_once(
    gateway: Gateway, sink: Sink, port: int, tmp_path: Path
) -> None:
    uid, data = image("PAT1", 1, 2000)
    intake = intake_and_delivery(gateway)[0]
    knock = injected(intake, "sendto", "signal=KILL", tmp_path / "calls", main_thread_only=True)
    with peer_at(port) as peer, knock:
        peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 2, data)))
        assert peer.receive() is None
    until(lambda: "ready again" in gateway.output(), 10, "intake to be back")
    with peer_at(port) as peer:
        assert peer.store(uid, data) == 0
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
    story = gateway.ask("trace", uid)
    assert "received 2 times" in story
    assert story.count("delivery to sink") == 1
    assert len(sink.stored) == 1


def test_s20_a_message_that_is_torn_anywhere_leaves_nothing_and_takes_nothing_with_it(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    uid, data = image("TORN", 1, 1200)
    message = p_data(pdv(1, 3, c_store_rq(uid))) + p_data(pdv(1, 0, data[:600])) + p_data(pdv(1, 2, data[600:]))
    kept = set()
    for number, offset in enumerate(range(1, len(message), 97)):
        with peer_at(port) as peer:
            kept.add(store(peer, "PAT1", number))
            peer.send(message[:offset])
            if number % 3 == 0:
                peer.send(A_ABORT)
            elif number % 3 == 1:
                peer.reset()
    assert len(kept) > 10
    until(lambda: delivered(sink) == kept, 10, "the messages before the torn ones, and nothing else")
    until(lambda: not list((gateway.folder / "var/spool/incoming").iterdir()), 10, "no file of a torn message")
    assert uid not in {stored.sop_instance for stored in sink.stored}
