"""Statements of a compiled rule one by one, each with the conditions under which it runs and where its paths start."""

from collections.abc import Sequence

from dicomrules.program.expression import Condition, Origin
from dicomrules.program.path import Path, Prefix, Step
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import If, Statement, Within
from dicomrules.text.frozen import frozen

_MOST_UNDER = 50
"""How many conditions around a statement are told: the outermost one and those nearest to it."""


@frozen
class Visit:
    """One statement. `under` are the conditions around it with their places; `inside` the steps of its `within`s.

    `more`: there are more conditions around it than are told.
    """

    statement: Statement
    under: tuple[tuple[Condition, Origin], ...]
    inside: tuple[Step, ...] = ()
    more: bool = False

    def steps(self, path: Path) -> tuple[Step, ...]:
        """The steps of a path of this statement, from the data set."""
        return (*self.inside, *path.steps) if path.prefix is Prefix.HERE else path.steps

    def top(self, path: Path) -> int:
        """The tag at the top of the data set that a path starts with; 0 for a private element and the file meta."""
        tag = self.steps(path)[0].tag
        return tag if isinstance(tag, int) and path.prefix is not Prefix.META else 0

    def alone(self, path: Path) -> int:
        """The tag of an attribute at the top of the data set; 0 for any other."""
        return self.top(path) if len(self.steps(path)) == 1 else 0


def visits(rule: Rule) -> list[Visit]:
    """Every statement of a rule in the order of the text, those inside others after them."""
    guard = rule.guard
    under = () if guard is None else ((guard.condition, guard.origin),)
    found: list[Visit] = []
    _visit(found, rule.body, under, (), more=False)
    return found


def _visit(
    found: list[Visit],
    body: Sequence[Statement],
    under: tuple[tuple[Condition, Origin], ...],
    inside: tuple[Step, ...],
    *,
    more: bool,
) -> None:
    for statement in body:
        here = Visit(statement, under, inside, more)
        found.append(here)
        match statement:
            case Within(path, inner):
                _visit(found, inner, under, here.steps(path), more=more)
            case If(branches, default):
                above, left_out = under, more
                for branch in branches:
                    if len(above) >= _MOST_UNDER:
                        above, left_out = (above[0], *above[2:]), True
                    above = (*above, (branch.condition, branch.origin))
                    _visit(found, branch.body, above, inside, more=left_out)
                _visit(found, default, above, inside, more=left_out)
