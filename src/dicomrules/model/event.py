"""Things that happen and that nobody asked for: what the log, and later audit trail and alarms, are told.

No patient data: UIDs, tags, rule names, AE titles and addresses only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How much an event matters to the person on duty."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is constant and dotted ("association.rejected"), `text` one constant sentence, `fields` short values."""

    name: str
    level: Level
    text: str
    fields: Mapping[str, str | int | float] = field(default_factory=dict)
