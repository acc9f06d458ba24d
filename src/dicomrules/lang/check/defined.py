"""Coded values that PS3.3 does not have: written into an object, or waited for and never seen."""

from collections.abc import Iterator, Sequence

from dicomrules.dicom.defined_terms import DEFINED, ENUMERATED, RETIRED
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.program.expression import Among, Choose, Compare, Literal, Origin, Read
from dicomrules.program.path import Path
from dicomrules.program.ruleset import Program, Rule
from dicomrules.program.statement import Add, Default, Set
from dicomrules.program.walk import inside
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.suggest import did_you_mean, nearest

_MOST_ASKED = 500
"""How many different values are compared with the defined ones, for slips."""

_Use = tuple[int, str, str, Origin, bool]
"""An attribute, its name, a value, where it stands, and whether it is written there."""


def defined(ground: Ground, program: Program, places: Places) -> None:
    """Warn of values that coded attributes do not have."""
    asked: set[str] = set()
    for rule in (*program.rules, *(rule for group in program.groups.values() for rule in group.rules)):
        uses = list(_in(rule))
        mended = {tag for tag, *_, written in uses if written}
        for use in uses:
            if use[4] or use[0] not in mended:  # a rule that mends an attribute asks for what is wrong with it
                _look(ground, places, use, asked)
    for use in _in(program.routes):
        _look(ground, places, use, asked)


def _in(part: Rule | tuple[object, ...]) -> Iterator[_Use]:
    """Every literal that is compared with a coded attribute, or written into one."""
    for one in inside(part):
        match one:
            case Compare("==" | "!=", Read(path), right):
                yield from _literals(path, (right,), one.origin)
            case Among(Read(path), members):
                yield from _literals(path, members, one.origin)
            case Set(target, value, otherwise) | Default(target, value, otherwise) | Add(target, value, otherwise):
                yield from _written(target, (value, otherwise), one.origin)


def _literals(path: Path, values: tuple[object, ...], origin: Origin, *, written: bool = False) -> Iterator[_Use]:
    tag = path.steps[-1].tag
    if isinstance(tag, int) and (tag in ENUMERATED or tag in DEFINED):
        for value in values:
            if isinstance(value, Literal) and isinstance(value.value, str):
                yield tag, path.steps[-1].name, value.value, origin, written


def _written(target: Path, values: tuple[object, ...], origin: Origin) -> Iterator[_Use]:
    """What a statement may write: literals as they are, and those that a `choose` gives. A use at least, if empty."""
    tag = target.steps[-1].tag
    if isinstance(tag, int) and (tag in ENUMERATED or tag in DEFINED):
        yield tag, target.steps[-1].name, "", origin, True
    for value in values:
        results = [value]
        if isinstance(value, Choose):
            results = [value.default, *(arm.result for arm in value.arms)]
        yield from _literals(target, tuple(results), origin, written=True)


def _near(ground: Ground, asked: set[str], value: str, terms: Sequence[str], where: Origin) -> list[str]:
    """The terms that a value is nearly; `asked` are those that were looked at so far."""
    if value not in asked and len(asked) >= _MOST_ASKED:
        ground.unproven[where] = None
        return []
    asked.add(value)
    return nearest(value, terms)


def _look(ground: Ground, places: Places, use: _Use, asked: set[str]) -> None:
    tag, name, text, origin, written = use
    terms = ENUMERATED.get(tag) or DEFINED.get(tag, ())
    value = text.strip()
    if not value or value in terms:
        return
    instead = RETIRED.get(tag, {}).get(value)
    if instead and not written:
        return  # old objects have it
    near = [] if instead or tag in ENUMERATED else _near(ground, asked, value, terms, origin)
    if not near and not instead and tag not in ENUMERATED:
        return
    span = places.text(origin, text)
    if span is None:
        return
    message = f"`{value}` is a retired value of `{name}`" if instead else f"`{name}` has no value `{value}` in PS3.3"
    found = diagnose("DR507", span, message, "written as it is" if written else "never seen in a proper object")
    if instead:
        found = found.with_note(f"today it is `{instead}`")
    else:
        found = found.with_note(did_you_mean(near) or f"it has {', '.join(f'`{term}`' for term in terms)}")
    ground.add(found)
