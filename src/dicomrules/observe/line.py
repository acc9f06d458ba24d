"""One event as one line: for a person at a terminal, or as JSON for a log collector.

Field values come from peers and from file names. Whatever they hold, an event stays one line, moves no cursor and is of
bounded length: characters that do not print are escaped, long values and long lines are cut and say so.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from dicomrules.model.event import Event, Level

MAX_VALUE = 256  # characters of one field
MAX_FIELDS = 32
MAX_LINE = 4000  # characters of one text line: lines of several processes do not mix in a pipe (PIPE_BUF is 4096)

# Makes a line, without its end, of an event and the time it happened.
Format = Callable[[Event, datetime], str]

_COLOURS = {Level.DEBUG: "\x1b[2m", Level.INFO: "", Level.WARNING: "\x1b[33m", Level.ERROR: "\x1b[31m"}
_PLAIN = "\x1b[0m"


def text(event: Event, at: datetime) -> str:
    """`2026-11-23T06:52:52.123Z warning association.rejected: association rejected  calling_aet=CT_A1`

    The name stands where the eye looks first and is never cut off: it is what the documentation lists events by.
    """
    return _cut(f"{_time(at)} {event.level} {_rest(event)}", MAX_LINE)


def coloured(event: Event, at: datetime) -> str:
    """The same with the level in colour."""
    colour = _COLOURS[event.level]
    level = f"{colour}{event.level}{_PLAIN}" if colour else f"{event.level}"
    return f"{_time(at)} {level} {_cut(_rest(event), MAX_LINE)}"


def as_json(event: Event, at: datetime) -> str:
    """One JSON object: `time`, `level`, `event`, `text` and `fields`."""
    fields = {
        _cut(str(name), MAX_VALUE): _cut(value, MAX_VALUE) if isinstance(value, str) else value
        for name, value in list(event.fields.items())[:MAX_FIELDS]
    }
    line = {"time": _time(at), "level": str(event.level), "event": event.name, "text": _cut(event.text, MAX_VALUE)}
    return json.dumps({**line, "fields": fields})


def escaped(value: str) -> str:
    r"""`value` with everything that does not print as an escape: `\n`, `\x1b`, `\u202e`; lone surrogates too."""
    if value.isprintable():
        return value
    return "".join(part if part.isprintable() else part.encode("unicode_escape").decode("ascii") for part in value)


def _rest(event: Event) -> str:
    return f"{escaped(event.name)}: {escaped(event.text)}{_fields(event)}"


def _fields(event: Event) -> str:
    return "".join(f"  {escaped(str(name))}={_value(value)}" for name, value in list(event.fields.items())[:MAX_FIELDS])


def _value(value: str | int | float) -> str:
    if not isinstance(value, str):
        return str(value)
    shown = escaped(_cut(value, MAX_VALUE))
    if shown and not set(shown) & set(" \"'="):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'


def _cut(value: str, length: int) -> str:
    return value if len(value) <= length else f"{value[: length - 1]}…"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
