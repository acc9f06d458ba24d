"""The destinations of an arm, with everything said about them: names from tables looked up, shares chosen by study."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dicomrules.engine import evaluate
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.model.decision import Options
from dicomrules.program import route
from dicomrules.program.route import Balance, Failover, Target, Way, WayFromTable


@dataclass(frozen=True, slots=True)
class Reached:
    """One destination of one object: through which group of rules, and how."""

    group: str
    options: Options

    @property
    def destination(self) -> str:
        """Its name."""
        return self.options.destination


# What yields the destinations of one object; a destination that a table does not know is a verdict, raised.
Reach = Callable[[Run], list[Reached]]


def reaching(scope: Scope, targets: tuple[Target, ...]) -> Reach:
    """What yields the destinations that an arm sends to, those that stand in for others after them."""
    if all(isinstance(target, str) for target in targets):
        plain = [Reached("", Options(str(target))) for target in targets]
        return lambda run: plain
    ways = [_one(scope, target) for target in targets]
    return lambda run: [reached for way in ways for reached in way(run)]


def _one(scope: Scope, target: Target) -> Reach:
    match target:
        case str():
            only = [Reached("", Options(target))]
            return lambda run: only
        case Way(name, options):
            said = _options(scope, options)
            return lambda run: [Reached(options.through, said(run, name))]
        case WayFromTable():
            return _from_table(scope, target)
        case Balance():
            return _balance(scope, target)
        case Failover():
            return _failover(scope, target)


def _from_table(scope: Scope, way: WayFromTable) -> Reach:
    find, said = evaluate.value(scope, way.lookup), _options(scope, way.options)

    def reach(run: Run) -> list[Reached]:
        name = find(run)
        if not isinstance(name, str) or not name:
            raise Halt(way.otherwise)
        return [Reached(way.options.through, said(run, name))]

    return reach


def _options(scope: Scope, said: route.Options) -> Callable[[Run, str], Options]:
    """What makes the options of one destination, for one object."""
    fixed = Options(
        "",
        compressed=said.compressed,
        quality=said.quality,
        decompressed=said.decompressed,
        during=said.during,
        study_after=said.study_after,
        only_once=said.only_once,
        once_per=said.once_per,
        priors=said.priors,
        priority=said.priority,
    )
    title: Getter | None = None if said.calling is None else evaluate.value(scope, said.calling)

    def made(run: Run, name: str) -> Options:
        calling: Any = "" if title is None else title(run)
        return replace(fixed, destination=name, calling=calling)

    return made


def _balance(scope: Scope, balance: Balance) -> Reach:
    members = [(_one(scope, member), weight) for member, weight in balance.members]
    total = sum(weight for _, weight in members)

    def reach(run: Run) -> list[Reached]:
        place = share(run.envelope.key.study, total)
        for member, weight in members:
            if place < weight:
                return member(run)
            place -= weight
        raise AssertionError("a share is less than the sum of all weights")

    return reach


def share(study: str, total: int) -> int:
    """A number from 0 up to, without, `total` that hangs on nothing but the Study Instance UID as received (S61)."""
    return int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "big") % total


def _failover(scope: Scope, failover: Failover) -> Reach:
    members = [_one(scope, member) for member in failover.members]

    def reach(run: Run) -> list[Reached]:
        found: list[Reached] = []
        for member in members:
            for reached in member(run):
                before = found[-1].destination if found else ""
                if all(reached.destination != other.destination for other in found):
                    found.append(replace(reached, options=replace(reached.options, stands_in_for=before)))
        return found

    return reach
