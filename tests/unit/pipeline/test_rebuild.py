"""Files of the spool that have no row."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.model.instance import Envelope
from dicomrules.pipeline.committer import Committer, Decided, record_of
from dicomrules.pipeline.held import Means
from dicomrules.pipeline.rebuild import Rebuild
from dicomrules.pipeline.sweep import Retention, Sweep
from dicomrules.queue.lanes import Ended
from dicomrules.queue.reader import Reader
from tests.unit.pipeline.material import FINGERPRINT, SENT, Says, World, sends

AT_ONCE = Retention(bytes=timedelta(0), history=timedelta(days=90))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path)
    yield made
    made.ledger.close()


def left_without_a_row(world: World) -> Envelope:
    """An instance whose file has its final name, and whose row the disk did not take: it is not acknowledged."""
    arrived = world.arrive()
    world.spool.seal(arrived.spool_ref, record_of(Decided(arrived, sends(arrived, "pacs"))))
    world.spool.commit([arrived.spool_ref], [False], arrived.received_at.date())
    return arrived


def delivered_and_swept(world: World, arrived: Envelope) -> None:
    asyncio.run(Committer(world.spool, world.ledger).commit(Decided(arrived, sends(arrived, "pacs"))))
    later = datetime.now(UTC) + timedelta(seconds=1)
    claimed = world.ledger.claim("pacs", 64, later)
    world.ledger.record_outcomes([Ended(one, SENT) for one in claimed], later)
    for day in (1, 2):
        Sweep(world.spool, world.ledger, AT_ONCE).step(later + timedelta(days=day))


def look(world: World) -> int:
    """As the next start does; how many deliveries wait then."""
    now = datetime.now(UTC) + timedelta(days=3)
    means = Means(world.spool, world.ledger, world.hears, lambda: None)
    rebuild = Rebuild(Says(None), FINGERPRINT, means, now, lost=False)
    while not rebuild.over:
        rebuild.step(now)
    return len(world.ledger.claim("pacs", 64, now))


def test_s18_a_file_without_a_row_is_superfluous_when_its_sender_repeated_it_and_that_was_delivered_and_swept(
    world: World,
) -> None:
    left_without_a_row(world)
    delivered_and_swept(world, world.arrive())
    assert len(world.files("waiting")) == 1
    assert look(world) == 0
    assert world.files("") == []


def test_s18_a_file_without_a_row_is_sent_when_its_like_came_before_it(world: World) -> None:
    delivered_and_swept(world, world.arrive())
    left_without_a_row(world)
    assert look(world) == 1


@pytest.mark.parametrize("held", [False, True])
def test_what_waits_or_is_held_is_found_by_its_accession_number_after_the_ledger_was_lost(
    world: World, held: bool
) -> None:
    arrived = world.arrive()
    assert arrived.accession
    world.spool.seal(arrived.spool_ref, record_of(Decided(arrived, sends(arrived, "pacs"))))
    world.spool.commit([arrived.spool_ref], [held], arrived.received_at.date())
    look(world)
    found = Reader.open(Path(world.spool._root).parent).find(arrived.accession)
    assert [each.key for each in found] == [arrived.key]
