"""One rule, prepared: its guard, its statements, and what is told about it afterwards."""

from collections.abc import Sequence

from dicomrules.engine.guard import gate, scope_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.rewrite import statements
from dicomrules.engine.run import Run
from dicomrules.engine.sieve import Sieve, asked_first
from dicomrules.model.decision import Clause, RuleHit
from dicomrules.program.ruleset import Rule
from dicomrules.program.verdict import Nowhere, Stop


class PreparedRule:
    """A rule ready to run on any number of objects, of that group if any.

    `applies` is the quick test of its guard, `asked` what that looks at first.
    """

    __slots__ = ("_body", "_gate", "_group", "_rule", "applies", "asked", "name")

    def __init__(self, plan: Plan, rule: Rule, group: str = "") -> None:
        scope = scope_of(plan, rule)
        self.name = rule.name
        self._rule, self._group = rule, group
        self._gate = gate(scope, rule.guard)
        self._body = statements(scope, rule.body)
        self.applies = self._gate.holds
        self.asked = asked_first(rule.guard)

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


def run_rules(run: Run, rules: Sieve[PreparedRule], hits: list[RuleHit], *, explain: bool) -> None:
    """Run rules in order, all that apply. Raises Halt when one of them ends it, after telling about it."""
    if explain:
        for rule in rules.every:
            if not _run_one(run, rule, hits):
                hits.append(rule.passed_over(run))
        return
    kind = rules.kind(run)
    places, waiting = rules.left(kind)
    at = 0
    while at < len(waiting):
        fired = _run_one(run, waiting[at], hits)
        at += 1
        if fired and (now := rules.kind(run)) != kind:
            kind = now
            places, waiting = rules.left(kind, places[at - 1])
            at = 0


def _run_one(run: Run, rule: PreparedRule, hits: list[RuleHit]) -> bool:
    """Run one rule if it applies; whether it did."""
    try:
        if not rule.applies(run):
            return False
        rule.carry_out(run, hits)
    except Halt as halt:
        if not (hits and hits[-1].rule == rule.name) and isinstance(halt.outcome, Stop):
            hits.append(rule.halted(halt))
        raise
    return True


def not_reached(rules: Sequence[PreparedRule], hits: Sequence[RuleHit]) -> list[RuleHit]:
    """What is told about rules that a verdict above kept from being tested."""
    tested = {hit.rule for hit in hits if hit.kind == "rule"}
    return [rule.told(matched=False, notes=("not reached",)) for rule in rules if rule.name not in tested]


def prepared(plan: Plan, rules: Sequence[Rule], group: str = "") -> Sieve[PreparedRule]:
    """Rules ready to run on any number of objects, of that group if any."""
    return Sieve(scope_of(plan, ()), [PreparedRule(plan, rule, group) for rule in rules])


def ended(halt: Halt) -> tuple[str, ...]:
    """How deciding ended, and what brought it about."""
    if not isinstance(halt.outcome, Stop):
        return ()
    return (halt.note, said(halt.outcome)) if halt.note else (said(halt.outcome),)


def said(verdict: Stop | Nowhere) -> str:
    """A verdict as it is written in rules."""
    return f'{verdict.kind if isinstance(verdict, Stop) else "nowhere"} "{verdict.reason}"'
