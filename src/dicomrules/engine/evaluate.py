"""Values: each expression becomes one function that yields its value in a decision, or why there is none."""

from collections.abc import Callable
from decimal import Context as Arithmetics
from decimal import Decimal, DecimalException
from enum import Enum
from typing import Any

from dicomrules.engine import context, lookup, read
from dicomrules.engine.compare import comparison, composed, constant_test
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.functions.record import Function, Takes
from dicomrules.functions.regex import fits
from dicomrules.functions.registry import FUNCTIONS
from dicomrules.program.expression import (
    Arithmetic,
    Call,
    Choose,
    ChooseArm,
    Column,
    Context,
    Expression,
    Join,
    Literal,
    Local,
    Lookup,
    OfObject,
    Otherwise,
    Range,
    Read,
    Secret,
    Several,
    Truth,
)
from dicomrules.program.types import ABSENT, NoValue, Regex, Type
from dicomrules.program.verdict import Stop


class Effect(Enum):
    """What an `otherwise` or an arm of `choose` says instead of a value, about the target of `set`."""

    KEEP = "keep"
    EMPTY = "empty"
    REMOVE = "remove"


EXACT = Arithmetics(prec=64, Emin=-400, Emax=400)
OUT_OF_RANGE = NoValue("out of range")


def value(scope: Scope, expression: Expression) -> Getter:
    """What yields the value of `expression`: a value, several values, NoValue, or (in `choose`) an Effect."""
    match expression:
        case Literal(constant):
            return lambda run: constant
        case Read(path):
            return read.value(scope, path)
        case Context(name):
            return context.reader(scope, name)
        case OfObject():
            return lambda run: run.objects.get(expression, ABSENT)
        case Local(name):
            return lambda run: run.locals.get(name, ABSENT)
        case Column(local, column):
            return lookup.column(local, column)
        case Lookup():
            return lookup.reader(scope, expression, [value(scope, key) for key in expression.keys])
        case Join(parts):
            return _join([value(scope, part) for part in parts])
        case Several(parts):
            return _several([value(scope, part) for part in parts])
        case Arithmetic(sign, left, right):
            return _arithmetic(sign, value(scope, left), value(scope, right))
        case Call():
            return _call(scope, expression)
        case Choose():
            return _choose(scope, expression)
        case Truth(condition):
            return scope.condition(scope, condition)


def fallback(scope: Scope, otherwise: Otherwise) -> Getter:
    """What yields an `otherwise`: a value, an Effect, or a verdict, which ends deciding."""
    match otherwise:
        case Stop():
            return _raising(otherwise)
        case "keep" | "empty" | "remove":
            effect = Effect(otherwise)
            return lambda run: effect
        case _:
            return value(scope, otherwise)


def with_fallback(scope: Scope, expression: Expression, otherwise: Otherwise | None) -> Getter:
    """The value, or that of `otherwise` when there is none; without `otherwise` the reason why there is none."""
    get = value(scope, expression)
    if otherwise is None:
        return get
    instead = fallback(scope, otherwise)

    def either(run: Run) -> Any:
        found = get(run)
        return instead(run) if is_nothing(found) else found

    return either


def is_nothing(found: Any) -> bool:
    """Whether there is no value: none at all, or a text that is empty or all blanks (S11)."""
    if isinstance(found, tuple):
        return all(is_nothing(part) for part in found)
    return isinstance(found, NoValue) or (isinstance(found, str) and not found.strip())


def _raising(stop: Stop) -> Getter:
    def end(run: Run) -> Any:
        raise Halt(stop)

    return end


def _join(parts: list[Getter]) -> Getter:
    def joined(run: Run) -> Any:
        texts = []
        for part in parts:
            text = part(run)
            if not isinstance(text, str):
                return text if isinstance(text, NoValue) else NoValue("several values")
            texts.append(text)
        return "".join(texts)

    return joined


