"""Deciding one object: rules in order, routes on what they made of it, groups on copies of that, one Decision."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dicomrules.engine import signed
from dicomrules.engine.apply import not_reached, prepared, run_rules
from dicomrules.engine.attempt import Attempt
from dicomrules.engine.halt import Halt
from dicomrules.engine.leaving import Leaving, PreparedGroup
from dicomrules.engine.plan import Plan
from dicomrules.engine.recode import settle
from dicomrules.engine.route import Outcome, PreparedRoutes
from dicomrules.engine.run import Answers, Run
from dicomrules.model.decision import Decision, Needs, Options, RuleHit, Variant
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.program.depth import make_room
from dicomrules.program.ruleset import Program
from dicomrules.program.verdict import Stop

# Verdicts by strength (S55): the strongest of all tables, and of all variants, counts.
STRENGTH = ("reject", "quarantine", "hold", "drop")
SYSTEM = "dicomrules"
LOOP = "it would go back to the application that sent it"


class Engine:
    """A Program made ready. One engine decides any number of objects, from any number of threads.

    `applications` are AE title and address of the application behind a destination: an object is never sent back to the
    very one that sent it (S63). `system` is the name under which changes are recorded in an object.
    """

    def __init__(
        self, program: Program, applications: Mapping[str, tuple[str, str]] | None = None, system: str = SYSTEM
    ) -> None:
        make_room()
        self.program = program
        self._applications = dict(applications or {})
        plan = Plan(program, system)
        self._plan = plan
        self._rules = prepared(plan, program.rules)
        self._routes = [PreparedRoutes(plan, routes) for routes in program.routes]
        self._groups = {name: PreparedGroup(plan, group) for name, group in program.groups.items()}

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
        leaving = Leaving(self._plan, explain, [])
        try:
            decision = self._decided(run, leaving)
        except Halt as halt:
            if isinstance(halt.outcome, Needs):
                return halt.outcome
            raise
        return Attempt(self._plan, run, decision, leaving.runs)

    def _decided(self, run: Run, leaving: Leaving) -> Decision:
        """Raises Halt when an answer of a table is needed."""
        hits, explain = leaving.hits, leaving.explain
        outcome = Outcome()
        try:
            run_rules(run, self._rules, hits, explain=explain)
            settle(self._plan, run)
            for routes in self._routes:
                routes.read(run, outcome, hits, explain=explain)
        except Halt as halt:
            if isinstance(halt.outcome, Needs):
                raise
            outcome.stops.append(halt.outcome)
            if halt.note:
                outcome.remarks.append(halt.note)
        if explain:
            hits.extend(not_reached(self._rules.every, hits))
        return self._stopped(outcome, hits) if outcome.stops else self._sent(run, outcome, leaving)

    def _sent(self, run: Run, outcome: Outcome, leaving: Leaving) -> Decision:
        """What leaves, in which forms. When no variant is left, the verdict on them is that on the object."""
        notes = tuple(f"nowhere: {reason}" for reason in outcome.nowhere)
        left_out = [name for name in outcome.destinations if self._is_sender(run.envelope, name)]
        notes += tuple(f"{name} left out: {LOOP}" for name in left_out)
        if self._routes and len(left_out) == len(outcome.destinations):
            reasons = (*outcome.nowhere, *((LOOP,) if left_out else ()))
            return self._decision(Verdict.DROP, (), leaving.hits, reasons=reasons, notes=notes)
        self._make(run, outcome, leaving)
        variants = tuple(leaving.variants)
        trees = {group: each.root for group, each in leaving.runs.items()}
        notes += tuple(signed.notes(variants, trees, run.envelope.transfer_syntax))
        if any(variant.verdict is Verdict.SEND for variant in variants):
            return self._decision(Verdict.SEND, variants, leaving.hits, notes=notes)
        strongest = min(variants, key=lambda variant: STRENGTH.index(variant.verdict))
        reasons = tuple(dict.fromkeys(reason for variant in variants for reason in variant.reasons))
        return self._decision(strongest.verdict, variants, leaving.hits, reasons=reasons, like=strongest, notes=notes)

    def _make(self, run: Run, outcome: Outcome, leaving: Leaving) -> None:
        """Every variant that has a destination; without routes, the object as the rules made it."""
        if not self._routes:
            leaving.as_ruled(run, ())
        for group, ways in outcome.groups().items():
            kept = self._without_sender(run.envelope, ways)
            if not kept:
                continue
            if group:
                self._groups[group].rewrite(run, kept, leaving)
            else:
                leaving.as_ruled(run, kept)

    def _without_sender(self, envelope: Envelope, ways: Sequence[Options]) -> list[Options]:
        """What is not the sender itself. What stands in for that stands in for nothing, or for the one before."""
        kept: list[Options] = []
        instead: dict[str, str] = {}
        for way in ways:
            name, before = way.destination, way.stands_in_for
            if self._is_sender(envelope, name) or instead.get(before) == "":
                instead[name] = instead.get(before, before)
            else:
                kept.append(replace(way, stands_in_for=instead.get(before, before)))
        return kept

    def _stopped(self, outcome: Outcome, hits: Sequence[RuleHit]) -> Decision:
        """The strongest verdict, with the reasons of all."""
        strongest: Stop = min(outcome.stops, key=lambda stop: STRENGTH.index(stop.kind))
        return self._decision(
            Verdict(strongest.kind),
            (),
            hits,
            reasons=tuple(dict.fromkeys(stop.reason for stop in outcome.stops)),
            like=strongest,
            notes=(*outcome.remarks, *(f"nowhere: {reason}" for reason in outcome.nowhere)),
        )

    def _decision(
        self,
        verdict: Verdict,
        variants: tuple[Variant, ...],
        hits: Sequence[RuleHit],
        *,
        reasons: tuple[str, ...] = (),
        like: Stop | Variant | None = None,
        notes: tuple[str, ...] = (),
    ) -> Decision:
        """The Decision; `like` is what says when it is decided again, and which status a reject has."""
        return Decision(
            verdict,
            variants,
            tuple(hits),
            self.program.fingerprint,
            reasons,
            retry=None if like is None else like.retry,
            limit=None if like is None else like.limit,
            status=like.status if isinstance(like, Stop) and like.kind == "reject" else 0x0000,
            notes=notes,
        )

    def _is_sender(self, envelope: Envelope, destination: str) -> bool:
        application = self._applications.get(destination)
        return application is not None and application == (envelope.peer.calling_aet, envelope.peer.address)
