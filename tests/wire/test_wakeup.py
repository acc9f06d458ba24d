"""The knock by which intake wakes delivery."""

import stat
import time
from pathlib import Path

import pytest

from dicomrules.queue.wakeup import Knocker, Wakeup


def test_a_knock_wakes_who_waits(tmp_path: Path) -> None:
    with Wakeup(tmp_path) as wakeup:
        Knocker(tmp_path).notify()
        assert wakeup.wait(5)
        assert not wakeup.wait(0.01)


def test_many_knocks_are_one(tmp_path: Path) -> None:
    with Wakeup(tmp_path) as wakeup:
        knocker = Knocker(tmp_path)
        for _ in range(5000):  # far more than the system keeps: none blocks, none fails
            knocker.notify()
        assert wakeup.wait(5)
        assert not wakeup.wait(0.01)
        knocker.notify()
        assert wakeup.wait(5)


def test_a_knock_where_nobody_waits_does_nothing(tmp_path: Path) -> None:
    Knocker(tmp_path).notify()
    assert list(tmp_path.iterdir()) == []


def test_who_waits_comes_later_than_who_knocks_or_takes_over_from_one_that_died(tmp_path: Path) -> None:
    knocker = Knocker(tmp_path)
    dead = Wakeup(tmp_path)
    dead._socket.close()
    with Wakeup(tmp_path) as wakeup:
        knocker.notify()
        assert wakeup.wait(5)
    assert list(tmp_path.iterdir()) == []


def test_only_we_may_knock(tmp_path: Path) -> None:
    with Wakeup(tmp_path):
        assert stat.S_IMODE((tmp_path / "wake").stat().st_mode) == 0o600


def test_a_wait_ends_when_its_time_is_over(tmp_path: Path) -> None:
    with Wakeup(tmp_path) as wakeup:
        began = time.monotonic()
        assert not wakeup.wait(0.05)
        assert 0.04 < time.monotonic() - began < 5


@pytest.mark.parametrize("depth", [1, 3])
def test_a_state_folder_with_a_long_path_works_as_any_other(tmp_path: Path, depth: int) -> None:
    state = tmp_path.joinpath(*["a-rather-long-name-" * 5] * depth)
    state.mkdir(parents=True)
    with Wakeup(state) as wakeup:
        Knocker(state).notify()
        assert wakeup.wait(5)
