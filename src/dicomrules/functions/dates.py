"""Dates and ages (PS3.5 6.2: DA, AS)."""

import re
from datetime import date, timedelta

from dicomrules.functions.record import (
    DATE,
    NO_MATCH,
    OUT_OF_RANGE,
    Argument,
    Example,
    Function,
    Parameter,
    Result,
    exactly,
)
from dicomrules.program.moment import Age
from dicomrules.program.types import Type

FIELDS = {"YYYY": r"(?P<YYYY>[0-9]{4})", "MM": r"(?P<MM>[0-9]{2})", "DD": r"(?P<DD>[0-9]{2})"}
FIELD = re.compile("YYYY|YY|MM|DD")
INT = frozenset({Type.INT})
PER_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}


def parse_form_problem(form: str) -> str | None:
    """Why a text cannot say how a date is read, None when it can: YYYY, MM and DD, each once."""
    named = sorted(FIELD.findall(form))
    return None if named == ["DD", "MM", "YYYY"] else "a form to read dates by names YYYY, MM and DD, each once"


def parse_date(text: str, form: str) -> Result:
    """The date that a text is in a form of YYYY, MM and DD; every other character stands for itself."""
    if parse_form_problem(form) is not None:
        return NO_MATCH
    pattern = "".join(FIELDS.get(part, re.escape(part)) for part in re.split("(YYYY|MM|DD)", form))
    found = re.fullmatch(pattern, text.strip())
    if found is None:
        return NO_MATCH
    try:
        return date(int(found["YYYY"]), int(found["MM"]), int(found["DD"]))
    except ValueError:
        return NO_MATCH


def format_date(day: date, form: str) -> str:
    """A date as text: YYYY, YY, MM, DD are replaced, every other character stays."""
    written = {
        "YYYY": f"{day.year:04d}",
        "YY": f"{day.year % 100:02d}",
        "MM": f"{day.month:02d}",
        "DD": f"{day.day:02d}",
    }
    return FIELD.sub(lambda field: written[field[0]], form)


def plus_days(day: date, days: int) -> Result:
    """So many days later; earlier with a negative number."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return OUT_OF_RANGE


def days_between(first: date, second: date) -> int:
    """How many days the second is after the first."""
    return (second - first).days


def first_of_month(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def first_of_year(day: date) -> date:
    """The first day of its year."""
    return day.replace(month=1, day=1)


def age(birth: date, at: date) -> Result:
    """Completed days under 3 months, completed months under 2 years, else completed years; weeks are never made."""
    if at < birth:
        return OUT_OF_RANGE
    months = (at.year - birth.year) * 12 + at.month - birth.month - (at.day < birth.day)
    if months < 3:
        return Age((at - birth).days, "D")
    if months < 24:
        return Age(months, "M")
    return Age(months // 12, "Y") if months // 12 <= 999 else OUT_OF_RANGE


def age_group(exact: Age, years: int) -> Age:
    """The age, in years, with which the group begins that an age belongs to."""
    completed = exact.number // PER_YEAR[exact.unit]
    return Age(completed - completed % years, "Y")


def _written(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    """How long a date is in a form: as long as the form."""
    return len(constants[0]) if constants and isinstance(constants[0], str) else None


DAY = Parameter("date", DATE)

FAMILY = (
    Function("parse_date", (Parameter("text"), Parameter("form", constant=True)), Type.DATE,
             "The date that a text is; the form names YYYY, MM and DD.",
             Example(("31/12/2024", "DD/MM/YYYY"), date(2024, 12, 31)), parse_date, can_fail=True),
    Function("format_date", (DAY, Parameter("form", constant=True)), Type.TEXT,
             "A date as text; the form may name YYYY, YY, MM, DD.",
             Example((date(2024, 12, 31), "YYYY-MM"), "2024-12"), format_date, longest=_written),
    Function("plus_days", (DAY, Parameter("days", INT)), Type.DATE, "So many days later.",
             Example((date(2024, 12, 31), 1), date(2025, 1, 1)), plus_days, can_fail=True),
    Function("days_between", (DAY, Parameter("other", DATE)), Type.INT, "How many days the other date is later.",
             Example((date(2024, 1, 1), date(2024, 3, 1)), 60), days_between),
    Function("year", (DAY,), Type.INT, "The year.", Example((date(2024, 12, 31),), 2024), lambda day: day.year),
    Function("first_of_month", (DAY,), Type.DATE, "The first day of its month.",
             Example((date(2024, 12, 31),), date(2024, 12, 1)), first_of_month),
    Function("first_of_year", (DAY,), Type.DATE, "The first day of its year.",
             Example((date(2024, 12, 31),), date(2024, 1, 1)), first_of_year),
    Function("age", (Parameter("birth", DATE), Parameter("at", DATE)), Type.AGE,
             "The age at a date: days under 3 months, months under 2 years, else years.",
             Example((date(1990, 6, 15), date(2024, 6, 14)), Age(33, "Y")), age, can_fail=True, longest=exactly(4)),
    Function("age_group", (Parameter("age", frozenset({Type.AGE})), Parameter("years", INT, constant=True, high=100)),
             Type.AGE, "The age with which a group of so many years begins: 045Y for all from 45 to 49.",
             Example((Age(47, "Y"), 5), Age(45, "Y")), age_group, longest=exactly(4)),
)  # fmt: skip
