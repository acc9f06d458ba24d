"""Levels (S64, S65): what all of a patient or study share is not made of what one series or instance has.

Archives take the patient's and the study's attributes from each instance. One that was made from the series or the
sender differs between the series of a study: the archive then has two studies, or two patients, where there is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dicomrules.dicom.modules import Level, levels_of
from dicomrules.dicom.tags import tag_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.visits import Visit
from dicomrules.program.expression import Choose, Column, Condition, Context, Local, Named, Origin, Read, Truth
from dicomrules.program.path import Path, Prefix
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import Add, Copy, Default, Let, Move, Set, Swap
from dicomrules.program.verdict import Stop
from dicomrules.program.walk import parts
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen

_CONTEXT = {
    **dict.fromkeys(("calling_aet", "called_aet", "calling_ip", "receiver"), Level.SERIES),
    **dict.fromkeys(("received_at", "received_date", "object_size", "source_path", "transfer_syntax"), Level.INSTANCE),
}
"""Context values by the level as which they count: one series comes from one sender."""

_SENDER = frozenset(name for name, level in _CONTEXT.items() if level is Level.SERIES)
_OF_ONE = frozenset(
    map(
        tag_of,
        (
            *("SOPInstanceUID", "InstanceNumber", "InstanceCreationTime", "ContentTime", "AcquisitionTime"),
            *("AcquisitionDateTime", "SliceLocation", "ImagePositionPatient"),
        ),
    )
)
"""Attributes in which the instances of one series differ. Others of the instance often are those of all its series."""

_OF_THE_REQUEST = frozenset(
    map(tag_of, ("RequestedProcedureID", "RequestedProcedureDescription", "RequestedProcedureCodeSequence"))
)
"""In items of a series, and yet of the request that the study answers (PS3.3 C.4.11)."""

_WHAT_RULES_DID = tag_of("OriginalAttributesSequence")
_WORDS = {Level.PATIENT: "patient", Level.STUDY: "study", Level.SERIES: "series", Level.INSTANCE: "instance"}


@frozen
class Source:
    """Something that a value is made of, or that decides about it. `level` is the widest one that it may have.

    `sure`: it differs between the instances of a series, rather than might.
    """

    name: str
    level: Level
    sure: bool = False


@dataclass(slots=True)
class _Sources:
    """What the `let`s of a rule were made of, so far: for the value itself, and what decided about it."""

    made: dict[str, tuple[set[Source], set[Source]]] = field(default_factory=dict)
    _asked: dict[tuple[int, int], frozenset[Source]] = field(default_factory=dict)
    _equal: dict[frozenset[Source], frozenset[Source]] = field(default_factory=dict)

    def deciding(self, visit: Visit) -> set[Source]:
        """The sources of the conditions around a statement; each condition is looked at once, as deep as it stands."""
        different = {id(found): found for condition, _ in visit.under if (found := self._deciding(visit, condition))}
        return set().union(*different.values())

    def _deciding(self, visit: Visit, condition: Condition) -> frozenset[Source]:
        """Those of one condition; sets that are equal are the same, for arm after arm asks the same attribute."""
        key = id(condition), len(visit.inside)
        if key not in self._asked:
            found = frozenset(sources(visit, condition))
            self._asked[key] = self._equal.setdefault(found, found)
        return self._asked[key]

    def of(self, visit: Visit, part: object) -> tuple[set[Source], set[Source]]:
        """The sources of a value, and those of what chooses between values inside it."""
        value: set[Source] = set()
        choice: set[Source] = set()
        waiting: list[tuple[object, set[Source]]] = [(part, value)]
        while waiting:
            here, into = waiting.pop()
            match here:
                case Read(path):
                    into.update(_path(visit, path))
                case Context(name):
                    into.add(_context(name))
                case Local(name) | Column(name, _):
                    known = self.made.get(name, (set(), set()))
                    into |= known[0]
                    choice |= known[1]
                case Choose(subject, arms, default):
                    waiting += [(subject, choice), (default, into)]
                    waiting += [(arm.result, into) for arm in arms]
                case Truth(condition):
                    into |= set(sources(visit, condition))
                case _:
                    waiting += [(one, into) for one in _parts(here)]
        return value, choice


def _parts(value: object) -> Iterable[object]:
    """What a value is made of directly."""
    return () if isinstance(value, Path) else parts(value)


def _context(name: str) -> Source:
    return Source(name, _CONTEXT[name], sure=name in ("received_at", "object_size", "source_path"))


def _path(visit: Visit, path: Path) -> Iterator[Source]:
    if path.prefix is Prefix.META:
        yield Source(path.text or path.steps[0].name, Level.INSTANCE, sure=True)
        return
    steps = visit.steps(path)
    last = steps[-1].tag
    found = levels_of(visit.top(path))
    if not found or visit.top(path) == _WHAT_RULES_DID:
        return
    level = found[0]
    if len(steps) > 1 and isinstance(last, int):
        own = levels_of(last)
        level = Level.STUDY if last in _OF_THE_REQUEST else min(level, own[0]) if own else level
    yield Source(steps[0].name, level, sure=level is Level.INSTANCE and last in _OF_ONE)


def sources(visit: Visit, condition: Condition) -> Iterator[Source]:
    """What a condition looks at. Senders in a condition with a name are none: it says which site they make up."""
    waiting: list[tuple[object, bool]] = [(condition, False)]
    seen: set[int] = set()
    while waiting:
        here, named = waiting.pop()
        if isinstance(here, Named):
            if id(here.condition) in seen:
                continue
            seen.add(id(here.condition))
        match here:
            case Read(path):
                yield from _path(visit, path)
            case Context(name):
                if not (named and name in _SENDER):
                    yield _context(name)
            case _:
                named = named or isinstance(here, Named)
                waiting.extend((part, named) for part in _parts(here))


def levels(ground: Ground, rules: Iterable[Rule], places: Places) -> None:
    """Report what is written at a level above that of its sources."""
    for rule in rules:
        if ground.findings.enough("DR502") or ground.findings.enough("DR503"):
            ground.unproven[rule.origin] = None
            continue
        known = _Sources()
        split: list[tuple[Visit, Path, Sequence[Source], Origin]] = []
        for visit in ground.visits(rule):
            statement = visit.statement
            if isinstance(statement, Let):
                made, chosen = known.of(visit, (statement.value, statement.otherwise))
                known.made[statement.name] = (made, chosen | known.deciding(visit))
                continue
            for target, value in _writes(statement):
                level = _level(visit, target)
                if level is None:
                    continue
                made, chosen = known.of(visit, value)
                below = _below(level, made)
                if below:
                    _made_of(ground, places, visit, target, below)
                elif level < Level.SERIES and not _meant(statement):
                    found = _below(Level.STUDY, _without_date(chosen | known.deciding(visit)))
                    if found:
                        split.append((visit, target, found, statement.origin))  # type: ignore[union-attr]
                    elif visit.more:
                        ground.unproven[statement.origin] = None  # type: ignore[union-attr]
        if split:
            _decided_by(ground, places, split)


def _without_date(found: set[Source]) -> set[Source]:
    """`received_date` may stand in any condition (S65)."""
    return {source for source in found if source.name != "received_date"}


def _meant(statement: object) -> bool:
    """Whether the author says so, or only what is blank is filled."""
    return isinstance(statement, Default) or (isinstance(statement, Set) and statement.override)


def _level(visit: Visit, target: Path) -> Level | None:
    """The level of a target where a value may be too low for it: the lowest one that it may have."""
    found = levels_of(visit.top(target))
    return found[-1] if found and found[-1] < Level.INSTANCE else None


def _writes(statement: object) -> list[tuple[Path, object]]:
    """What a statement writes, and from what. Emptying and removing have no source of value."""
    match statement:
        case Set(target, value, otherwise) | Default(target, value, otherwise) | Add(target, value, otherwise):
            return [(target, (value, None if isinstance(otherwise, Stop) else otherwise))]
        case Copy(source, target) | Move(source, target):
            return [(target, Read(source))]
        case Swap(first, second):
            return [(first, Read(second)), (second, Read(first))]
        case _:
            return []


def _below(level: Level, found: set[Source]) -> list[Source]:
    """The sources below a level, those of the sender first.

    For a patient's attribute a study's is good enough: it does not split a study. What a series takes from its
    instances is left alone unless they differ.
    """
    limit = max(level, Level.STUDY)
    below = [source for source in found if source.level > limit and (level < Level.SERIES or source.sure)]
    return sorted(below, key=lambda one: (one.name not in _SENDER, one.name))


def _made_of(ground: Ground, places: Places, visit: Visit, target: Path, below: Sequence[Source]) -> None:
    where = visit.statement.origin  # type: ignore[union-attr]  # every statement that writes has one
    span = places.names(where, below[0].name)
    level = _level(visit, target)
    if span is None or level is None:
        return
    name, source = visit.steps(target)[0].name, below[0]
    what = f"`{source.name}` {_kind(source)}"
    found = diagnose("DR502", span, f"`{name}` belongs to the {_WORDS[level]}, and {what}", _label(source))
    if level is Level.SERIES:
        ground.add(found.with_note("instances of one series would disagree about it"))
        return
    found = found.with_note(f"series of one study would get different values of `{name}`: the archive splits the study")
    for note in _ways_out(source, name):
        found = found.with_note(note)
    ground.add(found)


def _kind(source: Source) -> str:
    if source.name in _SENDER:
        return "may differ between series of one study"
    return "differs from instance to instance" if source.level is Level.INSTANCE else "belongs to a series"


def _label(source: Source) -> str:
    return "of the sender" if source.name in _SENDER else f"of the {_WORDS[source.level]}"


_SITE = '`condition at_site_a = {} in ["CT_A1", "MR_A1"]`, `when at_site_a`'


def _ways_out(source: Source, name: str) -> list[str]:
    if source.name in _SENDER:
        return [
            f"name the value in the rule and let `{source.name}` only decide whether the rule fires, one rule a site:",
            _SITE.format(source.name) + f', `set {name} = "SITEA-" + …`',
        ]
    if source.name in ("received_at", "received_date"):
        return ["images of one study come in on two days: take the date from the study, or give it by a `parameter`"]
    return [f"make `{name}` of what the patient or the study has, or give it by a `parameter`"]


def _decided_by(ground: Ground, places: Places, split: Sequence[tuple[Visit, Path, Sequence[Source], Origin]]) -> None:
    """One finding a rule: its first statement, with what decides."""
    visit, target, found, where = split[0]
    span = places.names(where, target.text)
    if span is None:
        return
    source = found[0]
    names = list(dict.fromkeys(one[0].steps(one[1])[0].name for one in split))
    shown = f"`{names[0]}`" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    verb = "are" if len(names) > 1 else "is"
    message = f"whether {shown} {verb} set depends on `{source.name}`, which {_kind(source)}"
    made = diagnose("DR503", span, message, f"of the {_WORDS[levels_of(visit.top(target))[0]]}")
    for condition, origin in visit.under:
        if any(one.name == source.name for one in sources(visit, condition)):
            near = places.names(origin, source.name)
            made = made if near is None else made.with_label(near, _label(source))
            break
    made = made.with_note("series of one study may disagree then: the archive splits the study, or the patient")
    if source.name in _SENDER:
        made = made.with_note(
            "list all machines of the site in a condition, and ask for that: " + _SITE.format(source.name)
        )
    ground.add(made.with_note("if all series of a study are treated alike here, say `override` after the value"))
