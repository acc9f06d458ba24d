"""Whether one value can answer several tests at once: by sets, ranges, beginnings and ends, and networks.

`contradict` is true only where it is proven that no value, nor the lack of one, can.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dicomrules.functions.regex import fits
from dicomrules.lang.check.ask import (
    Ask,
    Asked,
    Network,
    Networks,
    Number,
    Numbers,
    Opaque,
    Part,
    Pattern,
    Presence,
    Span,
    Texts,
)
from dicomrules.program.expression import Read
from dicomrules.program.types import Value

_STATES = frozenset({"absent", "empty", "spaces", "malformed", "value"})
_IN_STATE = {
    "present": frozenset({"value"}),
    "absent": frozenset({"absent"}),
    "empty": frozenset({"empty"}),
    "blank": frozenset({"absent", "empty", "spaces"}),
    "malformed": frozenset({"malformed"}),
}
_SPANS = 200
"""How many pieces of a line of numbers are followed."""

_NEVER_NEGATIVE = frozenset({"US", "UL", "UV"})


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A test of a subject and what it is claimed to say. Make it with `answer`.

    `said`: the `ask` is true of the value, where there is one; `tells`: that says something about the value. `states`
    are the ways in which the value may be there, or not. `natural`: it is never below zero.
    """

    ask: Ask
    said: bool
    tells: bool
    states: frozenset[str]
    natural: bool


def answer(asked: Asked, *, holds: bool) -> Answer:
    """What it means that a test holds, or that it does not."""
    ask, said = asked.ask, holds is not asked.negated
    there = holds and not isinstance(ask, Presence | Opaque)
    no_address = isinstance(ask, Networks) and said and not there  # what is no address is neither in nor not in
    tells = not isinstance(ask, Presence) and not no_address
    subject = asked.subject
    vr = subject.path.steps[-1].vr if isinstance(subject, Read) else ""
    return Answer(ask, said, tells, _states(asked, holds=holds, there=there), vr in _NEVER_NEGATIVE)


def _states(asked: Asked, *, holds: bool, there: bool) -> frozenset[str]:
    """In which ways a value can be there, or not: where nothing is, every comparison is false."""
    ask = asked.ask
    if isinstance(ask, Presence):
        return _IN_STATE[ask.state] if holds else _STATES - _IN_STATE[ask.state]
    if not there:
        return _STATES
    positive = holds is not asked.negated and isinstance(ask, Texts | Part | Numbers | Networks)
    return frozenset({"value"} if positive or isinstance(asked.subject, Read) else {"value", "spaces"})


def contradict(answers: Sequence[Answer]) -> bool:
    """Whether these answers about one subject cannot all be true."""
    if isinstance(answers[0].ask, Opaque):
        return len({answer.said for answer in answers}) > 1
    states = answers[0].states
    for other in answers[1:]:
        states &= other.states
    if not states:
        return True
    if len(states) > 1 or "value" not in states:
        return False
    yes = [answer.ask for answer in answers if answer.tells and answer.said]
    no = [answer.ask for answer in answers if answer.tells and not answer.said]
    natural = answers[0].natural
    return any(ask in no for ask in yes) or _numbers(yes, no, natural=natural) or _texts(yes, no) or _networks(yes, no)


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(yes: Sequence[Ask], no: Sequence[Ask], *, natural: bool) -> bool:
    asks = [ask for ask in (*yes, *no) if isinstance(ask, Numbers)]
    if not asks:
        return False
    whole = all(ask.whole for ask in asks)
    left = [Span(low=0) if whole and natural else Span()]
    for ask in yes:
        if isinstance(ask, Numbers):
            left = [both for one in left for span in ask.spans if not _void(both := _meet(one, span), whole=whole)]
    for ask in no:
        for span in ask.spans if isinstance(ask, Numbers) else ():
            left = [rest for one in left for rest in _without(one, span) if not _void(rest, whole=whole)]
        if len(left) > _SPANS:
            return False
    return not left


