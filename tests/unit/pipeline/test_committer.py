"""Group commit: whom it wakes, and when."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomrules.model.decision import Decision
from dicomrules.model.instance import Verdict
from dicomrules.pipeline.committer import Committer, Decided
from dicomrules.queue.reader import Reader
from tests.unit.pipeline.material import World, sends, verdict


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path)
    yield made
    made.ledger.close()


def known_when_woken(world: World, state: Path, decision: Decision | None) -> list[int]:
    """How many instances the ledger had at each knock while one with this decision was committed; None: it is sent."""
    arrived = world.arrive()
    knocks: list[int] = []

    async def commit() -> None:
        committer = Committer(world.spool, world.ledger, lambda: knocks.append(known(arrived.key.sop_instance)))
        await committer.commit(Decided(arrived, decision or sends(arrived, "pacs")))

    def known(uid: str) -> int:
        return len(Reader.open(state).trace(uid))

    asyncio.run(commit())
    return knocks


def test_delivery_is_told_of_an_instance_once_the_ledger_has_it(world: World, tmp_path: Path) -> None:
    assert known_when_woken(world, tmp_path, None) == [1]


@pytest.mark.parametrize("kind", [Verdict.HOLD, Verdict.QUARANTINE, Verdict.DROP])
def test_delivery_is_not_told_of_what_does_not_leave(world: World, tmp_path: Path, kind: Verdict) -> None:
    assert known_when_woken(world, tmp_path, verdict(kind)) == []
