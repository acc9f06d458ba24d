"""One rule, prepared: its guard, its statements, and what is told about it afterwards."""

from dicomrules.engine.guard import gate, scope_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.rewrite import statements
from dicomrules.engine.run import Run
from dicomrules.model.decision import Clause, RuleHit
from dicomrules.program.ruleset import Rule
from dicomrules.program.verdict import Nowhere, Stop


class PreparedRule:
    """A rule ready to run on any number of objects. `applies` is the quick test of its guard."""

    __slots__ = ("_body", "_gate", "_rule", "applies", "name")

    def __init__(self, plan: Plan, rule: Rule) -> None:
        scope = scope_of(plan, rule)
        self.name = rule.name
        self._rule = rule
        self._gate = gate(scope, rule.guard)
        self._body = statements(scope, rule.body)
        self.applies = self._gate.holds

    def passed_over(self, run: Run) -> RuleHit:
        """What is told when the guard does not hold."""
        return self.told(matched=False, because=self._gate.tell(run))

    def carry_out(self, run: Run, hits: list[RuleHit]) -> None:
        """Carry the rule out. Raises Halt for a verdict, after telling about it."""
        because = self._gate.tell(run)
        run.begin(self._rule.name)
        notes: tuple[str, ...] = ()
        try:
            self._body(run)
        except Halt as halt:
            notes = ended(halt)
            raise
        finally:
            hits.append(self.told(matched=True, because=because, run=run, notes=notes))

    def halted(self, halt: Halt) -> RuleHit:
        """What is told when testing the guard ended deciding."""
        return self.told(matched=False, notes=ended(halt))

    def told(
        self, *, matched: bool, because: tuple[Clause, ...] = (), run: Run | None = None, notes: tuple[str, ...] = ()
    ) -> RuleHit:
        """What is told about this rule."""
        rule = self._rule
        changes = () if run is None else run.own_changes()
        notes = notes if run is None else (*run.notes, *notes)
        return RuleHit(rule.name, matched, because, notes, "rule", rule.title, rule.origin.place, changes)


def ended(halt: Halt) -> tuple[str, ...]:
    """How deciding ended, and what brought it about."""
    if not isinstance(halt.outcome, Stop):
        return ()
    return (halt.note, said(halt.outcome)) if halt.note else (said(halt.outcome),)


def said(verdict: Stop | Nowhere) -> str:
    """A verdict as it is written in rules."""
    return f'{verdict.kind if isinstance(verdict, Stop) else "nowhere"} "{verdict.reason}"'
