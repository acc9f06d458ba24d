"""Conditions: each becomes one function that says, in a decision, whether it holds. No value: false."""

import ipaddress
from collections.abc import Callable
from typing import Any

from dicomrules.engine import context, evaluate, read
from dicomrules.engine.compare import comparison, composed, constant_test
from dicomrules.engine.plan import QUANTIFIERS, Getter, Scope
from dicomrules.engine.quick import Holds, quick
from dicomrules.engine.run import Run
from dicomrules.functions.regex import compiled
from dicomrules.program.expression import (
    Always,
    Among,
    Both,
    Call,
    Compare,
    Condition,
    During,
    Either,
    Expression,
    InNetworks,
    Is,
    Join,
    Literal,
    Local,
    Matches,
    Named,
    Not,
    Range,
    Read,
    Sign,
    State,
    Test,
    TextTest,
)
from dicomrules.program.path import Path
from dicomrules.program.types import ABSENT, BLANK, EMPTY, MALFORMED, NoValue, Type, Value

# Whether one value passes a test; what has no value is asked too, and does not pass.
Passes = Callable[[Run, Any], bool]


def holds(scope: Scope, condition: Condition) -> Holds:
    """What says whether `condition` holds."""
    match condition:
        case Both(parts):
            return _both([holds(scope, part) for part in parts])
        case Either(parts):
            return _either([holds(scope, part) for part in parts])
        case Not(inner):
            denied = holds(scope, inner)
            return lambda run: not denied(run)
        case Named(condition=inner):
            return holds(scope, inner)
        case Always(answer):
            return lambda run: answer
        case Is():
            return _is(scope, condition)
        case _:
            return quick(scope, condition) or _test(scope, condition)


def _both(parts: list[Holds]) -> Holds:
    if len(parts) == 2:
        first, second = parts
        return lambda run: first(run) and second(run)
    return lambda run: all(part(run) for part in parts)


def _either(parts: list[Holds]) -> Holds:
    if len(parts) == 2:
        first, second = parts
        return lambda run: first(run) or second(run)
    return lambda run: any(part(run) for part in parts)


def _test(scope: Scope, test: Test) -> Holds:
    """Any other test: what it looks at, and what that must pass; each value where it goes through [any] or [every]."""
    subject, passes = subject_and_test(scope, test)
    if spreads(subject):
        spread = spread_over(scope, subject)
        return lambda run: spread(run, lambda seen: passes(run, seen))
    get = evaluate.value(scope, subject)

    def passing(run: Run) -> bool:
        seen = get(run)
        return seen is not ABSENT and passes(run, seen)

    return passing


def subject_and_test(scope: Scope, test: Test) -> tuple[Expression, Passes]:
    """What a test looks at, and whether one value of it passes."""
    match test:
        case Compare(sign, left, right, kind) if spreads(right) and not spreads(left):
            return subject_and_test(scope, Compare(MIRRORED[sign], right, left, kind))
        case Compare(sign, left, Literal(constant), kind) if kind is not Type.DATETIME:
            return left, _against(sign, kind, constant)
        case Compare(sign, left, right, kind):
            passing, other = _comparing(scope, sign, kind), evaluate.value(scope, right)
            return left, lambda run, seen: passing(run, seen, other(run))
        case Among(value=subject):
            return subject, _among(scope, test)
        case InNetworks(value=subject, networks=networks, negated=negated):
            return subject, _in_networks(networks, negated=negated)
        case TextTest(kind=kind, value=subject, sought=sought):
            return subject, _text_test(kind, evaluate.value(scope, sought))
        case Matches(value=subject, regex=regex, whole=whole):
            pattern = compiled(regex)
            search = pattern.fullmatch if whole else pattern.search
            return subject, lambda run, seen: isinstance(seen, str) and search(composed(seen)) is not None
        case During(value=subject, schedule=name):
            return subject, _during(scope, name)
        case _:
            raise TypeError(f"{type(test).__name__} looks at no single value")


MIRRORED: dict[str, Sign] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _against(sign: Sign, kind: Type, constant: Value) -> Passes:
    """The comparison with a constant. A name of one group is about the first group alone (S23)."""
    test = constant_test(sign, kind, constant)
    return lambda run, seen: not isinstance(seen, NoValue | tuple) and test(seen)


def _comparing(scope: Scope, sign: Sign, kind: Type) -> Callable[[Run, Any, Any], bool]:
    """The comparison `left sign right`, false where there is no value."""
    compare = comparison(sign, kind)
    zone = context.zone_of(scope.plan.program.settings.timezone)

    def compares(run: Run, left: Any, right: Any) -> bool:
        if isinstance(left, NoValue | tuple) or isinstance(right, NoValue | tuple):
            return False
        if kind is Type.DATETIME and (left.offset is None) != (right.offset is None):
            left, right = context.with_offset(run, left, zone), context.with_offset(run, right, zone)
        return compare(left, right)

    return compares


