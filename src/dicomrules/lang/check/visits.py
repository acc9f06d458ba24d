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
    """One statement. `under` are the conditions around it with their places; `inside` the steps of its `within`s."""

    statement: Statement
    under: tuple[tuple[Condition, Origin], ...]
    inside: tuple[Step, ...] = ()

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
    yield from _visits(rule.body, under, ())


def _visits(
    body: Sequence[Statement], under: tuple[tuple[Condition, Origin], ...], inside: tuple[Step, ...]
) -> Iterator[Visit]:
    for statement in body:
        yield Visit(statement, under, inside)
        match statement:
            case Within(path, inner):
                here = Visit(statement, under, inside)
                yield from _visits(inner, under, here.steps(path))
            case If(branches, default):
                above = under
                for branch in branches:
                    kept = above if len(above) < _MOST_UNDER else (above[0], *above[2:])
                    above = (*kept, (branch.condition, branch.origin))
                    yield from _visits(branch.body, above, inside)
                yield from _visits(default, above, inside)
