"""Routes: where the rewritten object goes. Prepared once, read on each object."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dicomrules.engine.apply import said
from dicomrules.engine.guard import Gate, gate, scope_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.run import Run
from dicomrules.engine.sieve import Asked, Sieve, asked_first
from dicomrules.engine.ways import Reach, Reached, reaching
from dicomrules.model.decision import Clause, Needs, Options, RuleHit
from dicomrules.program.ruleset import Arm, Routes
from dicomrules.program.verdict import Nowhere, Stop


@dataclass(slots=True)
class Outcome:
    """What all tables together say: destinations in order, verdicts, reasons of tables that send nothing, remarks.

    `reached` is by destination and by the one that it stands in for.
    """

    reached: dict[tuple[str, str], Reached] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    nowhere: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def take(self, answer: Nowhere | Stop) -> None:
        """Add what an arm says that names no destination."""
        if isinstance(answer, Stop):
            self.stops.append(answer)
        else:
            self.nowhere.append(answer.reason)

    def send(self, ways: Iterable[Reached]) -> None:
        """Add destinations. One that is reached in two ways is a verdict: nobody can tell which of them is meant."""
        for way in ways:
            name = way.destination
            known = self.reached.setdefault((name, way.options.stands_in_for), way)
            groups = {other.group for (destination, _), other in self.reached.items() if destination == name}
            if known != way or len(groups) > 1:
                self.stops.append(Stop("quarantine", f"two ways to {name}"))

    @property
    def destinations(self) -> tuple[str, ...]:
        """Every destination in order, those that stand in for others left out."""
        return tuple(dict.fromkeys(name for name, instead in self.reached if not instead))

    def groups(self) -> dict[str, list[Options]]:
        """What is sent through each group, in order; the object as the rules alone made it comes first."""
        found: dict[str, list[Options]] = {"": []}
        for way in self.reached.values():
            found.setdefault(way.group, []).append(way.options)
        return {group: ways for group, ways in found.items() if ways}


@dataclass(frozen=True, slots=True)
class _PreparedArm:
    """An arm ready to be taken; `reach` None: it names no destination. `asked` is what its guard looks at first."""

    arm: Arm
    opening: Gate
    reach: Reach | None
    asked: Asked | None

    @classmethod
    def of(cls, plan: Plan, arm: Arm) -> "_PreparedArm":
        scope = scope_of(plan, arm)
        reach = reaching(scope, arm.answer) if isinstance(arm.answer, tuple) else None
        return cls(arm, gate(scope, arm.guard), reach, asked_first(arm.guard))

    def take(self, run: Run, outcome: Outcome) -> tuple[str, ...]:
        """Do what the arm says; told as notes. Raises Halt when an answer of a table is needed."""
        if self.reach is None:
            assert not isinstance(self.arm.answer, tuple)
            outcome.take(self.arm.answer)
            return (said(self.arm.answer),)
        try:
            ways = self.reach(run)
        except Halt as halt:
            if isinstance(halt.outcome, Needs):
                raise
            outcome.take(halt.outcome)
            return (*run.notes, said(halt.outcome))
        outcome.send(ways)
        return (*run.notes, ", ".join(map(described, ways)))


def described(way: Reached) -> str:
    """A destination as people read it, with the group, and with what it stands in for."""
    options = way.options
    through = f" through {way.group}" if way.group else ""
    instead = f" (instead of {options.stands_in_for})" if options.stands_in_for else ""
    return f"{way.destination}{through}{instead}"


class PreparedRoutes:
    """A routes table ready to be read on any number of objects."""

    __slots__ = ("_arms", "_else", "_routes", "_unrouted")

    def __init__(self, plan: Plan, routes: Routes) -> None:
        self._routes = routes
        arms = [_PreparedArm.of(plan, arm) for arm in routes.arms if not arm.is_else]
        self._arms = Sieve(scope_of(plan, ()), arms)
        self._else = next((_PreparedArm.of(plan, arm) for arm in routes.arms if arm.is_else), None)
        # The checker proves that a table is total. Should one not be, no object is lost in silence.
        self._unrouted = Stop("quarantine", f"no arm of routes {routes.name} applies")

    def read(self, run: Run, outcome: Outcome, hits: list[RuleHit], *, explain: bool) -> None:
        """Take the arms that apply: the first, or all of them; the `else` when there is none."""
        taken = False
        for arm in self._arms.every if explain else self._arms.left(self._arms.kind(run))[1]:
            if taken and self._routes.first_match:
                if explain:
                    hits.append(self._told(arm.arm, matched=False, notes=("an arm above applies",)))
                continue
            run.begin("")
            applies = arm.opening.holds(run)
            because = arm.opening.tell(run) if applies or explain else ()
            notes = arm.take(run, outcome) if applies else ()
            taken = taken or applies
            if applies or explain:
                hits.append(self._told(arm.arm, because, notes, matched=applies))
        self._otherwise(run, outcome, hits, taken=taken, explain=explain)

    def _otherwise(self, run: Run, outcome: Outcome, hits: list[RuleHit], *, taken: bool, explain: bool) -> None:
        if self._else is None:
            if not taken:
                outcome.take(self._unrouted)
            return
        run.begin("")
        notes = () if taken else self._else.take(run, outcome)
        if explain or not taken:
            hits.append(self._told(self._else.arm, notes=notes, matched=not taken))

    def _told(
        self, arm: Arm, because: tuple[Clause, ...] = (), notes: tuple[str, ...] = (), *, matched: bool
    ) -> RuleHit:
        """What is told about an arm."""
        return RuleHit(self._routes.name, matched, because, notes, "route", arm.origin.text, arm.origin.place)
