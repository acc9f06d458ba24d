"""A whole gateway under eight senders: its processes are killed, or its power is cut, again and again, and its rules
are changed meanwhile.
"""

import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dicomrules.queue.reader import Reader
from dicomrules.queue.story import HeldInstance
from tests.faults.crashes.disk import Disk
from tests.faults.senders import Sender
from tests.oracle.history import History, Verdict
from tests.oracle.rewrite import rewritten, site_a, site_b
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

SITE = Path(__file__).parents[1] / "site"
SENDERS = 8
_CUT_OFF = re.compile(r"attempts that were cut off are made again\s+deliveries=(\d+)")


@dataclass(frozen=True)
class Campaign:
    """`number` crashes; `disk` is a kind of disk whose power is cut, empty: processes are killed."""

    number: int
    seed: int
    disk: str = ""
    reloads: bool = False


def run(folder: Path, campaign: Campaign, tell: Callable[[int, int], None] = lambda done, there: None) -> Verdict:
    """The campaign, and what came of it. `tell` hears how many crashes there were, and how much is acknowledged.

    Raises NoDisk.
    """
    chance = random.Random(campaign.seed)
    with Sink(keep=True) as sink:
        gateway = Gateway(folder / "gateway", SITE, port=(port := free_port()), sink=sink.port)
        disk = Disk(campaign.disk, gateway.folder, "var") if campaign.disk else None
        senders = [Sender(port, f"PAT{number}") for number in range(SENDERS)]
        try:
            if disk:
                disk.make()
                gateway.file.write_text(gateway.file.read_text().replace("free_space: 100MB", "free_space: 1MB"))
            gateway.start()
            for sender in senders:
                sender.start()
            for done in range(campaign.number):
                time.sleep(chance.uniform(0.05, 0.8))
                if campaign.reloads and chance.random() < 0.3:
                    change_rules(gateway)
                    time.sleep(chance.uniform(0.0, 0.3))
                if disk:
                    cut_power(gateway, disk)
                else:
                    kill_something(gateway, chance)
                tell(done + 1, sum(len(sender.acknowledged) for sender in senders))
            return _end(gateway, senders, sink)
        finally:
            for sender in senders:
                sender.stopping.set()
            if gateway.running():
                gateway.kill()
            if disk:
                disk.remove()


def _end(gateway: Gateway, senders: list[Sender], sink: Sink) -> Verdict:
    """The senders stop, everything is delivered, the oracle looks."""
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(30)
    until(lambda: drained(gateway), 600, "an empty queue")
    sent = {uid: data for sender in senders for uid, data in sender.sent.items()}
    history = History(sent.get, lambda received: [rewritten(received, change) for change in (site_a, site_b)])
    history.acknowledged = {uid for sender in senders for uid in sender.acknowledged}
    reader = Reader.open(gateway.folder / "var")
    history.held = {each.key.sop_instance for each in pages(reader.held)}
    reader.close()
    history.in_flight = sum(int(found) for found in _CUT_OFF.findall(gateway.output()))
    gateway.stop()
    return history.judge(sink.stored)


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


def cut_power(gateway: Gateway, disk: Disk) -> None:
    """Everything stands still, then there is no power; then everything is there again."""
    assert gateway.process is not None
    processes = [gateway.process.pid, *children(gateway.process.pid)]
    os.killpg(gateway.process.pid, signal.SIGSTOP)
    until(lambda: all(map(stands_still, processes)), 10, "the processes to stand still")
    disk.cut()
    gateway.kill()
    disk.power_on()
    gateway.start()


def stands_still(pid: int) -> bool:
    """No thread of it runs: each is stopped, or in a call from which it will not return before it is stopped."""
    states = [
        task.joinpath("stat").read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").iterdir()
    ]
    return set(states) <= {"T", "D", "Z"}


def change_rules(gateway: Gateway) -> None:
    """Other rules from now on: the issuer is another one."""
    assert gateway.process is not None
    rules = gateway.folder / "site.rules"
    text = rules.read_text()
    old, new = ('"SITE_A"', '"SITE_B"') if '"SITE_A"' in text else ('"SITE_B"', '"SITE_A"')
    written = gateway.folder / "site.rules.new"
    written.write_text(text.replace(old, new))
    written.rename(rules)
    gateway.process.send_signal(signal.SIGHUP)


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
