"""What one test of a condition asks of one value, in a form in which several can be put together (see `fit`).

Only what can be reasoned about: equality, lists, ranges, order, text at the beginning, the end or inside, patterns,
networks. All other tests are `Opaque`: they are true or not, and nobody knows when.
"""

import ipaddress
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Literal as OneOf

from dicomrules.program.expression import (
    Among,
    Compare,
    Expression,
    InNetworks,
    Is,
    Literal,
    Matches,
    Range,
    State,
    Test,
    TextTest,
)
from dicomrules.program.path import Path, Pick
from dicomrules.program.types import Regex, Type, Value
from dicomrules.text.frozen import frozen

Number = int | Decimal
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@frozen
class Span:
    """Numbers from `low` to `high` (None: without end); `open` ends do not belong to it. Dates are counted in days."""

    low: Number | None = None
    high: Number | None = None
    open_low: bool = False
    open_high: bool = False


@frozen
class Numbers:
    """The value lies in one of these. `whole`: it is a whole number, or a day."""

    spans: tuple[Span, ...]
    whole: bool


@frozen
class Texts:
    """The value is one of these."""

    texts: frozenset[Value]


@frozen
class Part:
    """The text contains, starts with or ends with this."""

    kind: OneOf["contains", "starts", "ends"]
    text: str


@frozen
class Pattern:
    """The pattern fits the text as a whole, or a part of it."""

    regex: Regex
    whole: bool


@frozen
class Networks:
    """The address lies in one of these."""

    networks: tuple[Network, ...]


@frozen
class Presence:
    """The value is there, or not, in this way."""

    state: State


@frozen
class Opaque:
    """Something that is either true or not."""

    test: Test


Ask = Numbers | Texts | Part | Pattern | Networks | Presence | Opaque


@frozen
class Asked:
    """A test of one subject. `negated`: there is a value, and the `ask` is not true of it (`!=`, `not in`)."""

    subject: Expression | Test
    ask: Ask
    negated: bool = False


_TEXTUAL = frozenset({Type.TEXT, Type.CODE, Type.UID})
_WHOLE = frozenset({Type.INT, Type.DATE})
_ORDERED = frozenset({Type.INT, Type.DECIMAL, Type.DATE})


def asked(test: Test) -> Asked:
    """What a test asks of a subject that is one value."""
    return _asked(test) or opaque(test)


def opaque(test: Test) -> Asked:
    """What a test asks of which nothing is known but that it is true or not."""
    return Asked(test, Opaque(test))


def _asked(test: Test) -> Asked | None:
    match test:
        case Compare(operator, left, Literal(value), type_):
            return _compared(operator, left, value, type_)
        case Compare(operator, Literal(value), right, type_):
            return _compared(_TURNED.get(operator, operator), right, value, type_)
        case Among(value, members, type_, negated):
            ask = _listed(members, type_)
            return None if ask is None else Asked(value, ask, negated)
        case TextTest(kind, value, Literal(str(text))) if text and text == text.strip():
            return Asked(value, Part(kind, _normal(text)))
        case Matches(value, regex, whole):
            return Asked(value, Pattern(regex, whole))
        case InNetworks(value, networks, negated):
            found = tuple(ipaddress.ip_network(each, strict=False) for each in networks)
            return Asked(value, Networks(found), negated)
        case Is(value, state):
            return Asked(value, Presence(state))
        case _:
            return None


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compared(operator: str, subject: Expression, value: Value, type_: Type) -> Asked | None:
    if isinstance(subject, Literal):
        return None
    if operator in ("==", "!="):
        ask = _listed((Literal(value, type_),), type_)
        return None if ask is None else Asked(subject, ask, operator == "!=")
    number = _number(value, type_)
    if number is None:
        return None
    if operator in ("<", "<="):
        span = Span(high=number, open_high=operator == "<")
    else:
        span = Span(low=number, open_low=operator == ">")
    return Asked(subject, Numbers((span,), type_ in _WHOLE))


def _listed(members: tuple[Expression | Range, ...], type_: Type) -> Ask | None:
    """One of several values; None for types whose values may be equal to two different literals."""
    if type_ in _ORDERED:
        spans = [_span(member, type_) for member in members]
        known = tuple(span for span in spans if span is not None)
        return Numbers(known, type_ in _WHOLE) if len(known) == len(spans) else None
    if type_ not in _TEXTUAL and type_ is not Type.TRUTH:
        return None
    texts: set[Value] = set()
    for member in members:
        if not isinstance(member, Literal) or (isinstance(member.value, str) and _blank_at_the_ends(member.value)):
            return None
        texts.add(_normal(member.value) if isinstance(member.value, str) else member.value)
    return Texts(frozenset(texts))


def _blank_at_the_ends(text: str) -> bool:
    """Whether a text is equal to others as well, or to none (S12)."""
    return text != text.strip() or not text


def _span(member: Expression | Range, type_: Type) -> Span | None:
    if isinstance(member, Range):
        low, high = _number(member.low, type_), _number(member.high, type_)
    else:
        low = high = _number(member.value, type_) if isinstance(member, Literal) else None
    return None if low is None or high is None else Span(low, high)


def _number(value: Value, type_: Type) -> Number | None:
    if type_ is Type.DATE:
        return value.toordinal() if isinstance(value, date) else None
    return value if isinstance(value, int | Decimal) and type_ in _ORDERED else None


def _normal(text: str) -> str:
    """A text as comparisons see it (S14)."""
    return unicodedata.normalize("NFC", text)


def several(path: Path) -> bool:
    """Whether a path may lead to several values, one of which fits a test and another one another."""
    picks = [step.selector for step in path.steps] + [path.value]
    return Pick.ANY in picks or Pick.EVERY in picks
