"""The log: a sink that writes one line for each event to a stream."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from dicomrules.model.event import Event, Level
from dicomrules.observe import line
from dicomrules.text.render import is_plain

_ORDER = list(Level)


class Log:
    """Writes events of `least` and above to `stream`, one line each. Raises what the stream raises: see `fan_out`."""

    def __init__(
        self,
        stream: TextIO,
        form: line.Format,
        least: Level = Level.INFO,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stream = stream
        self._form = form
        self._least = _ORDER.index(least)
        self._now = now

    def hears(self, event: Event) -> bool:
        """Whether `event` matters enough."""
        return _ORDER.index(event.level) >= self._least

    def __call__(self, event: Event) -> None:
        """Write `event` if it matters enough."""
        if self.hears(event):
            written = self._form(event, self._now()) + "\n"
            encoding = self._stream.encoding or "utf-8"  # a terminal in the C locale takes no other characters
            self._stream.write(written.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()


def log_to(stream: TextIO, as_json: bool = False, least: Level = Level.INFO) -> Log:
    """The log as `serve` writes it: JSON lines if asked for, else text, in colour on a terminal."""
    if as_json:
        return Log(stream, line.as_json, least)
    return Log(stream, line.coloured if stream.isatty() and not is_plain() else line.text, least)
