"""Why a condition holds or not: its clauses as they were tested, each with the value seen."""

from collections.abc import Callable
from typing import Any

from dicomrules.engine import evaluate
from dicomrules.engine import match as matching
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.engine.show import seen
from dicomrules.model.decision import Clause
from dicomrules.program.expression import Always, Both, Condition, Either, Is, Named, Not, Read, Test
from dicomrules.program.types import NoValue

# Tests a condition as `match` does and appends the clauses that were looked at, in order.
Telling = Callable[[Run, list[Clause]], bool]


def telling(scope: Scope, condition: Condition, *, denied: bool = False) -> Telling:
    """What tests `condition` (its denial, when `denied`) and tells its clauses, as far as they need looking at.

    A `not` is told with each clause below it, so that "yes" always speaks for the whole: not (a and b) is not a or
    not b.
    """
    match condition:
        case Both(parts):
            return _each([telling(scope, part, denied=denied) for part in parts], ends_with=denied)
        case Either(parts):
            return _each([telling(scope, part, denied=denied) for part in parts], ends_with=not denied)
        case Not(inner):
            return telling(scope, inner, denied=not denied)
        case Named():
            return _named(scope, condition, denied)
        case _:
            return _clause(scope, condition, denied)


def _each(parts: list[Telling], *, ends_with: bool) -> Telling:
    def tell(run: Run, clauses: list[Clause]) -> bool:
        for part in parts:
            if part(run, clauses) is ends_with:
                return ends_with
        return not ends_with

    return tell


def _named(scope: Scope, named: Named, denied: bool) -> Telling:
    inner, text = telling(scope, named.condition, denied=denied), f"not {named.name}" if denied else named.name

    def tell(run: Run, clauses: list[Clause]) -> bool:
        place = len(clauses)
        answer = inner(run, clauses)
        clauses.insert(place, Clause(text, "", answer, named.origin.place))
        return answer

    return tell


def _clause(scope: Scope, test: Test, denied: bool) -> Telling:
    holds, look = matching.holds(scope, test), _looking(scope, test)
    text, place = test.origin.text, test.origin.place
    text = f"not ({text})" if denied else text

    def tell(run: Run, clauses: list[Clause]) -> bool:
        answer = holds(run) is not denied
        clauses.append(Clause(text, look(run), answer, place))
        return answer

    return tell


def _looking(scope: Scope, test: Test) -> Callable[[Run], str]:
    """What yields the value that a test looked at, for people."""
    if isinstance(test, Always):
        return lambda run: ""
    subject = test.value if isinstance(test, Is) else matching.subject_and_test(scope, test)[0]
    if matching.spreads(subject):
        return _spread(matching.spread_over(scope, subject))
    get: Getter = evaluate.value(scope, subject)
    if isinstance(subject, Read) and isinstance(test, Is):
        get = matching.state_getter(scope, subject.path)
    return lambda run: seen(get(run)) or "empty"


def _spread(spread: Callable[[Run, Callable[[Any], bool]], bool]) -> Callable[[Run], str]:
    def look(run: Run) -> str:
        values: list[Any] = []

        def note(value: Any) -> bool:
            values.append(value)
            return False

        spread(run, note)
        found = [value for value in values if not isinstance(value, NoValue)]
        return seen(tuple(found)) if found else "nothing"

    return look
