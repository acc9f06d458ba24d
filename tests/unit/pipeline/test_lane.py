"""A lane claims, sends and records; the gate keeps everybody from knocking at a dead destination."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from dicomrules.model.delivery import Delivery, Kind, Outcome, State
from dicomrules.model.destination import RetryPolicy
from dicomrules.pipeline.gate import Gate
from dicomrules.pipeline.lane import Lane, Works
from dicomrules.pipeline.recorder import Recorder
from dicomrules.pipeline.screen import Screen
from dicomrules.queue.entry import Entry
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.reader import Reader
from tests.unit.pipeline.material import AWAY, BUSY, SENT, Takes, World, sends

POLICY = RetryPolicy(first=timedelta(milliseconds=100), up_to=timedelta(milliseconds=400))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path)
    yield made
    made.ledger.close()


def queue(world: World, count: int) -> None:
    for number in range(count):
        arrived = world.arrive(instance=number)
        world.ledger.record([Entry(arrived, sends(arrived, "pacs"), f"waiting/2026-11-23/{number:032x}.dcm")])


@contextmanager
def running(world: World, sender: Takes, policy: RetryPolicy = POLICY) -> Iterator[Lane]:
    stopping = threading.Event()
    recorder = Recorder(world.ledger, world.events.append)
    recorder.start()
    screen = Screen(world.ledger.sent_once, recorder.written)
    works = Works("pacs", policy, world.ledger, recorder, Gate(policy), world.events.append, stopping, screen)
    lane = Lane(works, sender)
    lane.start()
    yield lane
    stopping.set()
    lane.wake()
    assert lane.join(5)
    recorder.close(5)


def count(tmp_path: Path) -> dict[State, int]:
    statuses = Reader.open(tmp_path).status().destinations
    return {state: number for each in statuses for state, number in each.deliveries.items() if number}


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_everything_queued_is_sent_in_order_and_recorded(world: World, tmp_path: Path) -> None:
    queue(world, 5)
    sender = Takes(SENT)
    with running(world, sender):
        eventually(lambda: count(tmp_path) == {State.SENT: 5})
    assert [delivery.id for delivery in sender.given] == sorted(delivery.id for delivery in sender.given)
    assert sender.closed >= 1


def test_what_comes_later_is_sent_when_the_lane_is_woken(world: World, tmp_path: Path) -> None:
    with running(world, Takes(SENT)) as lane:
        queue(world, 1)
        lane.wake()
        eventually(lambda: count(tmp_path) == {State.SENT: 1})


def test_d04_an_instance_that_is_refused_for_now_goes_again_by_itself(world: World, tmp_path: Path) -> None:
    queue(world, 1)
    sender = Takes(BUSY, BUSY, SENT)
    with running(world, sender) as lane:
        eventually(lambda: (lane.wake() or True) and count(tmp_path) == {State.SENT: 1})
    assert len(sender.given) == 3


def test_d08_a_final_failure_is_shown_and_not_tried_again(world: World, tmp_path: Path) -> None:
    queue(world, 1)
    with running(world, Takes(Outcome(Kind.FAILED, "cannot understand", 0xC000))):
        eventually(lambda: count(tmp_path) == {State.FAILED: 1})
    assert [event.name for event in world.events] == ["delivery.failed"]


def test_s14_corrupt_bytes_are_held(world: World, tmp_path: Path) -> None:
    queue(world, 1)
    with running(world, Takes(Outcome(Kind.CORRUPT, "digest"))):
        eventually(lambda: count(tmp_path) == {State.HELD: 1})


def test_d01_a_dead_destination_is_asked_once_a_pause_and_not_once_an_instance(world: World, tmp_path: Path) -> None:
    queue(world, 200)
    sender = Takes(AWAY)
    slow = RetryPolicy(first=timedelta(seconds=30), up_to=timedelta(seconds=30))
    with running(world, sender, slow) as lane:
        eventually(lambda: count(tmp_path) == {State.DEFERRED: 1, State.QUEUED: 199})
        for _ in range(5):
            lane.wake()
            time.sleep(0.02)
    assert len(sender.given) == 1
    assert count(tmp_path) == {State.DEFERRED: 1, State.QUEUED: 199}


def test_a_sender_with_a_bug_defers_and_the_lane_lives(world: World, tmp_path: Path) -> None:
    class Raises(Takes):
        def send(self, deliveries):  # type: ignore[no-untyped-def]
            if not self.given:
                self.given.append(deliveries[0])
                raise ZeroDivisionError
            yield from super().send(deliveries)

    queue(world, 3)
    with running(world, Raises(SENT)) as lane:
        eventually(lambda: (lane.wake() or True) and count(tmp_path) == {State.SENT: 3})
    assert "lane.failed" in [event.name for event in world.events]


def test_s24_a_lane_that_is_told_to_stop_gives_back_what_it_has_not_begun(world: World, tmp_path: Path) -> None:
    begun = threading.Event()

    class Slow(Takes):
        def send(self, deliveries):  # type: ignore[no-untyped-def]
            for pair in super().send(deliveries):
                begun.set()
                time.sleep(0.05)
                yield pair

    queue(world, 10)
    sender = Slow(SENT)
    with running(world, sender):
        assert begun.wait(5)
    states = count(tmp_path)
    assert State.SENDING not in states
    assert states[State.SENT] == len(sender.given)
    assert states[State.SENT] + states[State.QUEUED] == 10


@pytest.mark.parametrize("call", ["record_outcomes", "give_back"])
def test_s10_what_a_full_disk_does_not_take_is_written_when_there_is_room_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    written, refusals = getattr(world.ledger, call), iter(range(3))

    def full(*arguments: object) -> object:
        if next(refusals, None) is not None:
            raise LedgerError("the ledger could not be read or written: database or disk is full")
        return written(*arguments)

    monkeypatch.setattr(f"{Recorder.__module__}._AGAIN", 0.01)
    monkeypatch.setattr(world.ledger, call, full)
    queue(world, 5)
    sender = Takes(SENT, AWAY, SENT)
    with running(world, sender):
        eventually(lambda: count(tmp_path) == {State.SENT: 5})
    assert next(refusals, None) is None
    assert len(sender.given) == 6


def test_s17_an_instance_that_meets_the_same_bug_each_time_is_given_up(world: World, tmp_path: Path) -> None:
    class Bug(Takes):
        def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
            for delivery in deliveries:
                if delivery.id == 2:
                    raise RecursionError
                yield from super().send([delivery])

    queue(world, 4)
    with running(world, Bug(SENT)):
        eventually(lambda: count(tmp_path) == {State.SENT: 3, State.FAILED: 1})
