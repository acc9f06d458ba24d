"""Rules that set the same attribute of the same objects: the later one wins, and may not know."""

from collections.abc import Sequence
from itertools import groupby, islice
from operator import itemgetter

from dicomrules.lang.check.block import Mark
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.pairs import Above, Pairs
from dicomrules.lang.check.reads import overlap
from dicomrules.lang.check.rules import Ruled
from dicomrules.program.path import Path
from dicomrules.text.codes.registry import diagnose

_LOOKED_AT = 500
"""How many earlier writers of one attribute, not known to be apart at once, are compared with a later one."""

_Writer = tuple[int, Mark]
"""A rule by its place, and one path that it writes."""


def fights(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Warn of each rule that sets what an earlier one sets, once for each attribute."""
    pairs = Pairs(ground, rules)
    by_top: dict[object, list[_Writer]] = {}
    for index, ruled in enumerate(rules):
        for mark in ruled.marks:
            by_top.setdefault(mark.path.steps[0].tag, []).append((index, mark))
    for writers in by_top.values():
        above = Above()
        seen = 0
        for index, own in groupby(writers, key=itemgetter(0)):
            told: set[Path] = set()
            rivals = [writers[place] for place in islice(above.rivals(pairs.asked(index)), _LOOKED_AT)]
            for _, mark in own:
                earlier = None if mark.path in told else _beaten(pairs, rivals, index, mark)
                if earlier is not None:
                    told.add(mark.path)
                    _report(ground, rules[earlier[0]], rules[index], earlier[1], mark)
                seen += 1
            above.add(seen, pairs.asked(index))


def _beaten(pairs: Pairs, rivals: Sequence[_Writer], index: int, mark: Mark) -> _Writer | None:
    """The nearest rule above that may set the same for one object, and to another end."""
    if mark.override or mark.kind in ("default", "add"):
        return None
    for other, theirs in rivals:
        if pairs.given_up(index):
            return None
        if theirs.kind == "add" or {theirs.kind, mark.kind} <= {"remove", "empty"}:
            continue
        if overlap(theirs.path, mark.path) and not pairs.apart(other, index):
            return other, theirs
    return None


def _report(ground: Ground, earlier: Ruled, later: Ruled, first: Mark, mark: Mark) -> None:
    name = mark.path.text or mark.path.steps[-1].name
    message = f"rules `{earlier.rule.name}` and `{later.rule.name}` both set `{name}`"
    found = diagnose("DR406", mark.span, message, "this one wins where both fire")
    found = found.with_label(first.span, f"set in `{earlier.rule.name}`")
    ground.add(found.with_note("say `override` here if that is meant, else make their conditions exclude each other"))
