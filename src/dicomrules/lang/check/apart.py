"""What conditions prove about values, by sets of literals: which exclude each other, which are inside another one."""

import unicodedata
from collections.abc import Mapping

from dicomrules.program.expression import (
    Among,
    Both,
    Compare,
    Condition,
    Context,
    Either,
    Expression,
    Is,
    Literal,
    Named,
    Read,
)
from dicomrules.program.path import Path, Pick
from dicomrules.program.ruleset import Guard
from dicomrules.program.types import Type, Value
from dicomrules.text.frozen import frozen

Subject = Path | str
"""A path to one value, or the name of a context value."""

_BLANK = None
"""Stands for "no value" in a set of values: `is blank`, `is absent`."""

_SHARP = frozenset({Type.TEXT, Type.CODE, Type.UID, Type.INT, Type.DECIMAL, Type.DATE})
"""Types of which two different literals are never equal to one value. Names and times of less precision may be."""


@frozen
class Facts:
    """Where a condition is true, each subject has one of these values. `exact`: and the other way round."""

    sets: Mapping[Subject, frozenset[object]]
    exact: bool


Known = dict[int, Facts | None]
"""What conditions with a name prove, by their id."""


def facts_of(guard: Guard | None, known: Known) -> Facts | None:
    """What is proven where a guard holds; None when nothing is."""
    if guard is None or guard.unless:
        return None
    return facts(guard.condition, known)


def facts(condition: Condition, known: Known) -> Facts | None:
    """What is proven where a condition is true, by equality with literals alone; None when nothing is."""
    match condition:
        case Named(_, inner):
            if id(inner) not in known:
                known[id(inner)] = facts(inner, known)
            return known[id(inner)]
        case Compare("==", left, right, type_) if type_ in _SHARP:
            subject, literal = (left, right) if isinstance(right, Literal) else (right, left)
            return _equal(subject, (literal,)) if isinstance(literal, Literal) else None
        case Among(value, members, type_, negated=False) if type_ in _SHARP and all(
            isinstance(member, Literal) for member in members
        ):
            return _equal(value, members)  # type: ignore[arg-type]  # all are literals
        case Is(Read(path), ("blank" | "absent")) if _one(path):
            return Facts({path: frozenset({_BLANK})}, exact=False)
        case Both(parts):
            return _all([facts(part, known) for part in parts])
        case Either(parts):
            return _any([facts(part, known) for part in parts])
        case _:
            return None


def _one(path: Path) -> bool:
    """Whether a path picks one value, the same each time."""
    selectors = [step.selector for step in path.steps] + [path.value]
    return Pick.ANY not in selectors and Pick.EVERY not in selectors


def _equal(subject: Expression, literals: tuple[Literal, ...]) -> Facts | None:
    values = frozenset(_normal(literal.value) for literal in literals)
    if isinstance(subject, Context):
        return Facts({subject.name: values}, exact=True)
    if isinstance(subject, Read) and _one(subject.path):
        return Facts({subject.path: values}, exact=True)
    return None


def _normal(value: Value) -> Value:
    """A value as comparisons see it (S14)."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _all(parts: list[Facts | None]) -> Facts | None:
    sets: dict[Subject, frozenset[object]] = {}
    for part in parts:
        for subject, values in part.sets.items() if part is not None else ():
            sets[subject] = sets[subject] & values if subject in sets else values
    exact = all(part is not None and part.exact for part in parts)
    return Facts(sets, exact) if sets else None


def _any(parts: list[Facts | None]) -> Facts | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    shared = set(known[0].sets).intersection(*(part.sets for part in known[1:]))
    sets = {subject: frozenset().union(*(part.sets[subject] for part in known)) for subject in shared}
    exact = all(part.exact and len(part.sets) == 1 for part in known) and len(shared) == 1
    return Facts(sets, exact) if sets else None
