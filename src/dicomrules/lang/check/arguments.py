"""The arguments of a call of one of the language's functions: how many, of which types, which ones constant."""

from collections.abc import Sequence
from dataclasses import replace

from dicomrules.functions.dates import parse_form_problem
from dicomrules.functions.numbers import form_problem
from dicomrules.functions.record import Argument, Function, Parameter, Takes
from dicomrules.functions.regex import groups
from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import turn
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.paths import resolve
from dicomrules.lang.check.patterns import pattern
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.terms import Env, Term, Wanted
from dicomrules.program.expression import Expression, Read, Secret
from dicomrules.program.types import Regex, Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen

Given = ast.Expr | ast.Regex | Term
"""An argument as written, or already understood: what stands before a `|`."""


@frozen
class Passed:
    """One argument: its compiled form, the term when it is a value, its value when it is constant."""

    code: Expression | Regex | Secret
    term: Term | None = None
    constant: Argument | None = None


def passed(
    ground: Ground, node: ast.Call, function: Function, given: Sequence[Given], env: Env, wanted: Wanted | None
) -> list[Passed] | None:
    """Every argument, checked; None with a finding."""
    if not _count_fits(ground, node, function, len(given)):
        return None
    places = list(function.parameters)
    if places and places[-1].repeated:
        places += [places[-1]] * (len(given) - len(places))
    made = [_one(ground, function, place, one, env, wanted) for place, one in zip(places, given, strict=False)]
    found = [one for one in made if one is not None]
    if len(found) < len(made):
        return None
    problem = _sense(function.name, [one.constant for one in found])
    if problem:
        ground.report(
            "DR213",
            node.span,
            f"these arguments of `{function.name}` make no sense",
            problem,
            f"it is called so: `{signature(function)}`, as in `{function.example_text}`",
        )
        return None
    return found


def signature(function: Function) -> str:
    """How a function is called: `pad_left(length, fill)`."""
    rest = [f"{place.name}?" if place.optional else place.name for place in function.parameters[1:]]
    return f"{function.parameters[0].name} | {function.name}" + (f"({', '.join(rest)})" if rest else "")


def _count_fits(ground: Ground, node: ast.Call, function: Function, count: int) -> bool:
    least = sum(not place.optional for place in function.parameters)
    most = None if function.parameters[-1].repeated else len(function.parameters)
    if least <= count and (most is None or count <= most):
        return True
    message = f"`{function.name}` takes {'more' if count < least else 'fewer'} arguments"
    found = diagnose("DR213", node.span, message, f"{max(count - 1, 0)} in the brackets")
    ground.add(found.with_note(f"it is called so: `{signature(function)}`, as in `{function.example_text}`"))
    return False


def _one(
    ground: Ground, function: Function, place: Parameter, given: Given, env: Env, wanted: Wanted | None
) -> Passed | None:
    if place.takes is Takes.REGEX:
        return _regex(ground, function, given)
    if place.takes is Takes.SECRET:
        return _secret(ground, function, given)
    if isinstance(given, ast.Regex):
        message = f"`{function.name}` takes no regular expression as its `{place.name}`"
        ground.report(
            "DR213", given.span, message, "a value is needed", "take the slashes off, and put a text in double quotes"
        )
        return None
    if place.takes is Takes.WHOLE:
        return _whole(ground, function, place, given, env)
    return _value(ground, function, place, given, env, wanted)


def _regex(ground: Ground, function: Function, given: Given) -> Passed | None:
    if not isinstance(given, ast.Regex):
        message = f"`{function.name}` takes a regular expression here"
        ground.report(
            "DR213", given.span, message, "written between slashes: `/…/`", f"as in `{function.example_text}`"
        )
        return None
    made = pattern(ground, given, whole=False)
    return None if made is None else Passed(made, constant=made)


