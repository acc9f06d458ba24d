"""Attributes that an object must have (PS3.3 Type 1 and 2, PS3.5 7.4), removed or emptied by a rule."""

from collections.abc import Iterable, Iterator

from dicomrules.dicom.modules import ObjectKind, kinds
from dicomrules.dicom.tags import SOP_CLASS_UID
from dicomrules.lang.check.apart import Known, facts
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.visits import Visit
from dicomrules.program.expression import Both
from dicomrules.program.path import Path
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import Empty, Remove
from dicomrules.text.codes.registry import diagnose


def required(ground: Ground, rules: Iterable[Rule], places: Places) -> None:
    """Warn of an attribute taken away from objects all of which must have it."""
    known: Known = {}
    for rule in rules:
        for visit in ground.visits(rule):
            statement = visit.statement
            if isinstance(statement, Empty | Remove) and not statement.targets.anywhere:
                for path in statement.targets.paths:
                    _look(ground, places, visit, path, known, emptied=isinstance(statement, Empty))


def _look(ground: Ground, places: Places, visit: Visit, path: Path, known: Known, *, emptied: bool) -> None:
    tag = visit.alone(path)
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


def _objects(visit: Visit, known: Known) -> tuple[ObjectKind, ...]:
    """The kinds of objects for which a statement may run; all where no condition says which."""
    proven = facts(Both(tuple(condition for condition, _ in visit.under)), known) if visit.under else None
    for subject, values in proven.sets.items() if proven is not None else ():
        if isinstance(subject, Path) and subject.steps[0].tag == SOP_CLASS_UID and len(subject.steps) == 1:
            return kinds(_texts(values))
    return kinds()


def _texts(values: Iterable[object]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))
