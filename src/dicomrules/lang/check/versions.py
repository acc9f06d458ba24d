"""What rules write, rule by rule: a value that was written in between is another value for a proof."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from dicomrules.lang.check.ground import LOOKED_AT, Ground
from dicomrules.lang.check.overlap import appended, looked_at, made_on_the_way, may_overlap, tops
from dicomrules.lang.check.proof import Claim, Unsure
from dicomrules.lang.check.visits import Visit
from dicomrules.program.path import Path, Pick, Prefix, Where
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import (
    Add,
    Copy,
    Default,
    Empty,
    If,
    Let,
    Move,
    RemapUids,
    Remove,
    Set,
    ShiftDates,
    Swap,
    Within,
)
from dicomrules.program.verdict import Stop

Written = Path | frozenset[str] | None
"""A path, or every element of some VRs at every depth, or None: nothing says what is written, it may be anything."""

_OF_VRS = {ShiftDates: frozenset(("DA", "DT", "UN")), RemapUids: frozenset(("UI", "UN"))}
"""What statements about the whole object write. Where the VR of a private element is not known, it may be any."""


class Versions:
    """How often a path has been written, by the rules in their order; those of `before` come before them."""

    def __init__(self, ground: Ground, rules: Sequence[Rule], before: "Versions | None" = None) -> None:
        self._ground, self._before = ground, before
        self._count: int = len(rules) + (before._count if before is not None else 0)
        self._anything: list[int] = []
        self._of_vrs: list[tuple[int, frozenset[str]]] = []
        self._by_top: dict[object, list[tuple[int, Path]]] = {}
        self._indexes: dict[Path, list[int] | None] = {}
        self._same: dict[int, tuple[Path, list[int] | None]] = {}
        for index, rule in enumerate(rules, self._count - len(rules)):
            for path in written(ground, rule):
                if path is None:
                    self._anything.append(index)
                elif isinstance(path, frozenset):
                    self._of_vrs.append((index, path))
                else:
                    self._by_top.setdefault(path.steps[0].tag, []).append((index, path))

    def __call__(self, path: Path, claim: Claim) -> object:
        """Differs for two claims when the path may have been written between them."""
        if path.prefix in (Prefix.ORIGINAL, Prefix.META):
            return 0
        indexes = self._written(path)
        if indexes is None:
            return Unsure(claim.at, claim.place)
        at = bisect_left(indexes, claim.at)
        own = claim.place and at < len(indexes) and indexes[at] == claim.at
        return (at, claim.place) if own else at

    def _written(self, path: Path) -> list[int] | None:
        """The rules that may write a path; None where that would be too much to look at."""
        known = self._same.get(id(path))
        if known is not None:
            return known[1]
        if not (self._anything or self._of_vrs or any(top in self._by_top for top in tops(path, self._ground.tops))):
            return self._before._written(path) if self._before is not None else []
        if path not in self._indexes:
            self._indexes[path] = self._found(path)
        self._same[id(path)] = (path, self._indexes[path])
        return self._indexes[path]

    def _found(self, path: Path) -> list[int] | None:
        earlier = self._before._written(path) if self._before is not None else []
        if earlier is None or not self._ground.compare(len(self._of_vrs) + len(self._anything) + len(earlier)):
            return None
        found = set(self._anything)
        found.update(index for index, vrs in self._of_vrs if _asks(path, vrs))
        for one in looked_at(path):
            marks = self._by_top.get(one.steps[0].tag, ())
            if not self._ground.compare(LOOKED_AT + len(marks)):
                return None
            found.update(index for index, mark in marks if may_overlap(mark, one))
        return [*earlier, *sorted(found)] if found else earlier


def _asks(path: Path, vrs: frozenset[str]) -> bool:
    """Whether a path leads to an element of these VRs, or may look at one on its way."""
    return path.steps[-1].vr in vrs or any(isinstance(step.selector, Where) for step in path.steps)


def written(ground: Ground, rule: Rule) -> Iterator[Written]:
    """Every path that a rule may write, from the data set."""
    for visit in ground.visits(rule):
        yield from _written_by(visit)


def _written_by(visit: Visit) -> Iterator[Written]:
    match visit.statement:
        case Set(target) | Default(target):
            yield _absolute(visit, target)
            if visit.statement.creating:
                yield from made_on_the_way(_absolute(visit, target))
        case Add(target) | Copy(_, target):
            yield appended(path := _absolute(visit, target)) or path
        case Move(first, second) | Swap(first, second):
            yield _absolute(visit, first)
            yield _absolute(visit, second)
        case Empty(targets) | Remove(targets):
            yield from (_absolute(visit, path) for path in targets.paths)
            if targets.sets or targets.anywhere:
                yield None
        case Within(path):
            if path.steps[-1].selector is Pick.NEW:
                yield _absolute(visit, path)
        case ShiftDates() | RemapUids():
            yield _OF_VRS[type(visit.statement)]
        case Let() | If() | Stop():
            return
        case _:
            yield None


def _absolute(visit: Visit, path: Path) -> Path:
    return path.moved(visit.steps(path), Prefix.CURRENT)
