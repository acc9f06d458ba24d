"""Statements of a compiled rule one by one, each with the conditions under which it runs and where its paths start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicomrules.program.expression import Condition, Origin
from dicomrules.program.path import Path, Prefix, Step
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import If, Statement, Within

_MOST_UNDER = 50
"""How many conditions around a statement are told: the outermost one and those nearest to it."""


@dataclass(frozen=True, slots=True)
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


def visits(rule: Rule) -> Iterator[Visit]:
    """Every statement of a rule in the order of the text, those inside others after them."""
    guard = rule.guard
    under = () if guard is None else ((guard.condition, guard.origin),)
    yield from _visits(rule.body, under, (), more=False)


def _visits(
    body: Sequence[Statement], under: tuple[tuple[Condition, Origin], ...], inside: tuple[Step, ...], *, more: bool
) -> Iterator[Visit]:
    for statement in body:
        yield Visit(statement, under, inside, more)
        match statement:
            case Within(path, inner):
                here = Visit(statement, under, inside)
                yield from _visits(inner, under, here.steps(path), more=more)
            case If(branches, default):
                above, left_out = under, more
                for branch in branches:
                    if len(above) >= _MOST_UNDER:
                        above, left_out = (above[0], *above[2:]), True
                    above = (*above, (branch.condition, branch.origin))
                    yield from _visits(branch.body, above, inside, more=left_out)
                yield from _visits(default, above, inside, more=left_out)
