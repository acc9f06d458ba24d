"""A time of day that is set, forward or back, and the seconds that go on beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from dicomrules.pipeline.clock import BELIEVED, Clock

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class World:
    """A time of day that a test sets, and seconds that pass."""

    def __init__(self) -> None:
        self.today, self.seconds = NOW, 100.0
        self.clock = Clock(lambda: self.today, lambda: self.seconds)

    def passes(self, seconds: float, set_by: timedelta = timedelta()) -> timedelta:
        """So many seconds pass, the time of day is set, and somebody looks."""
        self.seconds += seconds
        self.today += timedelta(seconds=seconds) + set_by
        return self.clock.look()


def test_s23_time_that_passes_is_no_time_that_is_set() -> None:
    world = World()
    assert [world.passes(seconds) for seconds in (0.0, 1.0, 3600.0, 1e7)] == [timedelta()] * 4
    assert world.clock.for_ages() == world.today


@pytest.mark.parametrize("by", [timedelta(days=1), timedelta(days=-1), timedelta(seconds=-30), timedelta(days=4074)])
def test_s23_a_time_that_is_set_is_noticed_once(by: timedelta) -> None:
    world = World()
    assert world.passes(1.0, by) == by
    assert world.passes(1.0) == timedelta()


def test_s23_a_leap_second_is_nothing() -> None:
    assert World().passes(1.0, timedelta(seconds=-1)) == timedelta()


def test_s23_what_is_set_forward_makes_nothing_old_for_a_day() -> None:
    world = World()
    world.passes(10.0, timedelta(days=365))
    assert world.clock.for_ages() == NOW + timedelta(seconds=10)
    world.passes(BELIEVED - 1)
    assert world.clock.for_ages() == NOW + timedelta(seconds=9 + BELIEVED)
    world.passes(2.0)
    assert world.clock.for_ages() == world.today


def test_s23_what_is_set_back_counts_at_once_and_put_right_again_there_was_nothing() -> None:
    world = World()
    world.passes(10.0, -timedelta(days=365))
    assert world.clock.for_ages() == world.today
    world = World()
    world.passes(10.0, timedelta(days=365))
    world.passes(10.0, -timedelta(days=365))
    assert world.clock.for_ages() == world.today == NOW + timedelta(seconds=20)
