"""What is tidied, and what is never touched."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.model.delivery import Delivery
from dicomrules.pipeline.committer import Committer, Decided
from dicomrules.pipeline.sweep import Retention, Sweep
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.lanes import Ended
from dicomrules.queue.reader import Reader
from tests.unit.pipeline.material import AWAY, SENT, World, sends

NOW = datetime.now(UTC)
WEEK = Retention(bytes=timedelta(days=7), history=timedelta(days=90))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path)
    yield made
    made.ledger.close()


def committed(world: World, instance: int = 1) -> Delivery:
    """An instance that waits, and its claimed delivery."""
    arrived = world.arrive(instance=instance)
    asyncio.run(Committer(world.spool, world.ledger).commit(Decided(arrived, sends(arrived, "pacs"))))
    (delivery,) = world.ledger.claim("pacs", 1, NOW + timedelta(days=1))
    return delivery


def test_a_delivered_instance_moves_to_done_and_its_bytes_go_when_retention_has_passed(
    world: World, tmp_path: Path
) -> None:
    delivery = committed(world)
    world.ledger.record_outcomes([Ended(delivery, SENT)], NOW)
    sweep = Sweep(world.spool, world.ledger, WEEK)
    assert sweep.step(NOW)
    assert len(world.files("done")) == 1
    sweep.step(NOW + timedelta(days=6))
    assert len(world.files("done")) == 1
    sweep.step(NOW + timedelta(days=8))
    assert world.files("") == []
    (story,) = Reader.open(tmp_path).trace(delivery.sop_instance)
    assert story.state is InstanceState.GONE


def test_what_is_not_delivered_stays_however_long_it_takes(world: World) -> None:
    delivery = committed(world)
    world.ledger.record_outcomes([Ended(delivery, AWAY, NOW)], NOW)
    sweep = Sweep(world.spool, world.ledger, WEEK)
    sweep.step(NOW + timedelta(days=4000))
    assert len(world.files("waiting")) == 1


def test_history_is_forgotten_after_its_time(world: World, tmp_path: Path) -> None:
    delivery = committed(world)
    world.ledger.record_outcomes([Ended(delivery, SENT)], NOW)
    sweep = Sweep(world.spool, world.ledger, WEEK)
    for day in (0, 8, 200, 400):
        sweep.step(NOW + timedelta(days=day))
    assert Reader.open(tmp_path).trace(delivery.sop_instance) == []


def test_a_file_that_a_person_took_away_stops_nothing(world: World, tmp_path: Path) -> None:
    first, second = committed(world, 1), committed(world, 2)
    world.ledger.record_outcomes([Ended(first, SENT), Ended(second, SENT)], NOW)
    world.files("waiting")[0].unlink()
    Sweep(world.spool, world.ledger, WEEK).step(NOW)
    assert len(world.files("done")) == 1


def test_the_log_is_emptied_when_there_has_been_no_work_for_a_while(world: World) -> None:
    delivery = committed(world)
    world.ledger.record_outcomes([Ended(delivery, SENT)], NOW)
    sweep = Sweep(world.spool, world.ledger, WEEK)
    for _ in range(10):
        sweep.step(NOW)
    assert world.ledger.log.length() == 0
