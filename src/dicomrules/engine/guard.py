"""The guard of a rule or of an arm: whether it applies, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from dicomrules.engine import match
from dicomrules.engine.explain import telling
from dicomrules.engine.plan import Plan, Scope, tested_for_malformed
from dicomrules.engine.run import Run
from dicomrules.model.decision import Clause
from dicomrules.program.ruleset import Guard


@dataclass(frozen=True, slots=True)
class Gate:
    """A prepared guard: `holds` is the quick test, `tell` the same with its clauses."""

    holds: Callable[[Run], bool]
    tell: Callable[[Run], tuple[Clause, ...]]


def scope_of(plan: Plan, node: object) -> Scope:
    """Where the expressions of a rule or an arm stand."""
    return Scope(plan, match.holds, tested_for_malformed(node))


def gate(scope: Scope, guard: Guard | None) -> Gate:
    """The prepared guard; without one, always open."""
    if guard is None:
        return Gate(lambda run: True, lambda run: ())
    holds, telling_of = match.holds(scope, guard.condition), telling(scope, guard.condition)

    def tell(run: Run) -> tuple[Clause, ...]:
        clauses: list[Clause] = []
        telling_of(run, clauses)
        return tuple(clauses)

    return Gate((lambda run: not holds(run)) if guard.unless else holds, tell)
