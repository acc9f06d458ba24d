"""One rule, prepared: its guard, its statements, and what is told about it afterwards."""

from collections.abc import Sequence

from dicomrules.engine.guard import gate, scope_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.match import Holds
from dicomrules.engine.plan import Plan
from dicomrules.engine.rewrite import statements
from dicomrules.engine.run import Run
from dicomrules.model.decision import Clause, RuleHit
from dicomrules.program.ruleset import Rule
from dicomrules.program.verdict import Nowhere, Stop


class PreparedRule:
    """A rule ready to run on any number of objects, of that group if any. `applies` is the quick test of its guard."""

    __slots__ = ("_body", "_gate", "_group", "_rule", "applies", "name")

    def __init__(self, plan: Plan, rule: Rule, group: str = "") -> None:
        scope = scope_of(plan, rule)
        self.name = rule.name
        self._rule, self._group = rule, group
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
        if run is not None:
            more = (f"and {run.untold} more changes",) if run.untold else ()
            notes = (*run.notes, *more, *notes)
        return RuleHit(rule.name, matched, because, notes, "rule", rule.title, rule.origin.place, changes, self._group)


def run_rules(run: Run, rules: Sequence[tuple[Holds, PreparedRule]], hits: list[RuleHit], *, explain: bool) -> None:
    """Run rules in order, all that apply. Raises Halt when one of them ends it, after telling about it."""
    for applies, rule in rules:
        try:
            if applies(run):
                rule.carry_out(run, hits)
            elif explain:
                hits.append(rule.passed_over(run))
        except Halt as halt:
            if not (hits and hits[-1].rule == rule.name) and isinstance(halt.outcome, Stop):
                hits.append(rule.halted(halt))
            raise


def not_reached(rules: Sequence[tuple[Holds, PreparedRule]], hits: Sequence[RuleHit]) -> list[RuleHit]:
    """What is told about rules that a verdict above kept from being tested."""
    tested = {hit.rule for hit in hits if hit.kind == "rule"}
    return [rule.told(matched=False, notes=("not reached",)) for _, rule in rules if rule.name not in tested]


def ended(halt: Halt) -> tuple[str, ...]:
    """How deciding ended, and what brought it about."""
    if not isinstance(halt.outcome, Stop):
        return ()
    return (halt.note, said(halt.outcome)) if halt.note else (said(halt.outcome),)


def said(verdict: Stop | Nowhere) -> str:
    """A verdict as it is written in rules."""
    return f'{verdict.kind if isinstance(verdict, Stop) else "nowhere"} "{verdict.reason}"'
