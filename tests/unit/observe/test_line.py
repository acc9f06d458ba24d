"""An event is one line, whatever its fields hold."""

import json
from datetime import UTC, datetime

import pytest

from dicomrules.model.event import Event, Level
from dicomrules.observe.line import MAX_LINE, as_json, coloured, text

AT = datetime(2026, 11, 23, 6, 52, 52, 123456, UTC)
REJECTED = Event(
    "association.rejected",
    Level.WARNING,
    "association rejected",
    {"calling_aet": "CT A1", "address": "10.20.3.4", "n": 3},
)


def with_field(value: str) -> Event:
    return Event("x.y", Level.INFO, "x", {"v": value})


def test_a_line_has_time_level_name_text_and_fields() -> None:
    shown = text(REJECTED, AT)
    assert shown.startswith("2026-11-23T06:52:52.123Z warning association.rejected: association rejected  ")
    assert shown.endswith('  calling_aet="CT A1"  address=10.20.3.4  n=3')


def test_a_terminal_gets_the_level_in_colour() -> None:
    assert "\x1b[33mwarning\x1b[0m association.rejected: association rejected  calling_aet" in coloured(REJECTED, AT)


def test_json_keeps_the_name_of_the_event() -> None:
    assert json.loads(as_json(REJECTED, AT)) == {
        "time": "2026-11-23T06:52:52.123Z",
        "level": "warning",
        "event": "association.rejected",
        "text": "association rejected",
        "fields": {"calling_aet": "CT A1", "address": "10.20.3.4", "n": 3},
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\r\nforged", "v=a\\r\\nforged"),
        ("\x1b[2J\x1b]0;t\x07", "v=\\x1b[2J\\x1b]0;t\\x07"),
        ("a\u2028b\u202ec\x85", "v=a\\u2028b\\u202ec\\x85"),
        ("\udcff.dcm", "v=\\udcff.dcm"),
        ("Zürich", "v=Zürich"),
        ("", 'v=""'),
        ('a" b="c', 'v="a\\" b=\\"c"'),
    ],
)
def test_l02_what_does_not_print_is_escaped(value: str, shown: str) -> None:
    assert text(with_field(value), AT).endswith(shown)
    assert as_json(with_field(value), AT).isprintable()


def test_l02_long_values_and_long_lines_are_cut() -> None:
    megabyte = "x" * 1024 * 1024
    assert len(text(with_field(megabyte), AT)) < 400
    assert len(as_json(with_field(megabyte), AT)) < 500
    many = Event("x.y", Level.INFO, "x", {f"f{number}": megabyte for number in range(1000)})
    assert len(text(many, AT)) == MAX_LINE
    assert len(as_json(many, AT)) < 20_000
