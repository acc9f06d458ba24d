"""Context names: what is known of an object besides its data set."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dicomrules.dicom.tags import tag_of
from dicomrules.engine.content import content_of
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.model.instance import Envelope
from dicomrules.program.moment import Moment, moment_of, parse_offset
from dicomrules.program.types import NoValue

TIMEZONE_OFFSET_FROM_UTC = tag_of("TimezoneOffsetFromUTC") or 0x00080201

TEXTS: dict[str, Callable[[Envelope], str]] = {
    "calling_aet": lambda envelope: envelope.peer.calling_aet,
    "called_aet": lambda envelope: envelope.peer.called_aet,
    "calling_ip": lambda envelope: envelope.peer.address,
    "receiver": lambda envelope: envelope.peer.receiver,
    "transfer_syntax": lambda envelope: envelope.transfer_syntax,
    "source_path": lambda envelope: envelope.source_path,
}


def reader(scope: Scope, name: str) -> Getter:
    """What yields a context name; an empty text where nothing is known."""
    zone = zone_of(scope.plan.program.settings.timezone)
    match name:
        case "received_at":
            return lambda run: moment_of(run.envelope.received_at.astimezone(zone))
        case "received_date":
            return lambda run: run.envelope.received_at.astimezone(zone).date()
        case "object_size":
            return lambda run: run.envelope.length
        case _:
            text = TEXTS[name]
            return lambda run: text(run.envelope)


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The time zone of the settings; UTC without one."""
    return ZoneInfo(name or "UTC")


def with_offset(run: Run, moment: Moment, zone: tzinfo) -> Moment:
    """A DT that names its offset: its own, that of the object (0008,0201), or that of the settings' time zone (S28)."""
    if moment.offset is not None:
        return moment
    content: Any = content_of(run.root, TIMEZONE_OFFSET_FROM_UTC, "SH", 1)
    offset = None if isinstance(content, NoValue) else parse_offset(content[0])
    if offset is None:
        try:
            there = local_time(moment).replace(tzinfo=zone)
            offset = int((there.utcoffset() or timedelta()).total_seconds()) // 60
        except (OverflowError, ValueError):
            offset = 0
    return Moment(moment.parts, offset)


def local_time(moment: Moment) -> datetime:
    """The first instant that a DT may mean, on its own clock. A leap second counts as the one before it."""
    year, month, day, hour, minute, second, micro = moment.parts + (1, 1, 1, 0, 0, 0, 0)[len(moment.parts) :]
    return datetime(year, month, day, hour, minute, min(second, 59), micro)


def local_in(run: Run, moment: Moment, zone: tzinfo) -> datetime | None:
    """A DT on the clock of `zone`, for schedules; None when it does not say the minute."""
    if len(moment.parts) < 5:
        return None
    known = with_offset(run, moment, zone)
    try:
        utc = local_time(known) - timedelta(minutes=known.offset or 0)
        return utc.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None