def _among(scope: Scope, test: Among) -> Passes:
    tests = [_member(scope, member, test.type) for member in test.members]

    def passes(run: Run, seen: Any) -> bool:
        if isinstance(seen, NoValue | tuple):
            return False
        return any(fits(run, seen) for fits in tests) != test.negated

    return passes


def _member(scope: Scope, member: Expression | Range, kind: Type) -> Passes:
    if isinstance(member, Range):
        low, high = member.low, member.high
        above, below = (_comparing(scope, sign, kind) for sign in (">=", "<="))
        return lambda run, seen: above(run, seen, low) and below(run, seen, high)
    if isinstance(member, Literal) and kind is not Type.DATETIME:
        return _against("==", kind, member.value)
    equals, other = _comparing(scope, "==", kind), evaluate.value(scope, member)
    return lambda run, seen: equals(run, seen, other(run))


def _in_networks(networks: tuple[str, ...], *, negated: bool) -> Passes:
    known = [ipaddress.ip_network(network, strict=False) for network in networks]

    def passes(run: Run, seen: Any) -> bool:
        try:
            address = ipaddress.ip_address(seen)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in known) != negated

    return passes


def _text_test(kind: str, sought: Getter) -> Passes:
    """`contains`, `starts with`, `ends with`."""
    tests: dict[str, Callable[[str, str], bool]] = {
        "contains": lambda text, part: part in text,
        "starts": str.startswith,
        "ends": str.endswith,
    }
    fits = tests[kind]

    def passes(run: Run, seen: Any) -> bool:
        part = sought(run)
        return isinstance(seen, str) and isinstance(part, str) and fits(composed(seen), composed(part))

    return passes


def _during(scope: Scope, name: str) -> Passes:
    schedule = scope.plan.program.schedules[name]
    zone = context.zone_of(scope.plan.program.settings.timezone)

    def passes(run: Run, seen: Any) -> bool:
        local = None if isinstance(seen, NoValue) else context.local_in(run, seen, zone)
        return local is not None and schedule.holds(local)

    return passes


STATES: dict[State, Callable[[Any], bool]] = {
    "present": lambda seen: not isinstance(seen, NoValue) and seen != "",
    "absent": lambda seen: seen is ABSENT,
    "empty": lambda seen: seen is EMPTY,
    "blank": lambda seen: seen is ABSENT or seen is EMPTY or seen is BLANK or seen == "",
    "malformed": lambda seen: seen is MALFORMED,
}


def _is(scope: Scope, test: Is) -> Holds:
    state = STATES[test.state]
    if not isinstance(test.value, Read):
        get = evaluate.value(scope, test.value)
        return lambda run: state(_as_state(get(run)))
    path = test.value.path
    if read.is_quantified(path):
        spread = read.quantified(scope, path, whole=path.value not in QUANTIFIERS)
        return lambda run: spread(run, state)
    get = state_getter(scope, path)
    return lambda run: state(get(run))


def state_getter(scope: Scope, path: Path) -> Getter:
    """What a presence test of a path looks at: one value or component where the path names one, else all values."""
    return (read.value if path.value or path.component or path.group else read.contents)(scope, path)


def _as_state(found: Any) -> Any:
    """A value that comes from no element, as presence tests see it: without a value it is absent."""
    if not evaluate.is_nothing(found):
        return found
    return ABSENT if isinstance(found, NoValue) else BLANK


# The name under which the value at hand of [any] or [every] is known while it is tested; no `let` can have it.
EACH = "[each]"


def spreads(expression: object) -> bool:
    """Whether an expression goes through [any] or [every]."""
    match expression:
        case Read(path):
            return read.is_quantified(path)
        case Call(arguments=parts) | Join(parts):
            return any(spreads(part) for part in parts)
        case _:
            return False


def spread_over(scope: Scope, expression: Expression) -> Callable[[Run, Callable[[Any], bool]], bool]:
    """Asks a predicate about each value of an expression that goes through [any] or [every], once."""
    lifted, path = _lifted(expression)
    spread, get = read.quantified(scope, path, whole=False), evaluate.value(scope, lifted)
    if isinstance(expression, Read):
        return spread

    def each(run: Run, predicate: Callable[[Any], bool]) -> bool:
        def one(seen: Any) -> bool:
            run.locals[EACH] = seen
            return predicate(get(run))

        return spread(run, one)

    return each


def _lifted(expression: Expression) -> tuple[Expression, Path]:
    """The expression with its quantified path replaced by a name, and that path."""
    match expression:
        case Read(path):
            return Local(EACH), path
        case Call(function, arguments):
            at = next(place for place, part in enumerate(arguments) if spreads(part))
            inner, path = _lifted(arguments[at])  # type: ignore[arg-type]
            return Call(function, (*arguments[:at], inner, *arguments[at + 1 :])), path
        case Join(parts):
            at = next(place for place, part in enumerate(parts) if spreads(part))
            inner, path = _lifted(parts[at])
            return Join((*parts[:at], inner, *parts[at + 1 :])), path
        case _:
            raise TypeError(f"{type(expression).__name__} goes through no [any] or [every]")
