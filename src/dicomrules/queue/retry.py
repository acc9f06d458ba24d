"""When a destination is tried again.

A destination that could not take an instance is left alone for `first`, then for twice as long each time, up to
`up_to`, without end: nothing undelivered expires on a timer. Deliveries that failed together would come back
together, so each wait is shortened by up to a quarter, at random; it is never longer than the policy says. Nothing
here reads a clock or rolls dice.
"""

from datetime import datetime, timedelta

from dicomrules.model.destination import RetryPolicy

_SHORTENED_BY = 0.25


def next_attempt(policy: RetryPolicy, attempts: int, now: datetime, jitter: float) -> datetime:
    """When to try again after `attempts` (at least 1) tries have ended in "not now".

    `jitter` is a chance from 0 up to 1.
    """
    return now + wait(policy, attempts) * (1 - _SHORTENED_BY * jitter)


def wait(policy: RetryPolicy, attempts: int) -> timedelta:
    """The longest pause after so many attempts."""
    pause = policy.first
    for _ in range(attempts - 1):
        if pause >= policy.up_to or not pause:
            break
        pause *= 2
    return min(pause, policy.up_to)
