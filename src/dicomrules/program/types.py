"""The types of the rule language, and the Python value that each of them is while rules run."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from dicomrules.program.moment import Age, Moment
from dicomrules.text.frozen import frozen


class Type(StrEnum):
    """The type of an expression. Which Python value stands for it: see `Value`."""

    TEXT = "text"
    CODE = "code"
    PERSON = "person"
    UID = "uid"
    INT = "int"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    AGE = "age"
    BYTES = "bytes"
    ITEMS = "items"
    TRUTH = "truth"


TEXTUAL = frozenset({Type.TEXT, Type.CODE, Type.UID, Type.PERSON})
NUMERIC = frozenset({Type.INT, Type.DECIMAL})

# The value of an expression: TEXT, CODE, UID and PERSON (as its whole text) are str, INT is int, DECIMAL is Decimal,
# DATE is date, TIME and DATETIME are Moment, AGE is Age, TRUTH is bool. BYTES and ITEMS are never values.
Value = str | int | Decimal | date | Moment | Age | bool

# Types by VR (PS3.5 6.2). A VR that depends on another element ("US or SS") goes by what it can be.
TYPE_OF_VR: dict[str, Type] = {
    **dict.fromkeys(("SH", "LO", "ST", "LT", "UC", "UT", "UR"), Type.TEXT),
    **dict.fromkeys(("CS", "AE"), Type.CODE),
    "PN": Type.PERSON,
    "UI": Type.UID,
    **dict.fromkeys(("IS", "SL", "SS", "UL", "US", "SV", "UV", "US or SS"), Type.INT),
    **dict.fromkeys(("DS", "FL", "FD"), Type.DECIMAL),
    "DA": Type.DATE,
    "TM": Type.TIME,
    "DT": Type.DATETIME,
    "AS": Type.AGE,
    **dict.fromkeys(
        ("OB", "OW", "OD", "OF", "OL", "OV", "UN", "AT", "OB or OW", "US or OW", "US or SS or OW"), Type.BYTES
    ),
    "SQ": Type.ITEMS,
}


@frozen
class NoValue:
    """There is no value, and why: "absent", "empty", "malformed", "no match", … Constant texts, never patient data.

    What cannot yield a value gives this instead of raising; a statement then takes its `otherwise`.
    """

    why: str


ABSENT = NoValue("absent")
EMPTY = NoValue("empty")
BLANK = NoValue("blank")
MALFORMED = NoValue("malformed")


@frozen
class Regex:
    """A regular expression of RE2's dialect, as written between the slashes, with `\\/` already a slash."""

    pattern: str
    ignore_case: bool = False
