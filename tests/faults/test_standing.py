"""D-02, D-06 to D-10, D-12, D-15, D-20: destinations in trouble of every kind, and what a person sees."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.processes import delivered, peer_at, store
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Behaviour, Sink

THREE = Path(__file__).parent / "three"


@contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue of connections is full: the kernel drops every SYN (tcp(7), tcp_abort_on_overflow off)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = int(listener.getsockname()[1])
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


def test_d02_a_destination_that_drops_every_syn_slows_no_other(tmp_path: Path, port: int, sink: Sink) -> None:
    with deaf() as dead, Gateway(tmp_path / "g", THREE, port=port, alpha=sink.port, beta=dead) as gateway:
        with peer_at(port) as peer:
            uids = {store(peer, "PAT1", number) for number in range(20)}
        until(lambda: delivered(sink) == uids, 15, "all at the live one")
        assert gateway.deliveries("beta")["sent"] == 0
        until(lambda: standing(gateway, "beta") == "away", 20, "the dead one known as away")


def standing(gateway: Gateway, destination: str) -> str:
    """How a destination is shown."""
    status = json.loads(gateway.ask("status", "--format", "json"))
    return next((each["standing"] for each in status["destinations"] if each["name"] == destination), "")


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (Behaviour(reject=(1, 1, 7)), "it is not called SINK; correct `aet` of the destination"),
        (Behaviour(reject=(1, 1, 3)), "it does not know us as DICOMRULES"),
        (Behaviour(status=0x0124), "let the destination know our AE title DICOMRULES"),
    ],
)
def test_d09_a_wrong_title_pauses_the_destination_says_which_and_nothing_is_lost(
    gateway: Gateway, sink: Sink, port: int, behaviour: Behaviour, says: str
) -> None:
    sink.behaviour = behaviour
    with peer_at(port) as peer:
        uids = {store(peer, "PAT1", number) for number in range(10)}
    until(lambda: standing(gateway, "sink") == "paused", 15, "paused")
    shown = " ".join(gateway.ask("status").split())
    assert "sink: paused" in shown
    assert says in shown
    counts = gateway.deliveries("sink")
    assert counts["failed"] == 0
    assert counts["queued"] + counts["deferred"] + counts["sending"] == 10
    sink.behaviour = Behaviour()
    sink.cut()
    until(lambda: delivered(sink) == uids, 15, "all of them, once the other side is mended")
    until(lambda: standing(gateway, "sink") == "open", 5, "open again")


def test_d10_a_destination_that_takes_one_association_at_a_time_gets_everything_over_one(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = lambda number: Behaviour(reject=(2, 3, 2)) if number == 1 else Behaviour()
    with peer_at(port) as peer:
        uids = {store(peer, f"PAT{number}", number) for number in range(20)}
    until(lambda: delivered(sink) == uids, 15, "all of them")
    assert "asks for less" in gateway.output()
    until(lambda: standing(gateway, "sink") == "busy", 5, "fewer associations than before")


def test_d06_an_answer_to_another_message_is_told_of_as_a_breach_of_the_protocol(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = lambda number: Behaviour(answer="wrong message id") if number < 3 else Behaviour()
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: uid in delivered(sink), 15, "sent, when it was answered")
    assert "belongs to another Message ID" in gateway.output()


def test_d07_elements_that_were_thrown_away_are_told_of(gateway: Gateway, sink: Sink, port: int) -> None:
    sink.behaviour = Behaviour(status=0xB006)
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: gateway.deliveries("sink")["sent"] == 1, 10, "sent, with a warning")
    assert "elements discarded by the destination" in gateway.output()
    assert "0xB006" in gateway.ask("trace", uid)


def test_d08_what_was_refused_three_times_waits_for_a_person_and_others_go(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = Behaviour(status=0xC001)
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
        until(lambda: gateway.deliveries("sink")["failed"] == 1, 15, "failed")
        assert len(sink.stored) == 3
        sink.behaviour = Behaviour()
        sink.cut()
        other = store(peer, "PAT2", 2)
    until(lambda: delivered(sink) == {other}, 10, "another one")
    gateway.ask("resend", uid)
    until(lambda: delivered(sink) == {other, uid}, 10, "and the first, when a person says so")


def test_d12_a_destination_that_has_it_already_has_it_from_us_or_a_person_must_look(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    with peer_at(port) as peer:
        ours = store(peer, "PAT1", 1)
        until(lambda: gateway.deliveries("sink")["sent"] == 1, 10, "sent")
        sink.behaviour = Behaviour(status=0x0111)
        sink.cut()
        others = store(peer, "PAT2", 2)
    with peer_at(port, "CT_B2") as peer:
        assert peer.store(*image("PAT1", 1, 2000)) == 0  # the same bytes, from another peer
    until(lambda: gateway.deliveries("sink")["held"] == 1, 15, "the unknown one held")
    until(lambda: gateway.deliveries("sink")["sent"] == 2, 15, "the known one done")
    assert "from us: taken" in " ".join(gateway.ask("trace", ours).split())
    assert others in gateway.ask("held", "list", "--format", "json")


def test_d15_what_waits_for_a_destination_that_was_taken_out_of_the_file_stays_and_is_shown(
    tmp_path: Path, port: int, sink: Sink
) -> None:
    gateway = Gateway(tmp_path / "g", THREE, port=port, alpha=sink.port, beta=free_port())
    with gateway:
        with peer_at(port) as peer:
            store(peer, "PAT1", 1)
        until(lambda: gateway.deliveries("alpha")["sent"] == 1, 10, "one sent, one waiting")
    text = gateway.file.read_text()
    start, end = text.index("  beta:"), text.index("  gamma:")
    gateway.file.write_text(text[:start] + text[end:])
    rules = gateway.folder / "site.rules"
    rules.write_text(rules.read_text().replace("beta, ", "").replace("beta and ", ""))
    with gateway:
        assert "no longer has this destination" in gateway.output()
        assert "beta" in gateway.ask("status")
        counts = gateway.deliveries("beta")
        assert counts["queued"] + counts["deferred"] == 1
        assert len(list((gateway.folder / "var/spool/waiting").rglob("*.dcm"))) == 1


def test_d20_a_live_destination_is_served_at_once_beside_a_dead_one_that_is_left_alone(
    tmp_path: Path, port: int, sink: Sink
) -> None:
    with Gateway(tmp_path / "g", THREE, port=port, alpha=sink.port, beta=free_port()) as gateway:
        with peer_at(port) as peer:
            uids = {store(peer, f"PAT{number % 50}", number, 600) for number in range(300)}
        until(lambda: delivered(sink) == uids, 30, "all at the live one")
        counts = gateway.deliveries("beta")
        assert counts["queued"] >= 280, "of those that wait for the dead one, few were ever touched"
