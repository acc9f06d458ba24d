"""Verdicts as a rule file says them. Their reasons are constant texts and can hold no patient data."""

from datetime import timedelta
from typing import Literal

from dicomrules.text.frozen import frozen


@frozen
class Stop:
    """`quarantine`, `hold`, `reject` or `drop`. `retry` and `limit` (`for`) belong to a hold, `status` to a reject."""

    kind: Literal["quarantine", "hold", "reject", "drop"]
    reason: str
    retry: timedelta | None = None
    limit: timedelta | None = None
    status: int = 0xC000
    place: str = ""


@frozen
class Nowhere:
    """`nowhere "why"`: this routes table sends nothing."""

    reason: str
