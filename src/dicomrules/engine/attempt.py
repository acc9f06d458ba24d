"""A decided object with its edit tree still open: what the tests of a rule file ask."""

from collections.abc import Mapping
from typing import Any

from dicomrules.dicom.edit import DataSet
from dicomrules.engine import evaluate
from dicomrules.engine.explain import telling
from dicomrules.engine.halt import Halt
from dicomrules.engine.match import holds
from dicomrules.engine.plan import Plan, Scope, read_places
from dicomrules.engine.run import UNREAD, Run
from dicomrules.model.decision import Clause, Decision
from dicomrules.program.expression import Condition, OfObject, Read
from dicomrules.program.path import Path
from dicomrules.program.walk import inside


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

    def ask(
        self, condition: Condition, objects: "Mapping[str, Attempt] | None" = None
    ) -> tuple[bool, tuple[Clause, ...]]:
        """Whether a condition holds for the rewritten object, and its clauses. A malformed value is no verdict here.

        `objects` are the other objects of the test, by name.
        """
        scope = Scope(self._plan, holds, read_places(condition))
        tell = telling(scope, condition)
        asked = [part for part in inside(condition) if isinstance(part, OfObject)]
        self._run.objects = {one: (objects or {})[one.label].read(one.path) for one in asked}
        self._more_slots()
        clauses: list[Clause] = []
        try:
            return tell(self._run, clauses), tuple(clauses)
        except Halt:
            return False, tuple(clauses)

    def read(self, path: Path) -> Any:
        """The value at a path of the rewritten object, or why there is none."""
        node = Read(path)
        get = evaluate.value(Scope(self._plan, holds, read_places(node)), node)
        self._more_slots()
        return get(self._run)

    def _more_slots(self) -> None:
        slots = self._run.slots
        slots.extend([UNREAD] * (len(self._plan.numbers) - len(slots)))
