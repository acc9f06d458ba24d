"""S-24, S-25, S-26, and the life of the processes: begin, end, die, come back; nothing acknowledged is lost."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.conftest import SITE
from tests.faults.processes import delivered, gone, intake_and_delivery, peer_at, store
from tests.faults.senders import Sender, image
from tests.faults.test_kill import check_delivered, children
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import associate_rq, c_store_rq, p_data, pdv
from tests.peers.running import dicomrules, listening, until
from tests.peers.sink import Behaviour, Sink


def test_the_ready_line_comes_when_it_accepts_and_not_before(gateway: Gateway, port: int) -> None:
    assert "ready: modalities on 127.0.0.1:" in gateway.output()
    with peer_at(port) as peer:
        assert peer.echo() == 0


def test_s24_sigterm_lets_messages_under_way_finish_and_answers_them(gateway: Gateway, sink: Sink, port: int) -> None:
    assert gateway.process is not None
    busy = [peer_at(port, f"CT_{number}") for number in range(8)]
    images = [image(f"PAT{number}", 1, 4000) for number in range(8)]
    for peer, (uid, data) in zip(busy, images, strict=True):
        peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 0, data[:1000])))
    gateway.process.terminate()
    until(lambda: not listening(port), 5, "that nobody is let in any more")
    for peer, (_, data) in zip(busy, images, strict=True):
        peer.send(p_data(pdv(1, 2, data[1000:])))
        assert peer.status() == 0
        peer.socket.close()
    assert gateway.process.wait(10) == 0
    gateway.start()
    until(lambda: delivered(sink) == {uid for uid, _ in images}, 10, "what was acknowledged while it ended")
    check_delivered(sink, {})


def test_s24_an_association_that_rests_does_not_hold_up_the_end(gateway: Gateway, port: int) -> None:
    with peer_at(port) as resting:
        store(resting, "PAT1", 1)
        started = time.monotonic()
        assert gateway.stop(10) == 0
        assert time.monotonic() - started < 4
        assert resting.abort_received() == (0, 0)


def test_s24_a_delivery_under_way_is_finished(tmp_path: Path, port: int) -> None:
    with Sink(Behaviour(delay=1.0)) as slow, Gateway(tmp_path / "g", SITE, port=port, sink=slow.port) as gateway:
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        until(lambda: any(seen.max_pdu for seen in slow.associations), 5, "the delivery under way")
        assert gateway.stop(10) == 0
        assert delivered(slow) == {uid}
        assert "sent" in gateway.ask("trace", uid)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_s25_it_ends_with_0_and_all_its_processes_with_it(gateway: Gateway, name: str) -> None:
    assert gateway.process is not None
    below = children(gateway.process.pid)
    gateway.process.send_signal(getattr(signal, name))
    assert gateway.process.wait(10) == 0
    assert gone(*below)
    assert "Traceback" not in gateway.output()


def test_s25_a_second_sigterm_ends_it_at_once_and_loses_nothing(tmp_path: Path, port: int) -> None:
    silent = Sink(Behaviour(answer="silent"))
    with silent, Gateway(tmp_path / "g", SITE, port=port, sink=silent.port) as gateway:
        assert gateway.process is not None
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        until(lambda: any(seen.max_pdu for seen in silent.associations), 5, "a delivery without an answer")
        gateway.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            gateway.process.wait(0.7)
        gateway.process.terminate()
        assert gateway.process.wait(3) == 0
        silent.behaviour = Behaviour()
        gateway.start()
        until(lambda: delivered(silent) == {uid}, 10, "the instance at the destination")


def test_s25_sighup_sigpipe_and_sigxfsz_end_nothing(gateway: Gateway, port: int) -> None:
    assert gateway.process is not None
    for pid in (gateway.process.pid, *children(gateway.process.pid)):
        for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            os.kill(pid, number)
    until(lambda: "are read again" in gateway.output(), 10, "what it says to SIGHUP")
    with peer_at(port) as peer:
        store(peer, "PAT1", 1)
    assert gateway.output().count("ready") == 1


def test_s26_a_second_gateway_on_the_same_state_is_refused(gateway: Gateway) -> None:
    second = dicomrules("serve", gateway.file, ok=False)
    assert second.returncode == 75
    assert "another gateway holds the state folder" in second.stderr
    assert gateway.running()


def test_the_children_of_a_killed_gateway_end_and_a_new_one_starts(gateway: Gateway, sink: Sink, port: int) -> None:
    assert gateway.process is not None
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    orphans = children(gateway.process.pid)
    gateway.process.kill()
    gateway.process.wait(5)
    until(lambda: gone(*orphans), 10, "the orphans to end by themselves")
    gateway.start()
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")


def test_r13_what_waited_when_it_ended_is_sent_when_it_runs_again_and_nothing_twice(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = Behaviour(connect="close")
    with peer_at(port) as peer:
        uids = {store(peer, "PAT1", number) for number in range(20)}
    assert gateway.stop() == 0
    assert not delivered(sink)
    sink.behaviour = Behaviour()
    gateway.start()
    until(lambda: gateway.deliveries("sink")["sent"] == 20, 15, "all of them sent")
    assert delivered(sink) == uids
    assert len(sink.acknowledged()) == 20
    gateway.stop()
    gateway.start()
    assert gateway.deliveries("sink")["sent"] == len(sink.acknowledged()) == 20


def test_children_that_were_started_again_end_with_a_killed_gateway_too(gateway: Gateway) -> None:
    """Each child is forked while the parent holds the other's pipe: were it inherited, both would wait for ever."""
    assert gateway.process is not None
    for place in (0, 1):
        os.kill(intake_and_delivery(gateway)[place], signal.SIGKILL)
        until(lambda: gateway.output().count("ready again") == place + 1, 10, "the child to be back")  # noqa: B023
    orphans = children(gateway.process.pid)
    gateway.process.kill()
    gateway.process.wait(5)
    until(lambda: gone(*orphans), 10, "the orphans to end by themselves")


