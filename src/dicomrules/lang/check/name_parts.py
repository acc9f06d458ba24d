"""Parts of a person name, and what ends them: `^` a component, `=` a component group (PS3.5 6.2.1.1).

A text that holds one of them would not stay in the part that it is written to: what follows moves on, a given name to
where middle names stand.
"""

from collections.abc import Iterator

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Term
from dicomrules.program.expression import Call, Choose, Join, Literal, Read
from dicomrules.program.path import Path
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_WITHOUT_DELIMITERS = frozenset({"hash", "keyed_hash", "keyed_uid", "digits_only", "format", "initials"})
"""Functions whose text holds none of them, whatever goes in."""


def stays(ground: Ground, path: Path, text: str, span: Span) -> bool:
    """Whether a literal stays in the part of a name that it is written to; reports when it does not."""
    if not any(mark in text for mark in path.delimiters):
        return True
    why = "`^` and `=` end a component of a name" if path.component else "`=` ends a component group of a name"
    found = diagnose("DR203", span, f"`{path.text}` cannot hold this text", why)
    ground.add(found.with_note("say each component by itself, or set the whole name"))
    return False


def may_leave(place: Place, term: Term) -> str:
    """Why a text may not stay in its part of a name; empty where that is not to be expected."""
    marks = place.path.delimiters
    if not marks or term.constant is not None:
        return ""
    if any(_holds(part, marks) for part in _made_of(term.code)):
        return f"it may hold {' or '.join(f'`{mark}`' for mark in marks)}, which ends this part of a name"
    return ""


def _holds(part: object, marks: str) -> bool:
    match part:
        case Literal(value):
            return any(mark in str(value) for mark in marks)
        case Read(path):
            spoken = path.type in (Type.TEXT, Type.PERSON) or path.steps[-1].vr == "AE"
            return spoken and not set(marks) <= set(path.delimiters)
        case _:
            return False


def _made_of(code: object) -> Iterator[object]:
    """The attributes and literals that a text is made of; what it is only chosen by is none of them."""
    waiting = [code]
    while waiting:
        match here := waiting.pop():
            case Join(parts):
                waiting.extend(parts)
            case Choose(_, arms, default):
                waiting.extend((default, *(arm.result for arm in arms)))
            case Call("first_present", arguments):
                waiting.extend(arguments)
            case Call("person", (_, *others)):
                yield Literal("^" if others else "", Type.TEXT)
            case Call(function, arguments):
                waiting.extend(arguments[:1] if function not in _WITHOUT_DELIMITERS else ())
            case _:
                yield here
