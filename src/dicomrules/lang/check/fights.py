"""Rules that set the same attribute of the same objects: the later one wins, and may not know."""

from collections.abc import Sequence

from dicomrules.lang.check.apart import Facts, exclude, facts_of
from dicomrules.lang.check.block import Mark
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.proof import Prover, claim
from dicomrules.lang.check.reads import overlap
from dicomrules.lang.check.rules import Ruled
from dicomrules.lang.check.versions import Versions
from dicomrules.program.path import Path
from dicomrules.text.codes.registry import diagnose

_LOOKED_AT = 500
"""How many earlier writers of one attribute are compared with a later one."""


class _Writers:
    """Who writes what, by the attribute at the top of the data set."""

    def __init__(self, ground: Ground, rules: Sequence[Ruled]) -> None:
        self.rules = rules
        self.claims = [claim(ruled.rule.guard, index) for index, ruled in enumerate(rules)]
        self.versions = Versions([ruled.rule for ruled in rules])
        self.prover = Prover(self.versions, given_up=ground.unproven)
        self.facts = [facts_of(ruled.rule.guard) for ruled in rules]
        self.by_top: dict[object, list[tuple[int, Mark]]] = {}
        self._apart: dict[tuple[int, int], bool] = {}
        for index, ruled in enumerate(rules):
            for mark in ruled.marks:
                self.by_top.setdefault(mark.path.steps[0].tag, []).append((index, mark))

    def between(self, path: Path, first: int, last: int) -> bool:
        """Whether one of the rules from `first` up to, without, `last` writes a path."""
        return self.versions(path, self.claims[first]) != self.versions(path, self.claims[last])

    def apart(self, first: int, last: int) -> bool:
        """Whether two rules are proven never to fire for the same object."""
        if (first, last) not in self._apart:
            self._apart[first, last] = self._proven(first, last)
        return self._apart[first, last]

    def _proven(self, first: int, last: int) -> bool:
        one: Facts | None = self.facts[first]
        for subject in exclude(one, self.facts[last]):
            if isinstance(subject, str) or not self.between(subject, first, last):
                return True
        return self._never(first, last)

    def _never(self, first: int, last: int) -> bool:
        """Whether their conditions are proven never to hold for one object. Too much to look at: nothing is said."""
        one, other = self.claims[first], self.claims[last]
        if not self.prover.subjects(one.condition) & self.prover.subjects(other.condition):
            return False
        about = self.rules[last].rule.origin
        return self.prover.never([one, other], about) or about in self.prover.given_up


def fights(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Warn of each rule that sets what an earlier one sets, once for each attribute."""
    writers = _Writers(ground, rules)
    for marks in writers.by_top.values():
        told: set[tuple[int, Path]] = set()
        for place, (index, mark) in enumerate(marks):
            if mark.override or mark.kind in ("default", "add") or (index, mark.path) in told:
                continue
            earlier = _earlier(writers, marks[max(0, place - _LOOKED_AT) : place], index, mark)
            if earlier is not None:
                told.add((index, mark.path))
                _report(ground, rules[earlier[0]], rules[index], earlier[1], mark)


def _earlier(writers: _Writers, above: Sequence[tuple[int, Mark]], index: int, mark: Mark) -> tuple[int, Mark] | None:
    """The nearest rule above that sets the same and may fire for the same object."""
    for other, theirs in reversed(above):
        if other == index or theirs.kind == "add" or {theirs.kind, mark.kind} <= {"remove", "empty"}:
            continue
        if overlap(theirs.path, mark.path) and not writers.apart(other, index):
            return other, theirs
    return None


def _report(ground: Ground, earlier: Ruled, later: Ruled, first: Mark, mark: Mark) -> None:
    name = mark.path.text or mark.path.steps[-1].name
    message = f"rules `{earlier.rule.name}` and `{later.rule.name}` both set `{name}`"
    found = diagnose("DR406", mark.span, message, "this one wins where both fire")
    found = found.with_label(first.span, f"set in `{earlier.rule.name}`")
    ground.add(found.with_note("say `override` here if that is meant, else make their conditions exclude each other"))
