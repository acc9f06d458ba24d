"""Deciding one object: rules in order, routes on what they made of it, one Decision."""

from collections.abc import Mapping

from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.patch import Patch
from dicomrules.dicom.tags import SOP_INSTANCE_UID
from dicomrules.engine.apply import PreparedRule
from dicomrules.engine.attempt import Attempt
from dicomrules.engine.content import content_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.route import Outcome, PreparedRoutes
from dicomrules.engine.run import Answers, Run
from dicomrules.model.decision import Decision, Needs, RuleHit, Variant
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.program.ruleset import Program
from dicomrules.program.verdict import Stop

# Verdicts by strength (S55): the strongest of all tables counts.
STRENGTH = ("reject", "quarantine", "hold", "drop")
LOOP = "it would go back to the application that sent it"


class Engine:
    """A Program made ready. One engine decides any number of objects, from any number of threads.

    `applications` are AE title and address of the application behind a destination: an object is never sent back to the
    very one that sent it (S63).
    """

    def __init__(self, program: Program, applications: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.program = program
        self._applications = dict(applications or {})
        plan = Plan(program)
        self._plan = plan
        prepared = [PreparedRule(plan, rule) for rule in program.rules]
        self._rules = [(rule.applies, rule) for rule in prepared]
        self._routes = [PreparedRoutes(plan, routes) for routes in program.routes]

    def decide(self, envelope: Envelope, answers: Answers | None = None, *, explain: bool = False) -> Decision | Needs:
        """What becomes of one object. The same object and answers give the same Decision; nothing given is changed.

        `answers` are those of tables outside the Program; the first one missing is returned as Needs. `explain` tells
        about every rule and arm, also those that did not apply. Raises ValueError for an envelope without an index.
        """
        tried = self.attempt(envelope, answers, explain=explain)
        return tried if isinstance(tried, Needs) else tried.decision

    def attempt(self, envelope: Envelope, answers: Answers | None = None, *, explain: bool = False) -> Attempt | Needs:
        """As `decide`, with the rewritten object still at hand, so that a test can ask about it."""
        if envelope.index is None:
            raise ValueError("an instance that is kept undecided has no index: it cannot be decided")
        run = Run(envelope, envelope.index, answers or {}, len(self._plan.numbers))
        hits: list[RuleHit] = []
        outcome = Outcome()
        rule = None
        try:
            for applies, rule in self._rules:
                if applies(run):
                    rule.carry_out(run, hits)
                elif explain:
                    hits.append(rule.passed_over(run))
            rule = None
            for routes in self._routes:
                routes.read(run, outcome, hits, explain=explain)
        except Halt as halt:
            if isinstance(halt.outcome, Needs):
                return halt.outcome
            outcome.stops.append(halt.outcome)
            if rule is not None and not (hits and hits[-1].rule == rule.name):
                hits.append(rule.halted(halt))
            if halt.note:
                outcome.remarks.append(halt.note)
        if explain:
            hits.extend(self._not_reached(hits))
        return Attempt(self._plan, run, self._conclude(run, outcome, tuple(hits)))

    def _not_reached(self, hits: list[RuleHit]) -> list[RuleHit]:
        """Rules that a verdict above kept from being tested."""
        tested = {hit.rule for hit in hits if hit.kind == "rule"}
        untested = [rule for _, rule in self._rules if rule.name not in tested]
        return [rule.told(matched=False, notes=("not reached",)) for rule in untested]

    def _conclude(self, run: Run, outcome: Outcome, hits: tuple[RuleHit, ...]) -> Decision:
        """The Decision from what rules and routes said."""
        if outcome.stops:
            return self._stopped(outcome, hits)
        notes = tuple(f"nowhere: {reason}" for reason in outcome.nowhere)
        kept = [name for name in outcome.destinations if not self._is_sender(run.envelope, name)]
        left_out = [name for name in outcome.destinations if name not in kept]
        notes += tuple(f"{name} left out: {LOOP}" for name in left_out)
        if self._routes and not kept:
            reasons = (*outcome.nowhere, *((LOOP,) if left_out else ()))
            return Decision(Verdict.DROP, (), hits, self.program.fingerprint, reasons, notes=notes)
        variant = Variant(self._patch(run), run.changes(), tuple(kept), self._sop_instance(run))
        return Decision(Verdict.SEND, (variant,), hits, self.program.fingerprint, notes=notes)

    def _stopped(self, outcome: Outcome, hits: tuple[RuleHit, ...]) -> Decision:
        """The strongest verdict, with the reasons of all."""
        strongest: Stop = min(outcome.stops, key=lambda stop: STRENGTH.index(stop.kind))
        return Decision(
            Verdict(strongest.kind),
            (),
            hits,
            self.program.fingerprint,
            tuple(dict.fromkeys(stop.reason for stop in outcome.stops)),
            retry=strongest.retry,
            limit=strongest.limit,
            status=strongest.status if strongest.kind == "reject" else 0x0000,
            notes=(*outcome.remarks, *(f"nowhere: {reason}" for reason in outcome.nowhere)),
        )

    def _is_sender(self, envelope: Envelope, destination: str) -> bool:
        application = self._applications.get(destination)
        return application is not None and application == (envelope.peer.calling_aet, envelope.peer.address)

    def _patch(self, run: Run) -> Patch:
        return make_patch(run.root, run.envelope.derived_digest or run.envelope.digest)

    def _sop_instance(self, run: Run) -> str:
        """The SOP Instance UID that leaves."""
        content = content_of(run.root, SOP_INSTANCE_UID, "UI", 1)
        return str(content[0]) if isinstance(content, tuple) else run.envelope.key.sop_instance
