"""Calls of the language's functions, and of those that the file defines, which are written out where they stand."""

from collections.abc import Sequence
from dataclasses import replace

from dicomrules.functions.record import Function, Takes
from dicomrules.functions.registry import FUNCTIONS
from dicomrules.lang import ast
from dicomrules.lang.check.arguments import Given, Passed, passed
from dicomrules.lang.check.constants import literal
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import clash, common
from dicomrules.lang.check.symbols import suggested
from dicomrules.lang.check.terms import Doubt, Env, Term, Wanted, wrong
from dicomrules.lang.check.verdicts import fallback
from dicomrules.program.expression import Call, Literal, Read, Several
from dicomrules.program.types import NoValue, Type
from dicomrules.program.walk import inside
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_NEVER_BLANK = frozenset(
    {
        *("trim", "upper", "lower", "title", "squeeze", "pad_left", "pad_right", "cut", "ascii", "first_present"),
        *("hash", "keyed_hash", "keyed_uid", "format", "format_date", "person", "orientation", "initials"),
    }
)
"""Functions whose text is not empty when that of their first argument is not."""

IDENTIFYING = frozenset(
    {
        *("PatientID", "PatientName", "PatientBirthName", "PatientBirthDate", "OtherPatientIDs", "OtherPatientNames"),
        *("PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "MedicalRecordLocator"),
        *("MilitaryRank", "InsurancePlanIdentification", "AccessionNumber", "StudyID", "AdmissionID"),
    }
)
"""Attributes whose plain hash leads back to a patient."""

_SAME_LETTERS = frozenset({"trim", "upper"})
"""Functions that leave a value of an attribute one that its VR can hold."""


def pipe(ground: Ground, node: ast.Pipe, env: Env, wanted: Wanted | None) -> Term:
    """`value | f | g(1)`."""
    given: Given = node.value
    for index, step in enumerate(node.calls):
        last = index == len(node.calls) - 1
        span = node.value.span.to(step.span)
        given = _call(ground, step, (given, *step.arguments), env, span, wanted if last else None)
        if given.type is None:
            return wrong(node.span)
    assert isinstance(given, Term)
    return given


def call(ground: Ground, node: ast.Call, env: Env, wanted: Wanted | None) -> Term:
    """`f(x, 1)`."""
    return _call(ground, node, node.arguments, env, node.span, wanted)


def through(ground: Ground, calls: Sequence[ast.Call], term: Term, env: Env) -> Term:
    """A value put through the pipe of a table's column."""
    for step in calls:
        term = _call(ground, step, (term, *step.arguments), env, term.span, None)
    return term


def _call(ground: Ground, node: ast.Call, given: Sequence[Given], env: Env, span: Span, wanted: Wanted | None) -> Term:
    if any(isinstance(one, Term) and one.type is None for one in given):
        return wrong(span)
    name = node.function.text
    function = FUNCTIONS.get(name)
    if function is not None:
        arguments = passed(ground, node, function, given, env, wanted)
        return wrong(span) if arguments is None else _made(ground, function, arguments, span, wanted)
    own = ground.symbols.find("function", name, ast.Function)
    if own is not None:
        return _written_out(ground, node, own, given, env, span, wanted)
    if ground.symbols.missing("function", name):
        found = diagnose("DR104", node.function.span, f"unknown function `{name}`", "no function has this name")
        near = (
            [_ALSO[name]] if name in _ALSO else ground.symbols.near(name, [*FUNCTIONS, *ground.symbols.of("function")])
        )
        listed = "docs/reference/functions.md lists all; `+` joins texts"
        ground.add(suggested(found, node.function.span, near) if near else found.with_note(listed))
    return wrong(span)


_ALSO = {
    **dict.fromkeys(("substring", "substr", "mid", "sub_string"), "slice"),
    **dict.fromkeys(("left", "truncate", "head"), "cut"),
    **dict.fromkeys(("lowercase", "lower_case", "tolower", "lcase"), "lower"),
    **dict.fromkeys(("uppercase", "upper_case", "toupper", "ucase"), "upper"),
    **dict.fromkeys(("strip", "lstrip", "rstrip", "clean"), "trim"),
    **dict.fromkeys(("gsub", "re_sub", "resub"), "regex_replace"),
    **dict.fromkeys(("coalesce", "ifnull", "nvl", "first_of"), "first_present"),
    **dict.fromkeys(("zfill", "lpad", "left_pad"), "pad_left"),
    **dict.fromkeys(("rpad", "right_pad", "ljust"), "pad_right"),
    **dict.fromkeys(("int", "integer", "number", "to_number"), "to_int"),
    **dict.fromkeys(("str", "string", "to_string", "to_text"), "format"),
    **dict.fromkeys(("to_date", "strptime"), "parse_date"),
    **dict.fromkeys(("strftime", "date_format"), "format_date"),
    **dict.fromkeys(("md5", "sha1", "sha256", "pseudonym"), "keyed_hash"),
}
"""What functions are called elsewhere."""


def _made(ground: Ground, function: Function, arguments: list[Passed], span: Span, wanted: Wanted | None) -> Term:
    """The call of a function of the language."""
    terms = [one.term for one in arguments if one.term is not None]
    if function.name == "hash":
        _reversible(ground, terms[0], span)
    spreads = [term.spread for term in terms if term.spread]
    if len(spreads) > 1:
        ground.report(
            "DR212",
            span,
            "at most one argument may go through `[any]` or `[every]`",
            "two of them do",
            "say `[first]` or `[value 2]` for one of them",
        )
        return wrong(span)
    folded = _folded(ground, function, arguments, span, wanted)
    if folded is not None:
        return folded
    first = terms[0] if terms else None
    type_ = _result(function, terms)
    strict = [
        one.term
        for one, place in zip(arguments, function.parameters, strict=False)
        if one.term is not None and not place.maybe_missing
    ]
    doubts = [doubt for term in strict for doubt in term.doubts]
    if function.can_fail and not _sure(function, terms):
        doubts.append(Doubt(f"`{function.name}` may fail", span))
    constants = tuple(one.constant for one in arguments[1:] if one.constant is not None)
    longest = function.longest(first.longest if first is not None else None, constants)
    if function.name == "first_present":
        known = [term.longest for term in terms if term.longest is not None]
        longest = max(known) if len(known) == len(terms) else None
    return Term(
        Call(function.name, tuple(one.code for one in arguments)),
        type_,
        span,
        longest=longest,
        vr=first.vr if first is not None and function.name in _SAME_LETTERS else "",
        doubts=tuple(doubts),
        blank=_blank(function, terms, span),
        needs=frozenset().union(*(term.needs for term in strict)),
        count=None if function.many else 1,
        spread=spreads[0] if spreads else "",
        plain=all(term.plain for term in terms),
        parts=1 + sum(term.parts for term in terms),
    )


def _sure(function: Function, terms: list[Term]) -> bool:
    """Whether a function that can fail never does with these. What is calculated may leave all bounds."""
    if function.name == "first_present":
        return any(not term.doubts for term in terms)
    return bool(terms) and terms[0].type in function.sure_of and isinstance(terms[0].code, Read)


def _reversible(ground: Ground, term: Term, span: Span) -> None:
    """Warn of a plain hash of what identifies a patient: there are few enough of them to try them all."""
    read = [part.path for part in inside(term.code) if isinstance(part, Read)]
    name = next((path.steps[-1].name for path in read if path.steps[-1].name in IDENTIFYING), "")
    if name:
        found = diagnose("DR222", span, f"a hash of `{name}` without a key can be reversed by trying", "no key")
        ground.add(found.with_note('say `keyed_hash(SECRET, …)`, with `secret SECRET from env "…"` in this file'))


def _blank(function: Function, terms: list[Term], span: Span) -> Doubt | None:
    """Why the result may be an empty text."""
    if function.result not in ("first", Type.TEXT):
        return None
    if function.name not in _NEVER_BLANK:
        return Doubt(f"`{function.name}` may leave nothing", span)
    if function.name == "first_present":
        return None
    return terms[0].blank if terms else None


def _result(function: Function, terms: list[Term]) -> Type | None:
    if function.result != "first":
        return function.result
    type_ = terms[0].type
    for term in terms[1:]:
        if type_ is not None and term.type is not None and function.parameters[-1].repeated:
            type_ = common(type_, term.type)
    return Type.TEXT if type_ is Type.CODE and function.name not in (*_SAME_LETTERS, "first_present") else type_


def _folded(
    ground: Ground, function: Function, arguments: list[Passed], span: Span, wanted: Wanted | None
) -> Term | None:
    """The result of a call on constants alone; None when there are others."""
    if any(one.constant is None for one in arguments) or not arguments:
        return None
    if any(place.takes is Takes.WHOLE for place in function.parameters):
        return None
    result = function.code(*(one.constant for one in arguments))
    if isinstance(result, NoValue):
        ground.report(
            "DR203",
            span,
            f"`{function.name}` never has a value here: {result.why}",
            result.why,
            "give it another argument, or write the value itself",
        )
        return wrong(span)
    if isinstance(result, tuple):
        return Term(Several(tuple(Literal(part, Type.TEXT) for part in result)), Type.TEXT, span, count=len(result))
    if isinstance(result, str):
        return literal(ground, result, span, wanted)
    type_ = _result(function, [one.term for one in arguments if one.term is not None])
    return Term(Literal(result, type_ or Type.TEXT), type_, span)


def _written_out(
    ground: Ground,
    node: ast.Call,
    own: ast.Function,
    given: Sequence[Given],
    env: Env,
    span: Span,
    wanted: Wanted | None,
) -> Term:
    """The call of a function of the file."""
    name = own.name.text
    if len(given) != len(own.parameters):
        message = f"`{name}` takes {len(own.parameters)} argument{'s' if len(own.parameters) != 1 else ''}"
        found = diagnose("DR213", node.span, message, f"{len(given)} given")
        found = found.with_label(own.name.span, "defined here")
        arguments = ", ".join(parameter.text for parameter in own.parameters)
        ground.add(found.with_note(f"it is called so: `{name}({arguments})`"))
        return wrong(span)
    if not above(ground, "function", name, node.function.span):
        return wrong(span)
    names = {}
    for place, one in zip(own.parameters, given, strict=True):
        if isinstance(one, ast.Regex):
            ground.report(
                "DR213",
                one.span,
                f"`{name}` takes values",
                "a regular expression is none",
                "put a text in double quotes",
            )
            return wrong(span)
        term = one if isinstance(one, Term) else ground.value(one, env.single)
        if term.type is None:
            return wrong(span)
        names[place.text] = term
    body = Env(names, env.known, env.within, aside=env.aside or env.within is not None)
    ground.opening.append(f"function {name}")
    result = body_of(ground, own, body, wanted)
    ground.opening.pop()
    return replace(result, span=span, doubts=tuple(replace(doubt, span=span) for doubt in result.doubts))


def body_of(ground: Ground, own: ast.Function, env: Env, wanted: Wanted | None) -> Term:
    """What a function of the file gives."""
    term = ground.value(own.value.expr, env, wanted)
    if own.value.otherwise is None:
        return term
    fallen = fallback(ground, own.value.otherwise, env, wanted, "")
    other = fallen.term
    if term.type is None or other is None or other.type is None:
        return wrong(own.value.span)
    type_ = common(term.type, other.type)
    if type_ is None:
        clash(ground, own.value.span, term, other, "a function gives values of one type")
        return wrong(own.value.span)
    known = (term.longest, other.longest)
    return Term(
        Call("first_present", (term.code, other.code)),
        type_,
        own.value.span,
        longest=None if known[0] is None or known[1] is None else max(known[0], known[1]),
        doubts=other.doubts,
        blank=other.blank,
        plain=term.plain and other.plain,
        parts=1 + term.parts + other.parts,
    )


def above(ground: Ground, kind: str, name: str, span: Span) -> bool:
    """Whether an item may use another one: only those above it. Reports one that may not."""
    ground.used += 1
    if not ground.opening:
        return True
    order = ground.symbols.order
    inside = ground.opening[-1]
    if order.get(f"{kind} {name}", -1) < order.get(inside, 0):
        return True
    same = inside == f"{kind} {name}"
    label = "it stands for itself" if same else "it is defined further down"
    found = diagnose("DR110", span, f"{kind} `{name}` cannot be used here", label)
    way_out = (
        "nothing goes round in circles: write out what is meant" if same else f"move `{kind} {name}` above `{inside}`"
    )
    ground.add(found.with_note(way_out))
    return False
