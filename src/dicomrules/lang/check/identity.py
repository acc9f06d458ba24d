"""Who the patient is, taken away in one place and left in another.

Looked at only where a rule shows that identity is to go: the number becomes a pseudonym, or the name is taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dicomrules.dicom.tags import tag_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.visits import Visit
from dicomrules.program.expression import Call, Origin, Read
from dicomrules.program.ruleset import Program, Rule
from dicomrules.program.statement import Add, Copy, Default, Empty, KeepOnly, Move, Remove, RemovePrivate, Set, Swap
from dicomrules.program.walk import inside
from dicomrules.text.codes.registry import diagnose

_ID, _NAME = tag_of("PatientID"), tag_of("PatientName")
_COPIES = ("OtherPatientIDsSequence", "OtherPatientNames")


@dataclass(slots=True)
class _Seen:
    """What some rules do about identity. `sweeps`: they also write what they do not name."""

    written: set[int] = field(default_factory=set)
    hashed: Origin | None = None
    nameless: Origin | None = None
    private: bool = False
    sweeps: bool = False

    def then(self, other: "_Seen") -> "_Seen":
        """What both do."""
        return _Seen(
            self.written | other.written,
            self.hashed or other.hashed,
            self.nameless or other.nameless,
            self.private or other.private,
            self.sweeps or other.sweeps,
        )


def identity(ground: Ground, program: Program, places: Places) -> None:
    """Warn where a patient's number, name or private elements stay while the others go."""
    before = _seen(ground, program.rules)
    _look(ground, places, before, before)
    for group in program.groups.values():
        _look(ground, places, before, _seen(ground, group.rules))


def _look(ground: Ground, places: Places, before: _Seen, shown: _Seen) -> None:
    """`shown` is what is looked at, and `before` what rules before it do."""
    where = shown.hashed or shown.nameless
    if where is None:
        return
    span = places.span(where)
    if span is None:
        return
    seen = before.then(shown)
    stays = "" if seen.sweeps else _stays(seen)
    if stays:
        found = diagnose("DR504", span, f"the patient's identity goes here, and `{stays}` stays", "rewritten")
        how = f"`remove {stays} anywhere`" if stays in _COPIES else f"`set {stays} = …`, `empty {stays}`"
        ground.add(found.with_note(f"say what happens to it too: {how}"))
    if not seen.private:
        found = diagnose("DR506", span, "the patient's identity goes here, and private elements stay", "rewritten")
        found = found.with_note("makers write names and numbers into them as well")
        ground.add(found.with_note('say `remove private`, or which may stay: `remove private except "CREATOR"`'))


def _stays(seen: _Seen) -> str:
    """What still says who the patient is; empty when nothing is known of."""
    if seen.hashed is not None and _NAME not in seen.written:
        return "PatientName"
    if seen.nameless is not None and _ID not in seen.written:
        return "PatientID"
    copies = [name for name in _COPIES if tag_of(name) not in seen.written] if seen.hashed is not None else []
    return copies[0] if copies else ""


def _seen(ground: Ground, rules: Sequence[Rule]) -> _Seen:
    seen = _Seen()
    for rule in rules:
        for visit in ground.visits(rule):
            _note(seen, visit)
    return seen


def _note(seen: _Seen, visit: Visit) -> None:
    match visit.statement:
        case Set(target, value) | Default(target, value) | Add(target, value):
            seen.written.add(visit.top(target))
            if visit.alone(target) == _ID and _is_hashed(value):
                seen.hashed = seen.hashed or visit.statement.origin
        case Copy(_, target):
            seen.written.add(visit.top(target))
        case Move(first, second) | Swap(first, second):
            seen.written.update((visit.top(first), visit.top(second)))
        case Empty(targets) | Remove(targets):
            seen.written.update(visit.top(path) for path in targets.paths)
            seen.sweeps = seen.sweeps or bool(targets.sets)
            if any(visit.alone(path) == _NAME for path in targets.paths):
                seen.nameless = seen.nameless or visit.statement.origin
        case RemovePrivate():
            seen.private = True
        case KeepOnly():
            seen.private = seen.sweeps = True
        case other:
            if type(other).__name__ == "Deidentify":
                seen.private = seen.sweeps = True


def _is_hashed(value: object) -> bool:
    """Whether a value is made from the patient's number, and can no longer be traced to it."""
    for part in inside(value):
        if isinstance(part, Call) and part.function == "keyed_hash":
            return any(isinstance(read, Read) and read.path.steps[0].tag == _ID for read in inside(part))
    return False
