"""When a destination is tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dicomrules.model.destination import RetryPolicy
from dicomrules.queue.retry import next_attempt

NOW = datetime(2026, 11, 23, tzinfo=UTC)
POLICY = RetryPolicy()


def test_d01_the_wait_doubles_from_half_a_minute_to_a_quarter_of_an_hour() -> None:
    waits = [(next_attempt(POLICY, n, NOW, 0) - NOW).total_seconds() for n in range(1, 9)]
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_d10_a_month_of_attempts_is_no_longer_wait_and_no_overflow() -> None:
    assert next_attempt(POLICY, 10_000_000, NOW, 0) - NOW == timedelta(minutes=15)


@given(
    first=st.timedeltas(timedelta(0), timedelta(days=2)),
    up_to=st.timedeltas(timedelta(0), timedelta(days=2)),
    attempts=st.integers(1, 1000),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_never_negative_nor_longer_than_the_policy_says(
    first: timedelta, up_to: timedelta, attempts: int, jitter: float
) -> None:
    policy = RetryPolicy(first, up_to)
    longest = next_attempt(policy, attempts, NOW, 0) - NOW
    wait = next_attempt(policy, attempts, NOW, jitter) - NOW
    assert timedelta(0) <= wait <= longest <= up_to
    assert wait >= longest * 0.75 - timedelta(microseconds=1)
