"""A decided object with its edit tree still open: what the tests of a rule file ask."""

from collections.abc import Mapping

from dicomrules.dicom.edit import DataSet
from dicomrules.engine.explain import telling
from dicomrules.engine.halt import Halt
from dicomrules.engine.match import holds
from dicomrules.engine.plan import Plan, Scope, read_places
from dicomrules.engine.run import UNREAD, Run
from dicomrules.model.decision import Clause, Decision
from dicomrules.program.expression import Condition


class Attempt:
    """One object as it was decided. After a verdict it is as far rewritten as the rules came."""

    __slots__ = ("_plan", "_run", "_variants", "decision")

    def __init__(self, plan: Plan, run: Run, decision: Decision, variants: Mapping[str, Run] | None = None) -> None:
        self._plan = plan
        self._run = run
        self._variants = variants or {}
        self.decision = decision

    def at(self, destination: str) -> "Attempt | None":
        """The object as this destination gets it; None when it does not."""
        for variant in self.decision.variants:
            if destination in variant.destinations and destination in self.decision.destinations:
                return Attempt(self._plan, self._variants[variant.group], self.decision)
        return None

    @property
    def received(self) -> DataSet:
        """The object as received."""
        return self._run.original

    @property
    def rewritten(self) -> DataSet:
        """The object as rewritten."""
        return self._run.root

    def ask(self, condition: Condition) -> tuple[bool, tuple[Clause, ...]]:
        """Whether a condition holds for the rewritten object, and its clauses. A malformed value is no verdict here."""
        scope = Scope(self._plan, holds, read_places(condition))
        tell = telling(scope, condition)
        slots = self._run.slots
        slots.extend([UNREAD] * (len(self._plan.numbers) - len(slots)))
        clauses: list[Clause] = []
        try:
            return tell(self._run, clauses), tuple(clauses)
        except Halt:
            return False, tuple(clauses)