@pytest.mark.parametrize("place", [0, 1], ids=["intake", "delivery"])
def test_a_child_that_is_killed_comes_back_and_nothing_is_lost(
    gateway: Gateway, sink: Sink, port: int, place: int
) -> None:
    sender = Sender(port, "PAT1")
    sender.start()
    until(lambda: len(sender.acknowledged) > 5, 10, "some images")
    os.kill(intake_and_delivery(gateway)[place], signal.SIGKILL)
    until(lambda: "ready again" in gateway.output(), 10, "the child to be back")
    before = len(sender.acknowledged)
    until(lambda: len(sender.acknowledged) > before + 5, 10, "more images")
    sender.stopping.set()
    sender.join(10)
    until(lambda: delivered(sink) >= set(sender.acknowledged), 10, "all of them at the destination")
    check_delivered(sink, sender.acknowledged)


def test_four_deaths_of_a_child_within_a_minute_end_the_gateway_with_70(gateway: Gateway) -> None:
    assert gateway.process is not None
    for death in range(4):
        os.kill(intake_and_delivery(gateway)[0], signal.SIGKILL)
        if death < 3:
            until(lambda: gateway.output().count("ready again") == death + 1, 10, "the child to be back")  # noqa: B023
    assert gateway.process.wait(10) == 70
    assert "the intake process died 4 times within a minute" in gateway.output()


def test_the_memory_of_an_idle_gateway(gateway: Gateway) -> None:
    """What the three processes take together, shared pages counted once (PSS)."""
    assert gateway.process is not None
    pids = (gateway.process.pid, *intake_and_delivery(gateway))
    kilobytes = [pss(pid) for pid in pids]
    print("PSS in MB of parent, intake, delivery:", [round(each / 1024, 1) for each in kilobytes])
    assert sum(kilobytes) < 120 * 1024


def pss(pid: int) -> int:
    """Proportional set size in KB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.split("\n") if line.startswith("Pss:")).split()[1])


def test_a_new_connection_during_the_end_is_refused_and_not_left_hanging(gateway: Gateway, port: int) -> None:
    assert gateway.process is not None
    with peer_at(port) as busy:
        uid, data = image("PAT1", 1, 2000)
        busy.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 0, data[:100])))
        gateway.process.terminate()
        until(lambda: not listening(port), 5, "that nobody is let in any more")
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5) as late:
            late.sendall(associate_rq())
        busy.send(p_data(pdv(1, 2, data[100:])))
        assert busy.status() == 0
