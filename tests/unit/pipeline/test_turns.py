"""Whose turn it is: which study a lane keeps to, which priority a turn begins at, which schedules are open."""

from datetime import UTC, date, datetime

import pytest

from dicomrules.pipeline.hours import Hours
from dicomrules.pipeline.turns import KEPT, Turns
from dicomrules.program.schedule import DAY, Schedule, Window

WEEK = frozenset(range(7))
NIGHTS = Schedule("nights", (Window(days=frozenset(range(5)), start=19 * 60, end=6 * 60),))
OVER = Schedule("over", (Window(days_of=frozenset({date(2026, 4, 3)})),))
LEAP = Schedule("leap", (Window(dates=frozenset({(2, 29)})),))


def hours(at: str, *schedules: Schedule, zone: str = "Europe/Madrid") -> Hours:
    now = datetime.fromisoformat(at).astimezone(UTC)
    return Hours({each.name: each for each in schedules}, zone, lambda: now)


def test_of_sixteen_turns_one_begins_at_low_and_three_at_medium() -> None:
    turns = Turns()
    first = [turns.choice(0).first for _ in range(16)]
    assert [first.count(priority) for priority in (0, 1, 2)] == [12, 3, 1]


def test_a_lane_keeps_to_a_study_for_so_many_batches_and_then_lets_others_go_first() -> None:
    turns = Turns()
    kept = []
    for _ in range(KEPT + 1):
        kept.append(turns.choice(1).mine)
        turns.took(1, 7)
    assert kept == [0, *[7] * (KEPT - 1), 0]
    assert turns.choice(1).mine == 7, "nobody else was waiting: it began anew"


def test_a_lane_knows_what_the_others_have_in_hand() -> None:
    turns = Turns()
    turns.took(0, 7)
    turns.took(1, 8)
    turns.took(2, 0)
    assert turns.choice(2).taken == {7, 8}
    assert turns.choice(0).taken == {8}


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        ("2026-11-27T18:59:00+01:00", False),  # a Friday
        ("2026-11-27T19:00:00+01:00", True),
        ("2026-11-28T05:59:00+01:00", True),  # over midnight, into Saturday
        ("2026-11-28T06:00:00+01:00", False),
        ("2026-11-28T20:00:00+01:00", False),  # a Saturday
        ("2026-10-23T17:30:00+00:00", True),  # 19:30 of a summer day in Madrid
        ("2026-11-27T17:30:00+00:00", False),  # 18:30 of a winter day there
    ],
)
def test_s28_hours_are_those_of_the_time_zone_over_midnight_and_in_summer(at: str, opened: bool) -> None:
    assert ("nights" in hours(at, NIGHTS).opened()) is opened


@pytest.mark.parametrize("at", ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"])
def test_s28_both_hours_of_the_end_of_summer_time_count(at: str) -> None:
    early = Schedule("early", (Window(days=WEEK, start=2 * 60, end=3 * 60),))
    assert "early" in hours(at, early).opened()


def test_the_next_opening_is_told_in_utc() -> None:
    assert hours("2026-11-27T12:00:00+01:00", NIGHTS).next_opening("nights") == datetime(2026, 11, 27, 18, tzinfo=UTC)
    assert hours("2026-11-28T07:00:00+01:00", NIGHTS).next_opening("nights") == datetime(2026, 11, 30, 18, tzinfo=UTC)
    assert hours("2026-11-28T07:00:00+01:00", LEAP).next_opening("leap") == datetime(2028, 2, 28, 23, tzinfo=UTC)


def test_a_schedule_that_never_opens_again_is_known() -> None:
    assert hours("2026-11-28T07:00:00+01:00", NIGHTS, OVER, LEAP).never() == ("over",)
    assert hours("2026-04-03T23:59:00+02:00", OVER).never() == ()


def test_a_schedule_that_the_rules_no_longer_have_is_open() -> None:
    known = hours("2026-11-27T12:00:00+01:00", NIGHTS)
    assert known.unknown(["weekends", "nights", ""]) == ("weekends",)
    assert known.opened() == ("", "weekends")


def test_a_window_of_a_whole_day_opens_at_midnight() -> None:
    saturday = Schedule("saturday", (Window(days=frozenset({5}), start=0, end=DAY),))
    assert hours("2026-11-27T12:00:00+01:00", saturday).next_opening("saturday") == datetime(
        2026, 11, 27, 23, tzinfo=UTC
    )