def _meet(one: Span, other: Span) -> Span:
    low, open_low = _later((one.low, one.open_low), (other.low, other.open_low))
    high, open_high = _earlier((one.high, one.open_high), (other.high, other.open_high))
    return Span(low, high, open_low, open_high)


End = tuple[Number | None, bool]


def _later(one: End, other: End) -> End:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if one[0] > other[0] else other


def _earlier(one: End, other: End) -> End:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if one[0] < other[0] else other


def _without(one: Span, other: Span) -> list[Span]:
    """What is left of one when another is taken out."""
    rest: list[Span] = []
    if other.low is not None:
        rest.append(_meet(one, Span(high=other.low, open_high=not other.open_low)))
    if other.high is not None:
        rest.append(_meet(one, Span(low=other.high, open_low=not other.open_high)))
    return rest


def _void(span: Span, *, whole: bool) -> bool:
    """Whether no number lies in it."""
    if span.low is None or span.high is None:
        return False
    if whole and isinstance(span.low, int) and isinstance(span.high, int):
        return span.low + span.open_low > span.high - span.open_high
    return span.low > span.high or (span.low == span.high and (span.open_low or span.open_high))


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _texts(yes: Sequence[Ask], no: Sequence[Ask]) -> bool:
    sets = [ask.texts for ask in yes if isinstance(ask, Texts)]
    if sets:
        common = frozenset.intersection(*sets)
        return not any(_possible(text, yes, no) for text in common)
    parts = [ask for ask in yes if isinstance(ask, Part)]
    for kind in ("starts", "ends"):
        if _clash(kind, [part.text for part in parts if part.kind == kind]):
            return True
    return any(_implied(ask, parts) for ask in no if isinstance(ask, Part))


def _possible(text: Value, yes: Sequence[Ask], no: Sequence[Ask]) -> bool:
    """Whether this value may answer all tests."""
    return all(_true(ask, text) is not False for ask in yes) and all(_true(ask, text) is not True for ask in no)


def _true(ask: Ask, value: Value) -> bool | None:
    """Whether a test is true of this value; None where that cannot be told."""
    match ask:
        case Texts(texts):
            return value in texts
        case Part("starts", text):
            return isinstance(value, str) and value.startswith(text)
        case Part("ends", text):
            return isinstance(value, str) and value.endswith(text)
        case Part(_, text):
            return isinstance(value, str) and text in value
        case Pattern(regex, whole):
            return isinstance(value, str) and fits(regex, value, whole=whole)
        case Networks(networks):
            return isinstance(value, str) and _address_in(value, networks)
        case _:
            return None


def _clash(kind: str, texts: Sequence[str]) -> bool:
    """Whether no text can begin, or end, with all of these."""
    longest = max(texts, key=len, default="")
    fit = longest.startswith if kind == "starts" else longest.endswith
    return not all(fit(text) for text in texts)


def _implied(ask: Part, parts: Iterable[Part]) -> bool:
    """Whether one of these can only be true where `ask` is."""
    for part in parts:
        if ask.kind == "contains" and ask.text in part.text:
            return True
        if ask.kind == part.kind == "starts" and part.text.startswith(ask.text):
            return True
        if ask.kind == part.kind == "ends" and part.text.endswith(ask.text):
            return True
    return False


# ── networks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _networks(yes: Sequence[Ask], no: Sequence[Ask]) -> bool:
    lists = [ask.networks for ask in yes if isinstance(ask, Networks)]
    if not lists:
        return False
    left = list(lists[0])
    for networks in lists[1:]:
        left = [small for one in left for other in networks if (small := _smaller(one, other)) is not None]
    out = [network for ask in no if isinstance(ask, Networks) for network in ask.networks]
    return len(left) <= _SPANS and all(any(_smaller(one, other) == one for other in out) for one in left)


def _smaller(one: Network, other: Network) -> Network | None:
    """The one of two networks that lies in the other one."""
    if one.version != other.version or not one.overlaps(other):
        return None
    return one if one.prefixlen >= other.prefixlen else other


def _address_in(text: str, networks: Iterable[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
