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
class Around:
    """A condition around statements with its place; what is around that in turn, the outermost, and how many in all.

    `holds`: it is true there; else it is that of an `unless`, or of a branch above, and is false.
    """

    condition: Condition
    origin: Origin
    holds: bool
    outer: "Around | None"
    outermost: "Around | None"
    count: int

    @classmethod
    def inside(cls, outer: "Around | None", condition: Condition, origin: Origin, *, holds: bool) -> "Around":
        """One more, inside of those."""
        if outer is None:
            return cls(condition, origin, holds, None, None, 1)
        return cls(condition, origin, holds, outer, outer.outermost or outer, outer.count + 1)


@frozen
class Visit:
    """One statement. `around` is the nearest condition around it; `inside` are the steps of its `within`s."""

    statement: Statement
    around: Around | None
    inside: tuple[Step, ...] = ()

    @property
    def under(self) -> list[tuple[Condition, Origin]]:
        """The conditions around it with their places, from outside; where they are many, some are left out."""
        return [(each.condition, each.origin) for each in self._told()]

    @property
    def holding(self) -> tuple[Condition, ...]:
        """Those of the same that are true where it runs."""
        return tuple(each.condition for each in self._told() if each.holds)

    def _told(self) -> list[Around]:
        found: list[Around] = []
        here = self.around
        while here is not None:
            found.append(here)
            here = here.outer if len(found) < _MOST_UNDER - 1 else here.outermost
        return found[::-1]

    @property
    def more(self) -> bool:
        """Whether there are more conditions around it than are told."""
        return self.around is not None and self.around.count > _MOST_UNDER

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
    found: list[Visit] = []
    asked = None
    if guard is not None:
        asked = Around.inside(None, guard.condition, guard.origin, holds=not guard.unless)
    _visit(found, rule.body, asked, ())
    return found


def _visit(found: list[Visit], body: Sequence[Statement], around: Around | None, inside: tuple[Step, ...]) -> None:
    for statement in body:
        here = Visit(statement, around, inside)
        found.append(here)
        match statement:
            case Within(path, inner):
                _visit(found, inner, around, here.steps(path))
            case If(branches, default):
                asked = around
                for branch in branches:
                    taken = Around.inside(asked, branch.condition, branch.origin, holds=True)
                    _visit(found, branch.body, taken, inside)
                    asked = Around.inside(asked, branch.condition, branch.origin, holds=False)
                _visit(found, default, asked, inside)
