"""The gate of a destination: closed after a failure, probed by one lane, narrower under congestion. No clock runs."""

from datetime import timedelta

import pytest

from dicomrules.model.delivery import Kind, Outcome, Standing, Trouble
from dicomrules.model.destination import RetryPolicy
from dicomrules.pipeline.gate import CALM, Gate, Pass
from tests.unit.pipeline.material import AWAY, BUSY, SENT

REJECTED = Outcome(Kind.DEFERRED, "rejected: local limit exceeded", trouble=Trouble.CONGESTED)
UNKNOWN = Outcome(Kind.DEFERRED, "it does not know us as DICOMRULES", trouble=Trouble.MISCONFIGURED)
DISK = Outcome(Kind.DEFERRED, "our own disk")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(RetryPolicy(), lanes=4, clock=clock)


def wait(gate: Gate, clock: Clock) -> float:
    """Let the pause pass; how long it was."""
    pause = gate.closed_for()
    clock.now += pause
    return pause


def test_d01_six_hours_away_cost_one_attempt_a_pause_of_half_a_minute_doubling_to_a_quarter_of_an_hour(
    gate: Gate, clock: Clock
) -> None:
    pauses, until = [], clock.now + 6 * 3600
    while clock.now < until:
        assert [gate.enter(lane) for lane in range(4)].count(Pass.WAIT) == (3 if pauses else 0)
        gate.heard(AWAY)
        assert all(gate.enter(lane) is Pass.WAIT for lane in range(4))
        pauses.append(wait(gate, clock))
    longest = [30, 60, 120, 240, 480, *[900] * 100]
    assert all(0.75 * most <= pause <= most for pause, most in zip(pauses, longest, strict=False))
    assert len(pauses) < 40
    gate.enter(2)
    assert gate.heard(SENT) is not None
    assert [gate.enter(lane) for lane in range(4)] == [Pass.GO] * 4


def test_d01_what_other_lanes_find_out_at_the_same_time_is_one_failure(gate: Gate, clock: Clock) -> None:
    told = [gate.heard(AWAY) for _ in range(4)]
    assert [news is not None for news in told] == [True, False, False, False]
    assert gate.closed_for() <= 30


def test_a_probe_is_made_by_one_lane_alone_until_it_has_told_something(gate: Gate, clock: Clock) -> None:
    gate.heard(AWAY)
    wait(gate, clock)
    assert [gate.enter(lane) for lane in (1, 0, 1)] == [Pass.PROBE, Pass.WAIT, Pass.PROBE]
    gate.leave(0)
    assert gate.enter(0) is Pass.WAIT
    gate.leave(1)
    assert gate.enter(0) is Pass.PROBE
    gate.heard(DISK)  # says nothing about the destination
    gate.leave(0)
    assert gate.enter(3) is Pass.PROBE


@pytest.mark.parametrize("status", [0x0110, 0xA700, 0xC000])
def test_a_destination_that_refuses_an_instance_is_there(gate: Gate, clock: Clock, status: int) -> None:
    gate.heard(AWAY)
    wait(gate, clock)
    gate.enter(0)
    trouble = Trouble.CONGESTED if status == 0xA700 else Trouble.NONE
    gate.heard(Outcome(Kind.DEFERRED, "no", status, trouble=trouble))
    assert gate.enter(1) is Pass.GO


def test_d09_a_title_that_is_not_known_pauses_the_destination_after_three_times_and_says_which(
    gate: Gate, clock: Clock
) -> None:
    standings = []
    for _ in range(3):
        news = gate.heard(UNKNOWN)
        assert news is not None
        assert news.words == UNKNOWN.message
        standings.append(news.standing)
        wait(gate, clock)
    assert standings == [Standing.AWAY, Standing.AWAY, Standing.PAUSED]
    gate.enter(0)
    gate.heard(UNKNOWN)
    assert 0.75 * 900 <= gate.closed_for() <= 900.001
    wait(gate, clock)
    gate.enter(0)
    news = gate.heard(SENT)
    assert news is not None
    assert news.standing is Standing.OPEN


def test_d10_congestion_halves_the_associations_and_calm_brings_them_back_one_by_one(gate: Gate, clock: Clock) -> None:
    news = gate.heard(BUSY)
    assert news is not None
    assert news.standing is Standing.BUSY
    gate.heard(BUSY)  # at the same moment, by another lane: one complaint
    assert gate.allowed == 2
    assert [gate.enter(lane) for lane in range(4)] == [Pass.GO, Pass.GO, Pass.WAIT, Pass.WAIT]
    clock.now += 2
    gate.heard(BUSY)
    gate.heard(BUSY)
    assert gate.allowed == 1
    assert gate.closed_for() == 0, "it answers: what is smaller may be taken"
    for expected in (2, 3, 4):
        gate.heard(SENT)
        clock.now += CALM
        gate.heard(SENT)
        assert gate.allowed == expected
    assert gate.standing is Standing.OPEN


def test_d10_when_one_association_is_too_many_the_gate_closes_and_the_pause_doubles(clock: Clock) -> None:
    gate = Gate(RetryPolicy(), lanes=1, clock=clock)
    pauses = []
    for _ in range(3):
        gate.heard(REJECTED)
        pauses.append(wait(gate, clock))
    assert all(0.75 * most <= pause <= most for pause, most in zip(pauses, (30, 60, 120), strict=True))


def test_a_destination_that_says_for_how_long_is_left_alone_for_so_long(gate: Gate, clock: Clock) -> None:
    gate.heard(Outcome(Kind.DEFERRED, "429", trouble=Trouble.CONGESTED, retry_after=timedelta(seconds=77)))
    assert gate.closed_for() == 77
