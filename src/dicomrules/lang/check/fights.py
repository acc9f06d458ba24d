"""Rules that set the same attribute of the same objects: the later one wins, and may not know."""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter

from dicomrules.lang.check.block import Mark
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.overlap import appended, surely_overlap
from dicomrules.lang.check.pairs import Above, Pairs
from dicomrules.lang.check.rules import Ruled
from dicomrules.program.path import Path
from dicomrules.text.codes.registry import diagnose

_LOOKED_AT = 500
"""How many earlier writers of one attribute, not known to be apart at once, are compared with a later one."""

_TAKES_AWAY = {"remove": "removes", "empty": "empties"}

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
            if ground.findings.enough("DR406"):
                ground.unproven[rules[index].rule.origin] = None
                continue
            told: set[Path] = set()
            for _, mark in own:
                rivals = (writers[place] for place in islice(above.rivals(pairs.asked(index)), _LOOKED_AT))
                earlier = None if mark.path in told else _beaten(ground, pairs, rivals, index, mark)
                if earlier is not None:
                    told.add(mark.path)
                    _report(ground, rules[earlier[0]], rules[index], earlier[1], mark)
                seen += 1
            above.add(seen, pairs.asked(index))


def _beaten(ground: Ground, pairs: Pairs, rivals: Iterable[_Writer], index: int, mark: Mark) -> _Writer | None:
    """The nearest rule above that may set the same for one object, and to another end."""
    if mark.override or mark.idle or mark.kind in ("default", "add") or appended(mark.path):
        return None
    for other, theirs in rivals:
        if pairs.given_up(index):
            return None
        if not ground.compare(1):
            pairs.give_up(index)
            return None
        if theirs.kind == "add" or theirs.idle or {theirs.kind, mark.kind} <= {"remove", "empty"}:
            continue
        if not appended(theirs.path) and surely_overlap(theirs.path, mark.path) and not pairs.apart(other, index):
            return other, theirs
    return None


def _report(ground: Ground, earlier: Ruled, later: Ruled, first: Mark, mark: Mark) -> None:
    name = mark.path.text or mark.path.steps[-1].name
    if mark.kind in _TAKES_AWAY:
        message = f"rule `{later.rule.name}` {_TAKES_AWAY[mark.kind]} `{name}`, which rule `{earlier.rule.name}` sets"
    elif first.kind in _TAKES_AWAY:
        message = f"rule `{later.rule.name}` sets `{name}`, which rule `{earlier.rule.name}` {_TAKES_AWAY[first.kind]}"
    else:
        message = f"rules `{earlier.rule.name}` and `{later.rule.name}` both set `{name}`"
    found = diagnose("DR406", mark.span, message, "this one wins where both fire")
    done = {"remove": "removed", "empty": "emptied"}.get(first.kind, "set")
    found = found.with_label(first.span, f"{done} in `{earlier.rule.name}`")
    ground.add(found.with_note(_way_out(earlier, mark)))


def _way_out(earlier: Ruled, mark: Mark) -> str:
    """Only `set` can say `override`; for everything else the rules themselves must say when which of them acts."""
    if mark.kind == "set":
        return "say `override` here if that is meant, else make their conditions exclude each other"
    name = earlier.rule.name
    return f"let their conditions exclude each other: in `{name}` ask for the opposite of what this rule asks for"