def _secret(ground: Ground, function: Function, given: Given) -> Passed | None:
    if not isinstance(given, ast.Name):
        ground.report(
            "DR213",
            given.span,
            f"`{function.name}` takes the name of a secret here",
            "not a secret",
            'say once `secret NAME from env "VARIABLE"`, and NAME here',
        )
        return None
    if ground.symbols.find("secret", given.text, ast.Secret) is None:
        if ground.symbols.missing("secret", given.text):
            ground.add(unknown(ground.symbols, "secret", given, "DR107"))
        return None
    return Passed(Secret(given.text))


def _whole(ground: Ground, function: Function, place: Parameter, given: Given, env: Env) -> Passed | None:
    """An attribute with all its values."""
    if not isinstance(given, ast.Path):
        message = f"`{function.name}` takes an attribute with all its values"
        ground.report(
            "DR213", given.span, message, "not an attribute", f"name the attribute itself: `{function.name}(PatientID)`"
        )
        return None
    found = resolve(ground, given, env)
    if found is None:
        return None
    if found.path.type not in place.types or found.path.value is not None:
        message = f"`{function.name}` does not take `{found.path.text}`"
        label = "without a selector, for all of them" if found.path.value is not None else NAMES[found.path.type]
        ground.report("DR213", given.span, message, label, "name an attribute whose values it can read, without `[…]`")
        return None
    code = Read(replace(found.path, most=None))
    return Passed(code, Term(code, found.path.type, given.span, spread=found.spread, count=None))


def _value(
    ground: Ground, function: Function, place: Parameter, given: ast.Expr | Term, env: Env, wanted: Wanted | None
) -> Passed | None:
    asked = Wanted(next(iter(place.types)), name=place.name) if len(place.types) == 1 else None
    if function.result == "first" and place.maybe_missing:
        asked = wanted
    term = given if isinstance(given, Term) else ground.value(given, env, asked)
    if term.type is None:
        return None
    if term.type not in place.types:
        found = diagnose("DR213", term.span, f"`{function.name}` does not take this", NAMES[term.type])
        needed = ", ".join(sorted({NAMES[type_] for type_ in place.types}))
        how = turn(term.type, next(iter(place.types)))
        ground.add(found.with_note(how or f"it takes {needed}, as in `{function.example_text}`"))
        return None
    if term.count != 1:
        ground.report(
            "DR205",
            term.span,
            f"`{function.name}` takes one value here",
            "these are several",
            "say which one: `[first]`, `[last]` or `[value 2]`",
        )
        return None
    if place.constant and not _constant_fits(ground, function, place, term):
        return None
    return Passed(term.code, term, term.constant)


def _constant_fits(ground: Ground, function: Function, place: Parameter, term: Term) -> bool:
    value = term.constant
    if value is None:
        message = f"`{place.name}` of `{function.name}` is a constant"
        ground.report(
            "DR213",
            term.span,
            message,
            "a literal or a parameter is needed",
            "write it out here: it is checked before anything runs",
        )
        return False
    if term.type is Type.INT and isinstance(value, int) and not place.low <= value <= place.high:
        message = f"`{place.name}` of `{function.name}` goes from {place.low} to {place.high}"
        ground.report(
            "DR213", term.span, message, f"{value} is outside", f"say a number from {place.low} to {place.high}"
        )
        return False
    if place.choices and value not in place.choices:
        message = f"`{function.name}` does not know `{value}`"
        ground.report("DR213", term.span, message, f"one of {', '.join(place.choices)}", "say one of these")
        return False
    return True


def _sense(name: str, constants: list[Argument | None]) -> str:
    """What is wrong with constants that fit one by one."""
    match name, constants:
        case "format", [_, str(form)]:
            return form_problem(form) or ""
        case "parse_date", [_, str(form)]:
            return parse_form_problem(form) or ""
        case "capture", [_, Regex() as regex, *rest]:
            group = rest[0] if rest and isinstance(rest[0], int) else 1
            return "" if group <= groups(regex) else f"the regex has {groups(regex)} groups in brackets"
        case "slice", [_, int(first), int(last)]:
            return "" if first <= last else "the first position comes before the last"
        case "keyed_days", [_, _, int(low), int(high)]:
            return "" if low < high or low == high != 0 else "there is no day from low to high"
        case _:
            return ""
