"""Times, date-times and ages of DICOM (PS3.5 6.2: TM, DT, AS) as values that know their own precision."""

from datetime import date, datetime, timedelta

from dicomrules.text.frozen import frozen


@frozen
class Moment:
    """A TM or DT, as precise as it was written.

    `parts` are (hour, minute, second, microsecond) of a TM, and (year, month, day, hour, minute, second, microsecond)
    of a DT, cut where the text ended. `offset` is the minutes from UTC that a DT names itself, None when it names none.
    """

    parts: tuple[int, ...]
    offset: int | None = None


# Days in one unit of an Age String, for putting ages of different units in order.
DAYS_IN = {"D": 1.0, "W": 7.0, "M": 30.436875, "Y": 365.2425}


@frozen
class Age:
    """An AS (PS3.5 6.2): a number of days, weeks, months or years (`unit` D, W, M, Y)."""

    number: int
    unit: str

    @property
    def days(self) -> float:
        """About how many days this is: what ages are compared by."""
        return self.number * DAYS_IN[self.unit]


def parse_date(text: str) -> date | None:
    """A DA of eight digits that names a day, else None. Lower precision and the old form 1993.08.22 are no dates."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def parse_time(text: str) -> Moment | None:
    """A TM: HH, HHMM, HHMMSS or HHMMSS.F to HHMMSS.FFFFFF; None when it is none. A second may be 60 (leap second)."""
    parts = _clock_parts(text)
    return None if parts is None else Moment(parts)


def parse_datetime(text: str) -> Moment | None:
    """A DT: YYYY to YYYYMMDDHHMMSS.FFFFFF, with or without &ZZXX; None when it is none."""
    body, offset = text, None
    if len(text) >= 9 and text[-5] in "+-":
        body, offset = text[:-5], parse_offset(text[-5:])
        if offset is None:
            return None
    day = _day_parts(body[:8])
    if day is None or (len(day) < 3 and len(body) > 8):
        return None
    if len(body) <= 8:
        return Moment(day, offset)
    rest = _clock_parts(body[8:])
    return None if rest is None else Moment(day + rest, offset)


def parse_offset(text: str) -> int | None:
    """Minutes from UTC of `&ZZXX`, from -1200 to +1400 (PS3.5 6.2, DT), else None."""
    if len(text) != 5 or text[0] not in "+-" or not (text[1:].isascii() and text[1:].isdigit()) or text[3:] > "59":
        return None
    minutes = int(text[1:3]) * 60 + int(text[3:])
    minutes = -minutes if text[0] == "-" else minutes
    return minutes if -720 <= minutes <= 840 else None


def parse_age(text: str) -> Age | None:
    """An AS: three digits and one of D W M Y, else None."""
    if len(text) != 4 or not (text[:3].isascii() and text[:3].isdigit()) or text[3] not in DAYS_IN:
        return None
    return Age(int(text[:3]), text[3])


def write_moment(moment: Moment, *, is_time: bool) -> str:
    """The DICOM text of a TM (`is_time`) or DT, at its own precision."""
    parts = moment.parts if is_time else moment.parts[1:]
    whole = parts[:3] if is_time else parts[:5]
    text = "" if is_time else f"{moment.parts[0]:04d}"
    text += "".join(f"{part:02d}" for part in whole)
    if len(parts) > len(whole):
        text += f".{parts[-1]:06d}"
    return text if moment.offset is None else text + write_offset(moment.offset)


def write_offset(minutes: int) -> str:
    """`&ZZXX` of so many minutes from UTC."""
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"{sign}{size // 60:02d}{size % 60:02d}"


def moment_of(instant: datetime) -> Moment:
    """A DT of full precision that says its offset, from an aware `instant`."""
    offset = instant.utcoffset() or timedelta()
    return Moment((*instant.timetuple()[:6], instant.microsecond), int(offset.total_seconds()) // 60)


def moved(moment: Moment, offset: int) -> Moment:
    """The same instant of a DT that names an offset, on the clock of another; one that says no hour stays as it is."""
    if moment.offset is None or len(moment.parts) < 4:
        return moment
    year, month, day, hour, minute, second, micro = moment.parts + (1, 1, 1, 0, 0, 0, 0)[len(moment.parts) :]
    second = min(second, 59)  # datetime knows no leap second
    try:
        there = datetime(year, month, day, hour, minute, second, micro) + timedelta(minutes=offset - moment.offset)
    except OverflowError:
        return moment
    return Moment((*there.timetuple()[:6], there.microsecond)[: len(moment.parts)], offset)


def _day_parts(text: str) -> tuple[int, ...] | None:
    """Year, month, day of YYYY, YYYYMM or YYYYMMDD."""
    if len(text) not in (4, 6, 8) or not (text.isascii() and text.isdigit()):
        return None
    if parse_date(text + "0101"[len(text) - 4 :]) is None:
        return None
    return tuple(int(part) for part in (text[:4], text[4:6], text[6:]) if part)


def _clock_parts(text: str) -> tuple[int, ...] | None:
    """Hour, minute, second, microsecond of HH[MM[SS[.F…]]]."""
    body, point, fraction = text.partition(".")
    if len(body) not in (2, 4, 6) or not (body.isascii() and body.isdigit()):
        return None
    if point and (len(body) != 6 or not 1 <= len(fraction) <= 6 or not (fraction.isascii() and fraction.isdigit())):
        return None
    parts = tuple(int(body[at : at + 2]) for at in range(0, len(body), 2))
    if parts[0] > 23 or (len(parts) > 1 and parts[1] > 59) or (len(parts) > 2 and parts[2] > 60):
        return None
    return (*parts, int(fraction.ljust(6, "0"))) if point else parts
