"""S-28, S-29: memory that runs out and a disk that takes its time: less gets through, and nothing is lost."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.processes import delivered, injected, intake_and_delivery, peer_at, store
from tests.faults.senders import Sender, image
from tests.faults.test_kill import check_delivered
from tests.faults.test_lifecycle import pss
from tests.peers.gateway import Gateway
from tests.peers.running import listening, until
from tests.peers.sink import Sink

MEGABYTE = 1 << 20


@contextmanager
def short_of_memory(pid: int, more: int) -> Iterator[None]:
    """A process may map so many bytes more than it has mapped, and not one beyond that."""
    mapped = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.prlimit(pid, resource.RLIMIT_AS, (mapped + more, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it may have died of it
            resource.prlimit(pid, resource.RLIMIT_AS, before)


def test_s28_without_memory_an_object_is_refused_or_the_process_comes_back_and_nothing_acknowledged_is_lost(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    acknowledged: dict[str, bytes] = {}
    refused = []

    def send(part: int) -> None:
        for number in range(3):
            uid, data = image(f"PAT{part}", number, 3 * MEGABYTE)
            try:
                with peer_at(port, f"CT_{part}") as peer:
                    answer = peer.store(uid, data)
            except (AssertionError, OSError) as error:  # the association ended, or never began
                refused.append(type(error).__name__)
                continue
            if answer == 0:
                acknowledged[uid] = data
            else:
                refused.append(f"{answer:04X}")

    with short_of_memory(intake_and_delivery(gateway)[0], 4 * MEGABYTE):
        senders = [threading.Thread(target=send, args=(part,)) for part in range(12)]
        for each in senders:
            each.start()
        for each in senders:
            each.join(60)
    assert refused, "there was memory enough: the case says nothing"
    until(lambda: gateway.running() and listening(port), 10, "somebody to listen")
    with peer_at(port) as peer:
        uid = store(peer, "PAT99", 1)
    until(lambda: delivered(sink) >= {uid, *acknowledged}, 20, "all that was acknowledged")
    check_delivered(sink, acknowledged)


def test_s29_a_slow_disk_slows_the_senders_and_neither_memory_nor_copies_grow(
    gateway: Gateway, sink: Sink, port: int, tmp_path: Path
) -> None:
    intake, _ = intake_and_delivery(gateway)
    senders = [Sender(port, f"PAT{number}", size=100_000) for number in range(8)]
    before = pss(intake)
    with injected(intake, "fdatasync", "delay_enter=200000", tmp_path / "calls", when=""):
        for sender in senders:
            sender.start()
        until(lambda: all(len(sender.acknowledged) >= 5 for sender in senders), 40, "some images of each")
        after = pss(intake)
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join(20)
    acknowledged = {uid: data for sender in senders for uid, data in sender.acknowledged.items()}
    sent = {uid for sender in senders for uid in sender.sent}
    assert len(sent) - len(acknowledged) <= len(senders), "each waits for its answer before it sends the next"
    assert sum(sender.refused for sender in senders) == 0
    assert after - before < 30 * 1024
    until(lambda: delivered(sink) >= set(acknowledged), 20, "all of them")
    check_delivered(sink, acknowledged)
    assert len(sink.stored) <= len(sent), "nobody sent anything twice because it took so long"
