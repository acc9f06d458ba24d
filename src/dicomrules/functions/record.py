"""What the language knows about one of its functions."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from dicomrules.program.moment import Age
from dicomrules.program.types import NUMERIC, TEXTUAL, NoValue, Regex, Type, Value
from dicomrules.text.frozen import frozen

# What a function is called with: a value, all values of an attribute, a regex; NoValue only where `maybe_missing`.
Argument = Value | NoValue | Regex | tuple[Value, ...]
# What it gives back; a tuple is several values for one attribute.
Result = Value | NoValue | tuple[Value, ...]

TEXT = TEXTUAL
NUMBER = NUMERIC
DATE = frozenset({Type.DATE})
ANY = TEXTUAL | NUMERIC | {Type.DATE, Type.TIME, Type.DATETIME, Type.AGE}

# The largest number that may stand as a length or count in a rule file.
LONGEST = 10_240

NO_MATCH = NoValue("no match")
TOO_LONG = NoValue("too long")
OUT_OF_RANGE = NoValue("out of range")


class Takes(StrEnum):
    """What kind of argument stands in a place."""

    VALUE = "value"  # one value
    WHOLE = "whole"  # every value of an attribute, as a tuple
    REGEX = "regex"  # /x/
    SECRET = "secret"  # noqa: S105 - the name of a secret


@frozen
class Parameter:
    """One place for an argument. `constant`: a literal or parameter of the file; for an int, from `low` to `high`.

    `optional`: may be left out. `repeated` (the last one only): any number of further arguments. `maybe_missing`: the
    function takes an argument that has no value. `choices`: the texts allowed.
    """

    name: str
    types: frozenset[Type] = TEXT
    takes: Takes = Takes.VALUE
    constant: bool = False
    low: int = 1
    high: int = LONGEST
    optional: bool = False
    repeated: bool = False
    maybe_missing: bool = False
    choices: tuple[str, ...] = ()


@frozen
class Example:
    """A call and what it gives: it runs as a test and stands in the reference."""

    arguments: tuple[Argument, ...]
    result: Result


# The longest text a call can give, from that of its first argument (None: unknown) and its other constant arguments.
Longest = Callable[[int | None, tuple[Argument, ...]], int | None]


def as_first(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    """Never longer than the first argument."""
    return longest


def unknown(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    """Nothing can be said."""
    return None


def exactly(length: int) -> Longest:
    """Never longer than `length`."""
    return lambda longest, constants: length


@frozen
class Function:
    """One function of the language.

    `code` gets the arguments in order and returns a value; it never raises. Where `can_fail`, it may return NoValue,
    and the rule needs an `otherwise`, unless the first argument is an attribute of a type in `sure_of`. `result` is
    "first" where the type is that of the first argument. `many`: gives several values. The first parameter takes what
    stands before the `|`.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | Literal["first"]
    doc: str
    example: Example
    code: Callable[..., Result]
    can_fail: bool = False
    sure_of: frozenset[Type] = frozenset()
    many: bool = False
    longest: Longest = unknown

    @property
    def example_text(self) -> str:
        """The example as it would stand in a rule file: `"4711" | pad_left(8, "0")`."""
        first, *rest = (_written(argument) for argument in self.example.arguments)
        return f"{first} | {self.name}" + (f"({', '.join(rest)})" if rest else "")


def _written(argument: Argument) -> str:
    """An argument as a literal of the language."""
    match argument:
        case Regex(pattern, ignore_case):
            return "/" + pattern.replace("/", "\\/") + "/" + ("i" if ignore_case else "")
        case tuple():
            return "[" + ", ".join(_written(part) for part in argument) + "]"
        case int() | Decimal():
            return str(argument)
        case date():
            return f'"{argument:%Y%m%d}"'
        case Age(number, unit):
            return f'"{number:03d}{unit}"'
        case NoValue(why):
            return f"<{why}>"
        case _:
            return '"' + str(argument).replace("\\", "\\\\").replace('"', '\\"') + '"'
