"""Routes: where the rewritten object goes. Prepared once, read on each object."""

from dataclasses import dataclass, field

from dicomrules.engine.apply import said
from dicomrules.engine.guard import Gate, gate, scope_of
from dicomrules.engine.plan import Plan
from dicomrules.engine.run import Run
from dicomrules.model.decision import RuleHit
from dicomrules.program.ruleset import Arm, Routes
from dicomrules.program.verdict import Nowhere, Stop


@dataclass(slots=True)
class Outcome:
    """What all tables together say: destinations in order, verdicts, reasons of tables that send nothing, remarks."""

    destinations: dict[str, None] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    nowhere: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def take(self, answer: tuple[str, ...] | Nowhere | Stop) -> None:
        """Add what one arm says."""
        match answer:
            case Stop():
                self.stops.append(answer)
            case Nowhere(reason):
                self.nowhere.append(reason)
            case _:
                self.destinations.update(dict.fromkeys(answer))


class PreparedRoutes:
    """A routes table ready to be read on any number of objects."""

    __slots__ = ("_arms", "_else", "_routes", "_unrouted")

    def __init__(self, plan: Plan, routes: Routes) -> None:
        self._routes = routes
        self._arms = [(arm, gate(scope_of(plan, arm), arm.guard)) for arm in routes.arms if not arm.is_else]
        self._else = next((arm for arm in routes.arms if arm.is_else), None)
        # The checker proves that a table is total. Should one not be, no object is lost in silence.
        self._unrouted = Stop("quarantine", f"no arm of routes {routes.name} applies")

    def read(self, run: Run, outcome: Outcome, hits: list[RuleHit], *, explain: bool) -> None:
        """Take the arms that apply: the first, or all of them; the `else` when there is none."""
        run.begin("")
        taken = False
        for arm, opening in self._arms:
            if taken and self._routes.first_match:
                if explain:
                    hits.append(self._told(arm, matched=False, notes=("an arm above applies",)))
                continue
            applies = opening.holds(run)
            if applies:
                taken = True
                outcome.take(arm.answer)
            if applies or explain:
                hits.append(self._told(arm, opening, run, matched=applies))
        self._otherwise(outcome, hits, taken=taken, explain=explain)

    def _otherwise(self, outcome: Outcome, hits: list[RuleHit], *, taken: bool, explain: bool) -> None:
        if self._else is not None and (explain or not taken):
            hits.append(self._told(self._else, matched=not taken))
        if not taken:
            outcome.take(self._unrouted if self._else is None else self._else.answer)

    def _told(
        self,
        arm: Arm,
        opening: Gate | None = None,
        run: Run | None = None,
        *,
        matched: bool,
        notes: tuple[str, ...] = (),
    ) -> RuleHit:
        """What is told about an arm."""
        because = () if opening is None or run is None else opening.tell(run)
        if matched:
            notes = (*notes, ", ".join(arm.answer) if isinstance(arm.answer, tuple) else said(arm.answer))
        return RuleHit(self._routes.name, matched, because, notes, "route", arm.origin.text, arm.origin.place)