def _several(parts: list[Getter]) -> Getter:
    def several(run: Run) -> Any:
        values: list[Any] = []
        for part in parts:
            found = part(run)
            if isinstance(found, NoValue):
                return found
            values.extend(found if isinstance(found, tuple) else (found,))
        return tuple(values)

    return several


def _arithmetic(sign: str, left: Getter, right: Getter) -> Getter:
    operation: Callable[[Decimal, Decimal], Decimal] = {
        "+": EXACT.add,
        "-": EXACT.subtract,
        "*": EXACT.multiply,
        "/": EXACT.divide,
    }[sign]

    def calculated(run: Run) -> Any:
        first, second = left(run), right(run)
        for operand in (first, second):
            if isinstance(operand, NoValue):
                return operand
        try:
            result = operation(Decimal(first), Decimal(second))
        except DecimalException:
            return OUT_OF_RANGE
        whole = isinstance(first, int) and isinstance(second, int) and sign != "/"
        return int(result) if whole and result == result.to_integral_value() else result

    return calculated


def _call(scope: Scope, call: Call) -> Getter:
    function = FUNCTIONS[call.function]
    arguments = [_argument(scope, function, place, argument) for place, argument in enumerate(call.arguments)]
    code = function.code
    takes_missing = any(parameter.maybe_missing for parameter in function.parameters)

    def called(run: Run) -> Any:
        values = [argument(run) for argument in arguments]
        if not takes_missing:
            for found in values:
                if isinstance(found, NoValue):
                    return found
        return code(*values)

    return called


def _argument(scope: Scope, function: Function, place: int, argument: Expression | Regex | Secret) -> Getter:
    if isinstance(argument, Regex):
        return lambda run: argument
    if isinstance(argument, Secret):
        secret = scope.plan.program.secrets[argument.name]
        return lambda run: secret
    parameter = function.parameters[min(place, len(function.parameters) - 1)]
    if parameter.takes is not Takes.WHOLE:
        return value(scope, argument)
    get = read.contents(scope, argument.path) if isinstance(argument, Read) else value(scope, argument)
    return lambda run: _whole(get(run))


def _whole(content: Any) -> Any:
    """All values for a function; none where the attribute is not there. A blank one among others is an empty text."""
    if isinstance(content, NoValue):
        return content if content.why == "malformed" else ()
    if isinstance(content, range):
        return content
    values = content if isinstance(content, tuple) else (content,)
    return tuple("" if isinstance(one, NoValue) else one for one in values)


def _choose(scope: Scope, choose: Choose) -> Getter:
    subject = value(scope, choose.subject)
    arms = [(_fitting(scope, arm, choose.type), fallback(scope, arm.result)) for arm in choose.arms]
    default = fallback(scope, choose.default)

    def chosen(run: Run) -> Any:
        seen = subject(run)
        if isinstance(seen, NoValue):
            return seen
        for fitting, result in arms:
            if fitting(run, seen):
                return result(run)
        return default(run)

    return chosen


def _fitting(scope: Scope, arm: ChooseArm, kind: Type) -> Callable[[Run, Any], bool]:
    tests = [_fits(scope, test, kind) for test in arm.tests]
    return lambda run, seen: any(test(run, seen) for test in tests)


def _fits(scope: Scope, test: Expression | Range | Regex, kind: Type) -> Callable[[Run, Any], bool]:
    if isinstance(test, Regex):
        return lambda run, seen: fits(test, composed(seen), whole=True)
    if isinstance(test, Range):
        reaches, ends = comparison(">=", kind), comparison("<=", kind)
        return lambda run, seen: reaches(seen, test.low) and ends(seen, test.high)
    if isinstance(test, Literal):
        equals_constant = constant_test("==", kind, test.value)
        return lambda run, seen: equals_constant(seen)
    wanted, equal = value(scope, test), comparison("==", kind)

    def equals(run: Run, seen: Any) -> bool:
        other = wanted(run)
        return not isinstance(other, NoValue) and equal(seen, other)

    return equals
