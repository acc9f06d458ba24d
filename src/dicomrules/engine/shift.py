"""`shift dates`: every DA and DT moves by the same number of days, at every depth, at its own precision (S33)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dicomrules.dicom.values import padded
from dicomrules.engine import evaluate
from dicomrules.engine.bulk import rewrite
from dicomrules.engine.content import LONGEST_READ
from dicomrules.engine.evaluate import Effect
from dicomrules.engine.everywhere import elements
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.select import selecting
from dicomrules.program.moment import Moment, parse_date, parse_datetime, write_moment
from dicomrules.program.statement import ShiftDates
from dicomrules.program.types import NoValue

Act = Callable[[Run], None]


def shifting(scope: Scope, statement: ShiftDates) -> Act:
    """What carries out `shift dates`."""
    plan = scope.plan
    days_of = evaluate.with_fallback(scope, statement.by, statement.otherwise)
    sparing = selecting(scope, statement.excepted, deep=True)

    def act(run: Run) -> None:
        days = _whole(days_of(run))
        if days is None:
            run.note("no number of days: no effect")
            return
        if "shift dates" in run.done:
            run.note("dates were shifted before, this adds up")
        spared = sparing(run)
        for spot, element in elements(run, Spot(run.root), lambda spot, at: not spared(spot.dataset, at.tag, at.vr)):
            vr = "SQ" if element.is_sequence else plan.vr_among(_SHIFTED, spot.dataset, element)
            if vr not in _SHIFTED or not element.length or spared(spot.dataset, element.tag, vr):
                continue
            raw = element.raw if element.length <= LONGEST_READ else b"?"
            moved = _moved(raw, vr, days)
            if moved is None:
                _malformed(plan, run)
            rewrite(plan, run, spot, element, vr, moved or b"")
        plan.forget_all(run)
        run.done.add("shift dates")

    return act


def _whole(found: Any) -> int | None:
    """A number of days; None when there is none, or the statement is to have no effect."""
    if isinstance(found, NoValue | Effect):
        return None
    return int(found) if isinstance(found, int | Decimal) and found == int(found) else None


def _malformed(plan: Plan, run: Run) -> None:
    stop = plan.program.settings.malformed
    if stop is not None:
        raise Halt(stop, "a date that cannot be shifted")
    run.note("a date that cannot be shifted: emptied")


def _moved(raw: bytes, vr: str, days: int) -> bytes | None:
    """The value with all its dates moved; None when one of them is no date, or leaves the calendar."""
    shift = _SHIFTED[vr]
    parts = []
    for part in bytes(raw).decode("latin-1").split("\\"):
        text = part.strip(" \0")
        moved = shift(text, days) if text else ""
        if moved is None:
            return None
        parts.append(moved)
    return padded("\\".join(parts).encode("ascii"), vr)


def _date(text: str, days: int) -> str | None:
    day = parse_date(text)
    moved = None if day is None else _later(day, days)
    return None if moved is None else f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def _datetime(text: str, days: int) -> str | None:
    """A year or a month moves as its first day does."""
    moment = parse_datetime(text)
    if moment is None:
        return None
    year, month, day = (*moment.parts[:3], 1, 1)[:3]
    moved = _later(date(year, month, day), days)
    if moved is None:
        return None
    parts = (moved.year, moved.month, moved.day)[: len(moment.parts)] + moment.parts[3:]
    whole = write_moment(Moment(parts, moment.offset), is_time=False)
    return whole if len(moment.parts) < 7 else _with_fraction(text, whole)


def _with_fraction(text: str, whole: str) -> str:
    """The fraction of a second with the digits it came with."""
    return whole[:14] + text[14:]


def _later(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


_SHIFTED: dict[str, Callable[[str, int], str | None]] = {"DA": _date, "DT": _datetime}
