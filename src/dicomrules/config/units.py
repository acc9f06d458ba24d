"""Durations and sizes as the gateway file writes them: `30s`, `5min`, `24h`, `7d`; `512MB`, `128KB`.

The schema has already seen that a value has the form; these functions only give its meaning. Sizes step by 1024.
"""

from datetime import timedelta

_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


def duration(text: str) -> timedelta:
    """The length of time that `text` names. ValueError: it is no whole number with a unit."""
    number, unit = _split(text)
    return timedelta(seconds=number * _SECONDS[unit])


def size(text: str) -> int:
    """The number of bytes that `text` names. ValueError: it is no whole number with a unit."""
    number, unit = _split(text)
    return number * _BYTES[unit]


def _split(text: str) -> tuple[int, str]:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(number), text[len(number) :]
