"""The log writes what matters enough."""

import io
import json

import pytest

from dicomrules.model.event import Event, Level
from dicomrules.observe.log import log_to


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def events(level: Level = Level.INFO) -> Event:
    return Event("x.happened", level, "it happened", {"path": "ü\n"})


def test_events_below_the_least_level_are_left_out() -> None:
    stream = io.StringIO()
    log = log_to(stream, least=Level.WARNING)
    for level in Level:
        log(events(level))
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["warning", "error"]


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    log = log_to(stream, as_json=True)
    log(events())
    log(events())
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["x.happened"] * 2


def test_colour_only_on_a_terminal() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        log_to(stream)(events(Level.ERROR))
    assert "\x1b" in terminal.getvalue()
    assert "\x1b" not in file.getvalue()


def test_no_colour_where_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    log_to(terminal := Terminal())(events(Level.ERROR))
    assert "\x1b" not in terminal.getvalue()


def test_a_stream_that_takes_ascii_only_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    log_to(stream)(events())
    assert raw.getvalue().endswith(b"it happened  path=\\xfc\\n\n")
