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


def test_for_ever_is_a_hundred_years_so_that_now_less_it_is_a_date() -> None:
    assert duration("999999d") == duration("36525d")
    assert duration("99999999999999d") == duration("36525d")


@pytest.mark.parametrize("text", ["-5min", "d", "5.5h", ""])
def test_what_begins_with_no_whole_number_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        duration(text)
