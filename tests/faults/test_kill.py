"""S-06: kill -9 of any process of the gateway, again and again, under four senders.

The oracle: what was acknowledged is delivered or visibly held; nothing delivered is torn; the header of every
delivered object and the watermark in its pixels name the same patient; copies of one object are the same bytes.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from dicomrules.queue.reader import Reader
from dicomrules.queue.story import HeldInstance
from tests.faults.senders import Sender, patient_in_pixels
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

SITE = Path(__file__).parent / "site"


def children(pid: int) -> list[int]:
    """The gateway's processes below its parent."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_something(gateway: Gateway, chance: random.Random) -> None:
    """SIGKILL to one child, to the parent alone, or to all at once; then the gateway runs again."""
    assert gateway.process is not None
    victims = children(gateway.process.pid)
    what = chance.choice(["all", "all", "parent", "child"])
    if what == "child" and victims:
        os.kill(chance.choice(victims), signal.SIGKILL)
        time.sleep(0.3)
    elif what == "parent":
        gateway.process.kill()
        gateway.process.wait(10)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in victims), 40, "the orphans to end by themselves")
    else:
        gateway.kill()
    if not gateway.running():
        gateway.start()


def campaign(tmp_path: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with Sink(keep=True) as sink:
        gateway = Gateway(tmp_path / "gateway", SITE, port=(port := free_port()), sink=sink.port)
        gateway.start()
        senders = [Sender(port, f"PAT{number}") for number in range(4)]
        for sender in senders:
            sender.start()
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.8))
            kill_something(gateway, chance)
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join(30)
        acknowledged = {uid: data for sender in senders for uid, data in sender.acknowledged.items()}
        assert len(acknowledged) > kills, "the senders hardly got anything through: the campaign says nothing"

        until(lambda: drained(gateway), 600, "an empty queue")
        delivered = {stored.sop_instance for stored in sink.acknowledged()}
        reader = Reader.open(gateway.folder / "var")
        held = {each.key.sop_instance for each in pages(reader.held)}
        lost = set(acknowledged) - delivered - held
        reader.close()
        gateway.stop()
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged instances are neither delivered nor held"
        check_delivered(sink, acknowledged)
        print(f"{kills} kills, {len(acknowledged)} acknowledged, {len(sink.stored)} delivered")


def drained(gateway: Gateway) -> bool:
    """Is nothing on its way any more?"""
    count = gateway.deliveries("sink")
    time.sleep(0.5)
    return not count["queued"] + count["sending"] + count["deferred"]


def pages(page: Callable[[int], list[HeldInstance]]) -> Iterator[HeldInstance]:
    """All pages, one after the other."""
    after = 0
    while found := page(after):
        yield from found
        after = found[-1].instance_id


def check_delivered(sink: Sink, acknowledged: dict[str, bytes]) -> None:
    """Whole, of the right patient, rewritten as said, and each copy the same."""
    copies: dict[str, set[str]] = {}
    for stored in sink.acknowledged():
        copies.setdefault(stored.sop_instance, set()).add(stored.sha256)
        left = pydicom.dcmread(BytesIO(stored.data_set), force=True)
        patient, uid = patient_in_pixels(stored.data_set)
        assert left.PatientID == f"SITEA-{patient}"
        assert left.SOPInstanceUID == uid == stored.sop_instance
        if uid in acknowledged:
            assert left.PixelData == pydicom.dcmread(BytesIO(acknowledged[uid]), force=True).PixelData
    assert all(len(digests) == 1 for digests in copies.values()), "two copies of one instance differ"


def test_s06_ten_random_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, kills=10, seed=20261123)


@pytest.mark.slow
def test_s06_a_hundred_random_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, kills=100, seed=int(os.environ.get("SEED", "1")))
