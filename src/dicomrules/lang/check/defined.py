"""Coded values that PS3.3 does not have: written into an object, or waited for and never seen."""

from collections.abc import Iterator

from dicomrules.dicom.defined_terms import DEFINED, ENUMERATED, RETIRED
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.program.expression import Among, Choose, Compare, Literal, Named, Origin, Read
from dicomrules.program.path import Path
from dicomrules.program.ruleset import Program
from dicomrules.program.statement import Add, Default, Set
from dicomrules.program.walk import inside
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.suggest import did_you_mean, nearest

_MOST_ASKED = 500
"""How many different values are compared with the defined ones, for slips."""

_MOST_USES = 500_000
"""How many values are gone through in all, those in conditions with a name wherever they are used."""

_Use = tuple[int, str, str, Origin, bool]
"""An attribute, its name, a value, where it stands, and whether it is written there."""

_Named = dict[int, tuple[_Use, ...]]
"""What stands in conditions with a name, by their id."""

_Near = dict[tuple[int, str], list[str]]
"""The terms of an attribute that a value is nearly."""


def defined(ground: Ground, program: Program, places: Places) -> None:
    """Warn of values that coded attributes do not have."""
    asked: _Near = {}
    named: _Named = {}
    gone_through = 0
    for rule in (*program.rules, *(rule for group in program.groups.values() for rule in group.rules)):
        uses = list(dict.fromkeys(_in(rule, named)))
        gone_through += len(uses)
        if gone_through > _MOST_USES:
            ground.unproven[rule.origin] = None
            continue
        mended = {tag for tag, *_, written in uses if written}
        for use in uses:
            if use[4] or use[0] not in mended:  # a rule that mends an attribute asks for what is wrong with it
                _look(ground, places, use, asked)
    for use in _in(program.routes, named):
        _look(ground, places, use, asked)


def _in(part: object, named: _Named) -> Iterator[_Use]:
    """Every literal that is compared with a coded attribute, or written into one. `named` are those of conditions with
    a name, which are looked into once.
    """
    for one in inside(part, closed=Named):
        match one:
            case Compare("==" | "!=", Read(path), right):
                yield from _literals(path, (right,), one.origin)
            case Among(Read(path), members):
                yield from _literals(path, members, one.origin)
            case Set(target, value, otherwise) | Default(target, value, otherwise) | Add(target, value, otherwise):
                yield from _written(target, (value, otherwise), one.origin)
            case Named(_, condition):
                if id(condition) not in named:
                    named[id(condition)] = tuple(dict.fromkeys(_in(condition, named)))
                yield from named[id(condition)]


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


def _near(ground: Ground, asked: _Near, tag: int, value: str, where: Origin) -> list[str]:
    """The terms that a value is nearly; `asked` are those that were looked at so far."""
    if (tag, value) not in asked:
        if len(asked) >= _MOST_ASKED:
            ground.unproven[where] = None
            return []
        asked[tag, value] = nearest(value, DEFINED.get(tag, ()))
    return asked[tag, value]


def _look(ground: Ground, places: Places, use: _Use, asked: _Near) -> None:
    tag, name, text, origin, written = use
    terms = ENUMERATED.get(tag) or DEFINED.get(tag, ())
    value = text.strip()
    if not value or value in terms:
        return
    instead = RETIRED.get(tag, {}).get(value)
    if instead and not written:
        return  # old objects have it
    near = [] if instead or tag in ENUMERATED else _near(ground, asked, tag, value, origin)
    if not near and not instead and tag not in ENUMERATED:
        return
    if ground.findings.enough("DR507"):
        ground.unproven[origin] = None
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
