"""Schedules: `"Mon-Fri 19:00-06:00, Sat-Sun, 12-25"` -> windows."""

import re
from datetime import date

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.program.schedule import DAY, Schedule, Window
from dicomrules.text.codes.registry import diagnose

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "|".join(_DAYS)
_WINDOW = re.compile(
    rf"(?:(?P<from>{_DAY})(?:-(?P<to>{_DAY}))?|(?P<year>[0-9]{{4}})-(?P<m1>[0-9]{{2}})-(?P<d1>[0-9]{{2}})"
    r"|(?P<m2>[0-9]{2})-(?P<d2>[0-9]{2}))?"
    r" *(?:(?P<h1>[0-9]{2}):(?P<n1>[0-9]{2})-(?P<h2>[0-9]{2}):(?P<n2>[0-9]{2}))?",
    re.ASCII,
)
_HELP = 'parts look like "Mon-Fri 19:00-06:00", "Sat", "20:00-22:00", "12-25" or "2026-04-03 08:00-12:00"'


def schedule(ground: Ground, node: ast.Schedule) -> Schedule:
    """What a schedule says; parts that say nothing are reported."""
    windows = []
    for part in node.times.value.split(","):
        window = _window(part.strip())
        if window is None:
            found = diagnose("DR219", node.times.span, f"`{part.strip()}` is no time of a schedule", "cannot be read")
            ground.add(found.with_note(_HELP))
        else:
            windows.append(window)
    return Schedule(node.name.text, tuple(windows))


def _window(text: str) -> Window | None:
    match = _WINDOW.fullmatch(text)
    if match is None or not text:
        return None
    start, end = 0, DAY
    if match["h1"]:
        hours = [int(match[part]) for part in ("h1", "n1", "h2", "n2")]
        if hours[0] > 23 or hours[2] > 24 or hours[1] > 59 or hours[3] > 59 or (hours[2] == 24 and hours[3]):
            return None
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if start == end:
            return None
    if match["from"]:
        first = _DAYS.index(match["from"])
        last = _DAYS.index(match["to"] or match["from"])
        days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
        return Window(days=days, start=start, end=end)
    if match["m2"] or match["year"]:
        return _dated(match, start, end)
    return Window(days=frozenset(range(7)), start=start, end=end)


def _dated(match: "re.Match[str]", start: int, end: int) -> Window | None:
    """A window on a day of every year, or of one year."""
    try:
        if match["year"]:
            day = date(int(match["year"]), int(match["m1"]), int(match["d1"]))
            return Window(days_of=frozenset({day}), start=start, end=end)
        every = date(2024, int(match["m2"]), int(match["d2"]))  # a leap year, so that 02-29 is a day
    except ValueError:
        return None
    return Window(dates=frozenset({(every.month, every.day)}), start=start, end=end)
