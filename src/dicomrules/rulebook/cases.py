"""The `test` blocks of a rule file: make what is given, decide it, compare with what is expected.

A test opens no connection: a look-up that is neither given nor in an inline or CSV table finds nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.engine.attempt import Attempt
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Needs, RuleHit
from dicomrules.model.instance import Envelope
from dicomrules.program.case import Case, Expect, Given, GivenCell, GivenUnavailable
from dicomrules.program.expression import NOWHERE, Origin, Secret
from dicomrules.program.ruleset import Program, Row, Table
from dicomrules.program.walk import inside
from dicomrules.rulebook.arrived import ReadFile, arrived
from dicomrules.rulebook.expected import Failure, unmet

# Stands for every secret, so that results in tests are stable (S68).
TEST_SECRET = "the secret of every test"  # noqa: S105 - no secret at all


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one test. `reached` are the rules and arms that applied: kind, name, place."""

    name: str
    failures: tuple[Failure, ...]
    reached: frozenset[tuple[str, str, str]] = frozenset()
    origin: Origin = field(default=NOWHERE)

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


def run_cases(program: Program, read: ReadFile, cases: Iterable[Case] | None = None) -> tuple[CaseResult, ...]:
    """Run tests, those of the program unless others are given, in their order."""
    tested = replace(program, secrets=_test_secrets(program))
    engine = Engine(tested)
    return tuple(run_case(engine, case, read) for case in (program.cases if cases is None else cases))


def run_case(engine: Engine, case: Case, read: ReadFile) -> CaseResult:
    """Run one test with an engine of its program."""
    objects: dict[str, Attempt] = {}
    failures: list[Failure] = []
    reached: set[tuple[str, str, str]] = set()
    count, broken = 0, False
    for step in _with_object(case):
        if isinstance(step, Given):
            count += 1
            tried = _decided(engine, step, count, read)
            broken = isinstance(tried, Failure)
            if isinstance(tried, Failure):
                failures.append(tried)
                continue
            objects[""] = objects[step.label] = tried
            reached.update(_place(hit) for hit in tried.decision.hits if hit.matched)
        elif step.label in objects and not (broken and not step.label):
            failures.extend(unmet(step, objects[step.label], objects))
    return CaseResult(case.name, tuple(failures), frozenset(reached), case.origin)


def _with_object(case: Case) -> tuple[Given | Expect, ...]:
    """The steps; a test that gives nothing is about an object with nothing."""
    begins = bool(case.steps) and isinstance(case.steps[0], Given)
    return case.steps if begins else (Given((), origin=case.origin), *case.steps)


def _decided(engine: Engine, given: Given, number: int, read: ReadFile) -> Attempt | Failure:
    """The object of a `given`, decided."""
    try:
        envelope = arrived(given, number, engine.program.settings.timezone, read)
    except (OSError, LookupError, MalformedDataSet, ValueError) as problem:
        return Failure(given.origin, "an object that can be read", str(problem))
    tables = _given_tables(engine.program.tables, given)
    if tables is not engine.program.tables:
        engine = Engine(replace(engine.program, tables=tables))
    return _answered(engine, envelope)


def _answered(engine: Engine, envelope: Envelope) -> Attempt:
    """Decide; whatever is asked for is not found."""
    answers: dict[tuple[str, tuple[str, ...]], Row | None] = {}
    while True:
        tried = engine.attempt(envelope, answers, explain=True)
        if not isinstance(tried, Needs):
            return tried
        answers[tried.table, tried.key] = None


def _given_tables(tables: Mapping[str, Table], given: Given) -> Mapping[str, Table]:
    """The tables with what the test says about them."""
    changed = dict(tables)
    for fact in given.facts:
        match fact:
            case GivenUnavailable(name):
                changed[name] = replace(changed[name], reachable=False)
            case GivenCell(name, key, column, value):
                rows = dict(changed[name].rows or {})
                rows[key] = {**rows.get(key, {}), column: value}
                changed[name] = replace(changed[name], rows=rows)
    return tables if changed == dict(tables) else changed


def _test_secrets(program: Program) -> dict[str, str]:
    """The test's secret for every secret that the program names."""
    ruled = (program.rules, program.routes, tuple(program.groups.values()))
    used = (part.name for part in inside(ruled) if isinstance(part, Secret))
    return dict.fromkeys((*program.secrets, *used), TEST_SECRET)


def _place(hit: RuleHit) -> tuple[str, str, str]:
    return hit.kind, hit.rule, hit.place


def unreached(program: Program, results: Iterable[CaseResult]) -> tuple[tuple[str, str, Origin], ...]:
    """The rules and arms that no test reaches: kind, name of the rule or table, where it stands."""
    reached = {place for result in results for place in result.reached}
    return tuple(one for one in reachable(program) if (one[0], one[1], one[2].place) not in reached)


def reachable(program: Program) -> tuple[tuple[str, str, Origin], ...]:
    """The rules and arms that a test can reach, those of groups too."""
    rules = [*program.rules, *(rule for group in program.groups.values() for rule in group.rules)]
    arms = [("route", table.name, arm.origin) for table in program.routes for arm in table.arms]
    return (*(("rule", rule.name, rule.origin) for rule in rules), *arms)
