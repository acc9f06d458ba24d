"""All lanes together: resumed at the start, ended in time."""

import threading
import time
from pathlib import Path

from dicomrules.model.destination import DicomDestination
from dicomrules.pipeline.deliver import Delivery, Target
from dicomrules.queue.entry import Entry
from tests.unit.pipeline.material import SENT, Takes, World, sends


def destination(name: str) -> DicomDestination:
    return DicomDestination(name, name.upper(), "127.0.0.1", 104, "DICOMRULES")


class Stuck(Takes):
    """Begins an attempt and never ends it."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__(SENT)
        self.begun = threading.Event()
        self._release = release

    def send(self, deliveries):  # type: ignore[no-untyped-def]
        self.begun.set()
        self._release.wait(10)
        yield from super().send(deliveries)


def recorded(world: World, *names: str) -> None:
    """An instance in the ledger that these destinations want."""
    arrived = world.arrive()
    world.ledger.record([Entry(arrived, sends(arrived, *names), "waiting/2026-03-02/" + "0" * 32 + ".dcm")])


def test_s24_several_destinations_that_do_not_answer_are_waited_for_together(tmp_path: Path) -> None:
    world, release = World.at(tmp_path), threading.Event()
    recorded(world, "one", "two", "three")
    stuck = {name: Stuck(release) for name in ("one", "two", "three")}
    delivery = Delivery(
        [Target(destination(name), lambda sender=sender: sender) for name, sender in stuck.items()],
        world.ledger,
        world.events.append,
    )
    delivery.start()
    assert all(sender.begun.wait(5) for sender in stuck.values())
    started = time.monotonic()
    assert not delivery.drain(2.0)
    assert time.monotonic() - started < 4.0, "one after the other would take six seconds"
    release.set()


def test_a_destination_that_left_the_gateway_file_is_told_of_and_keeps_its_queue(tmp_path: Path) -> None:
    world = World.at(tmp_path)
    recorded(world, "gone", "pacs")
    sender = Takes(SENT)
    delivery = Delivery([Target(destination("pacs"), lambda: sender)], world.ledger, world.hears)
    delivery.start()
    assert delivery.drain(5.0)
    assert [event.name for event in world.events] == ["destination.unknown"]
    assert world.events[0].fields == {"destination": "gone"}
    assert world.ledger.next_due("gone") is not None
    assert all(given.destination == "pacs" for given in sender.given)
