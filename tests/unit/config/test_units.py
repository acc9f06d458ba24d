"""Durations and sizes."""

from datetime import timedelta

import pytest

from dicomrules.config.units import duration, size


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("250ms", 0.25), ("30s", 30), ("5min", 300), ("24h", 86400), ("7d", 604800)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "length"), [("1B", 1), ("128KB", 131072), ("512MB", 536870912), ("8GB", 8589934592), ("1TB", 1 << 40)]
)
def test_sizes_step_by_1024(text: str, length: int) -> None:
    assert size(text) == length
