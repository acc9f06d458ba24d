"""Durations and sizes as the gateway file writes them: `30s`, `5min`, `24h`, `7d`; `512MB`, `128KB`.

The schema has already seen that a value has the form; these functions only give its meaning. Sizes step by 1024.
"""

from datetime import timedelta

# For ever: a date so long ago can still be reckoned with, which the year 0 cannot.
_LONGEST = timedelta(days=36_525)

_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


def duration(text: str) -> timedelta:
    """The length of time that `text` names, a hundred years at most. ValueError: it is no whole number with a unit."""
    number, unit = _split(text)
    return timedelta(seconds=min(number * _SECONDS[unit], _LONGEST.total_seconds()))


def size(text: str) -> int:
    """The number of bytes that `text` names. ValueError: it is no whole number with a unit."""
    number, unit = _split(text)
    return number * _BYTES[unit]


def _split(text: str) -> tuple[int, str]:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if not number.isdecimal():
        raise ValueError(f"{text} does not begin with a whole number")
    return int(number), text[len(number) :]
