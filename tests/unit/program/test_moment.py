"""Dates, times, date-times and ages as DICOM writes them (PS3.5 6.2)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.program.moment import (
    Age,
    Moment,
    moment_of,
    moved,
    parse_age,
    parse_date,
    parse_datetime,
    parse_offset,
    parse_time,
    write_moment,
)


def test_a_date_is_eight_digits_that_name_a_day() -> None:
    assert parse_date("20240229") == date(2024, 2, 29)
    for text in ("20230229", "20080000", "2024", "2024.02.29", "202402290", "2024022a", "２０２４０２２９", ""):
        assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [("10", (10,)), ("1030", (10, 30)), ("103059", (10, 30, 59)), ("103060.5", (10, 30, 60, 500_000))],
)
def test_s27_a_time_keeps_its_precision(text: str, parts: tuple[int, ...]) -> None:
    assert parse_time(text) == Moment(parts)


@pytest.mark.parametrize("text", ["24", "1060", "103061", "1030.5", "103059.", "103059.1234567", "1", "10:30", ""])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text", ["2024", "202402", "20240229", "2024022910", "20240229103059.000001", "2024+0100", "20240229103059-1200"]
)
def test_a_date_time_is_written_as_it_was_read(text: str) -> None:
    moment = parse_datetime(text)
    assert moment is not None
    assert write_moment(moment, is_time=False) == text


@pytest.mark.parametrize("text", ["202413", "20230229", "20240229103059+1500", "2024+1", "202", "2024022925", "20240"])
def test_what_is_no_date_time_is_none(text: str) -> None:
    assert parse_datetime(text) is None


def test_an_offset_lies_between_minus_twelve_and_plus_fourteen_hours() -> None:
    assert parse_offset("+1400") == 840
    assert parse_offset("-1200") == -720
    assert parse_offset("+1401") is None
    assert parse_offset("+0060") is None


def test_an_age_is_three_digits_and_a_unit_and_ages_are_ordered_by_about_their_days() -> None:
    assert parse_age("018Y") == Age(18, "Y")
    assert parse_age("18Y") is None
    assert parse_age("018y") is None
    assert Age(79, "D").days < Age(3, "M").days < Age(1, "Y").days < Age(53, "W").days


def test_moving_to_another_offset_keeps_the_precision() -> None:
    assert moved(Moment((2024, 1, 1, 0), 60), 0) == Moment((2023, 12, 31, 23), 0)
    assert moved(Moment((2024, 1, 1), 60), 0) == Moment((2024, 1, 1), 60)
    assert moved(Moment((1, 1, 1, 0), 60), 0) == Moment((1, 1, 1, 0), 60)


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-720, 840))
def test_an_instant_survives_being_written_and_read(naive: datetime, minutes: int) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    moment = moment_of(instant)
    assert parse_datetime(write_moment(moment, is_time=False)) == moment
    utc = instant.astimezone(UTC)
    assert moved(moment, 0) == Moment((*utc.timetuple()[:6], utc.microsecond), 0)


@given(st.text("0123456789+-. ", max_size=30) | st.text(max_size=12))
def test_no_text_makes_a_parser_raise(text: str) -> None:
    for parse in (parse_date, parse_time, parse_datetime, parse_age, parse_offset):
        parse(text)
