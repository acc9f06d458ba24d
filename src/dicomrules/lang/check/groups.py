"""Groups: rules that run where a route says `through` them, checked as if they stood after all other rules."""

from collections.abc import Sequence

from dicomrules.lang import ast
from dicomrules.lang.check import rules
from dicomrules.lang.check.fights import fights
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.shifts import Shifts, needed
from dicomrules.lang.check.written import Written
from dicomrules.program.ruleset import Group


def groups(ground: Ground, items: Sequence[ast.Group], ruled: Sequence[rules.Ruled]) -> dict[str, Group]:
    """All groups by name; `ruled` are the rules outside, which have run before."""
    written = Written()
    written.add(mark.path for one in ruled for mark in one.marks)
    shifts = Shifts(ground, ruled)
    return {item.name.text: _group(ground, item, written, shifts) for item in items}


def _group(ground: Ground, item: ast.Group, written: Written, shifts: Shifts) -> Group:
    made: list[rules.Ruled] = []
    seen = written.copy()
    ground.group = item.name.text
    for node in item.rules:
        one = rules.rule(ground, node, seen)
        made.append(one)
        seen.add(mark.path for mark in one.marks)
    ground.group = ""
    fights(ground, made)
    if any(one.shifts for one in made):
        Shifts(ground, made, shifts)
    needed(ground, made)
    title = item.title.value if item.title is not None else ""
    return Group(item.name.text, tuple(one.rule for one in made), title, origin(item.name))
