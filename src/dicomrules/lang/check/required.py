"""Attributes that an object must have (PS3.3 Type 1 and 2, PS3.5 7.4), removed, emptied or not kept by a rule."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as SetOf
from dataclasses import replace

from dicomrules.dicom.measured import ALWAYS, MEASURED
from dicomrules.dicom.modules import ObjectKind, kinds
from dicomrules.dicom.tags import SOP_CLASS_UID, keyword_of, vr_of
from dicomrules.lang.check.apart import Known, facts
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.visits import Visit
from dicomrules.program.expression import Both
from dicomrules.program.path import Path
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import (
    Copy,
    Default,
    Empty,
    KeepOnly,
    Move,
    Remove,
    Set,
    Swap,
    TagSet,
    Targets,
)
from dicomrules.text.codes.registry import diagnose

_MOST_NAMED = 12
"""How many attributes a finding names."""


def required(ground: Ground, rules: Iterable[Rule], places: Places) -> None:
    """Warn of an attribute taken away from objects all of which must have it."""
    known: Known = {}
    needed: dict[tuple[type, tuple[str, ...]], frozenset[int]] = {}
    many: list[Visit] = []
    written: set[int] = set()
    for rule in rules:
        for visit in ground.visits(rule):
            match statement := visit.statement:
                case Empty(targets) | Remove(targets):
                    for path in dict.fromkeys(targets.paths):
                        _look(ground, places, visit, path, known, emptied=isinstance(statement, Empty))
                    if targets.sets and not visit.inside:
                        many.append(visit)
                case Set(target) | Default(target) | Copy(_, target):
                    written.add(visit.alone(target))
                case Move(one, other) | Swap(one, other):
                    written.update((visit.alone(one), visit.alone(other)))
                case KeepOnly() if not visit.inside:
                    many.append(visit)
    for visit in many:
        if ground.findings.enough("DR505"):
            ground.unproven[visit.statement.origin] = None  # type: ignore[union-attr]  # each of the three has one
            continue
        objects = _objects(visit, known)
        key = type(visit.statement), tuple(each.name for each in objects)
        if objects and key not in needed:
            needed[key] = _needed(visit, objects)
        if objects:
            _look_at_many(ground, places, visit, objects, needed[key] - written)


def _look(ground: Ground, places: Places, visit: Visit, path: Path, known: Known, *, emptied: bool) -> None:
    tag = visit.alone(path)
    if tag and ground.findings.enough("DR505"):
        ground.unproven[visit.statement.origin] = None  # type: ignore[union-attr]  # one of the two has one
        return
    objects = _objects(visit, known) if tag else ()
    if not objects:
        return
    if all(tag in each.type1 for each in objects):
        kind = 1
    elif not emptied and all(tag in each.type1 or tag in each.type2 for each in objects):
        kind = 2
    else:
        if visit.more and any(tag in each.type1 or tag in each.type2 for each in objects):
            ground.unproven[visit.statement.origin] = None  # type: ignore[union-attr]  # one of the two has one
        return
    span = places.names(visit.statement.origin, path.text)  # type: ignore[union-attr]  # one of the two has one
    if span is None:
        return
    name = path.steps[0].name
    where = "in every object" if len(objects) > 1 else f"in {objects[0].name}"
    message = f"`{name}` is Type {kind} {where}, and this {'empties' if emptied else 'removes'} it"
    found = diagnose("DR505", span, message, "must have a value" if kind == 1 else "must be there, and may be empty")
    ground.add(found.with_note("set it to another value" if kind == 1 else f"say `empty {name}`"))


def _needed(visit: Visit, objects: tuple[ObjectKind, ...]) -> frozenset[int]:
    """What all of these objects must have that a statement may take away."""
    if isinstance(visit.statement, Empty):
        return frozenset.intersection(*(each.type1 for each in objects))
    needed = frozenset.intersection(*(each.type1 | each.type2 for each in objects))
    return needed - ALWAYS - MEASURED if isinstance(visit.statement, KeepOnly) else needed


def _look_at_many(
    ground: Ground, places: Places, visit: Visit, objects: tuple[ObjectKind, ...], needed: SetOf[int]
) -> None:
    """What sets of tags and masks take away, and what a `keep only` does not name; some rule may write it again."""
    statement = visit.statement
    assert isinstance(statement, Empty | Remove | KeepOnly)
    if visit.more or not ground.compare(_size(statement.targets)):
        ground.unproven[statement.origin] = None
        return
    keeps, emptied = isinstance(statement, KeepOnly), isinstance(statement, Empty)
    meant = statement.targets if keeps else replace(statement.targets, paths=())  # those are told one by one
    lost = [keyword_of(tag) for tag in sorted(needed) if _named(meant, tag) is not keeps]
    node = places.node(statement.origin) if lost else None
    if node is None:
        return
    where = "in every object" if len(objects) > 1 else f"in {objects[0].name}"
    what = "empties what is Type 1" if emptied else "takes away what is Type 1 or 2"
    found = diagnose("DR505", node.span, f"this {what} {where}: {_listed(lost)}", "must be there")
    if keeps:
        found = found.with_note("name them too; `empty` those that nobody shall see")
    elif emptied:
        found = found.with_note("name them after `except`, and set them to another value")
    else:
        found = found.with_note("name them after `except`; `empty` those that nobody shall see")
    ground.add(found)


def _size(targets: Targets) -> int:
    """How much there is to look at in a list of targets."""
    masks = sum(len(one.masks) + (len(one.excepted.masks) if one.excepted else 0) for one in targets.sets)
    return 1 + len(targets.paths) + masks + (_size(targets.excepted) if targets.excepted else 0)


def _named(targets: Targets, tag: int) -> bool:
    """Whether an attribute at hand is one of those that are meant."""
    if targets.excepted is not None and _named(targets.excepted, tag):
        return False
    return any(len(path.steps) == 1 and path.steps[0].tag == tag for path in targets.paths) or any(
        _in_set(one, tag) for one in targets.sets
    )


def _in_set(one: TagSet, tag: int) -> bool:
    fits = tag in one.tags or vr_of(tag) in one.vrs or any(tag & mask == wanted for mask, wanted in one.masks)
    return fits and not (one.excepted is not None and _in_set(one.excepted, tag))


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def _objects(visit: Visit, known: Known) -> tuple[ObjectKind, ...]:
    """The kinds of objects for which a statement may run; all where no condition says which."""
    holding = visit.holding
    proven = facts(Both(holding), known) if holding else None
    for subject, values in proven.sets.items() if proven is not None else ():
        if isinstance(subject, Path) and subject.steps[0].tag == SOP_CLASS_UID and len(subject.steps) == 1:
            return kinds(_texts(values))
    return kinds()


def _texts(values: Iterable[object]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))
