"""The commonest tests by far, one text against constant ASCII texts, without detours: they decide what an object costs.

What they ask is known beforehand, so `sieve` can tell which rules an object fires without asking each of them.
"""

from collections.abc import Callable

from dicomrules.engine import context, read
from dicomrules.engine.compare import composed
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.program.expression import Among, Compare, Condition, Context, Expression, Literal, Read, TextTest
from dicomrules.program.path import Path
from dicomrules.program.types import ABSENT, TEXTUAL, Type

SIMPLE_TEXT = TEXTUAL - {Type.PERSON}

Holds = Callable[[Run], bool]


def quick(scope: Scope, condition: Condition) -> Holds | None:
    """What says whether such a test holds; None for every other condition."""
    wanted = literals_of(condition)
    if wanted is not None:
        subject, literals = wanted
        return _holding(scope, subject, literals.__contains__)
    match condition:
        case TextTest(kind, subject, Literal(str(part))) if part.isascii():
            return _holding(scope, subject, _fits(kind, part))
        case _:
            return None


def literals_of(condition: Condition) -> tuple[Expression, frozenset[str]] | None:
    """The subject of a test, and the texts of which it must be one; None where the test asks for anything else."""
    match condition:
        case Compare("==", subject, Literal(str(text)), kind) if kind in SIMPLE_TEXT:
            wanted = frozenset({text})
        case Among(subject, members, kind, False) if kind in SIMPLE_TEXT:
            wanted = frozenset(one.value for one in members if isinstance(one, Literal) and isinstance(one.value, str))
            if len(wanted) != len(members):
                return None
        case _:
            return None
    return (subject, wanted) if all(text.isascii() for text in wanted) else None


def text_getter(scope: Scope, subject: Expression) -> Getter | None:
    """What yields such a subject: one attribute, or a context name."""
    match subject:
        case Context(name) if name in context.TEXTS:
            text_of = context.TEXTS[name]
            return lambda run: text_of(run.envelope)
        case Read(path) if scope.caches(path) and not read.is_quantified(path):
            return read.value(scope, path)
        case _:
            return None


def _fits(kind: str, part: str) -> Callable[[str], bool]:
    """Whether a text contains, starts with or ends with a part."""
    match kind:
        case "starts":
            return lambda text: (text if text.isascii() else composed(text)).startswith(part)
        case "ends":
            return lambda text: (text if text.isascii() else composed(text)).endswith(part)
        case _:
            return lambda text: part in (text if text.isascii() else composed(text))


def _holding(scope: Scope, subject: Expression, fits: Callable[[str], bool]) -> Holds | None:
    get = text_getter(scope, subject)
    if get is None:
        return None
    if isinstance(subject, Read):
        return _reading(scope, subject.path, get, fits)
    return lambda run: fits(get(run))


def _reading(scope: Scope, path: Path, get: Getter, fits: Callable[[str], bool]) -> Holds:
    """An attribute that has been read already costs one look at its slot."""
    slot = scope.plan.slot("value", path)

    def holds(run: Run) -> bool:
        seen = run.slots[slot]
        if seen.__class__ is not str:
            if seen is ABSENT:
                return False
            seen = get(run)
        return seen.__class__ is str and fits(seen)

    return holds
