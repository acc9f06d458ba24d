"""Literals, lists of them, and parameters, which are literals with a name."""

import re
from decimal import Decimal

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.literals import NAMES, disguise, flaw, form_of, number_flaw, read_text, zeros_in_front
from dicomrules.lang.check.placeholders import title
from dicomrules.lang.check.terms import Env, Term, Wanted, wrong
from dicomrules.program.expression import Literal, Several
from dicomrules.program.types import NUMERIC, TEXTUAL, Type, Value
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_NUMERAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


def literal(ground: Ground, value: Value, span: Span, wanted: Wanted | None) -> Term:
    """A literal, read as what its place asks for."""
    if isinstance(value, str):
        return _text(ground, value, span, wanted)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _number(ground, value, span, wanted)
    return Term(Literal(value, _type(value)), _type(value), span)


def _type(value: Value) -> Type:
    """The type of a value that calls of functions on constants can give."""
    if isinstance(value, bool):
        return Type.TRUTH
    return {"date": Type.DATE, "Age": Type.AGE}.get(type(value).__name__, Type.TIME)


def _text(ground: Ground, text: str, span: Span, wanted: Wanted | None) -> Term:
    why = disguise(text)
    if why:
        ground.report(
            "DR211",
            span,
            "this text is not what it looks like",
            why,
            "type it anew with one keyboard; what is copied from elsewhere may look alike",
        )
    if wanted is None or wanted.type in TEXTUAL:
        return _fitting(ground, text, span, wanted)
    value = read_text(text, wanted.type)
    if value is not None:
        return Term(Literal(value, wanted.type), wanted.type, span)
    name = wanted.name or "this"
    if wanted.type in NUMERIC:
        found = diagnose("DR201", span, f"{_called(name)} is {NAMES[wanted.type]}, this is a text", "a text")
        if _NUMERAL.fullmatch(text):
            found = found.with_fix("leave out the quotes", span, text.lstrip("0") or "0")
        else:
            found = found.with_note("a number is digits, without quotes: `512`, `-1.5`")
        ground.add(found)
    elif form_of(wanted.type):
        found = diagnose("DR203", span, f"`{text}` is not {NAMES[wanted.type]}", f"`{name}` holds {NAMES[wanted.type]}")
        ground.add(found.with_note(form_of(wanted.type)))
    else:
        ground.report(
            "DR201",
            span,
            f"{_called(name)} is {NAMES[wanted.type]}, this is a text",
            "a text",
            "say it by itself, or compare it with something of its own kind",
        )
    return wrong(span)


def _called(name: str) -> str:
    """A name as it is written; what is described in words stands without backticks."""
    return name if " " in name and "[" not in name else f"`{name}`"


def _fitting(ground: Ground, text: str, span: Span, wanted: Wanted | None) -> Term:
    """A text, checked against the VR that is to hold it."""
    type_ = wanted.type if wanted is not None else Type.TEXT
    problem = flaw(text, wanted.vr, whole=wanted.whole) if wanted is not None and wanted.vr else ""
    if not problem and wanted is not None and wanted.vr == "UI" and wanted.whole:
        problem = zeros_in_front(text)
    if problem and wanted is not None:
        found = diagnose("DR203", span, f"{_called(wanted.name or wanted.vr)} cannot hold this text", problem)
        if wanted.vr == "CS" and not flaw(text.upper(), "CS", whole=wanted.whole):
            found = found.with_fix("in upper case", span, '"' + text.upper() + '"')
            if not wanted.whole:
                found = found.with_note("to take whatever case is sent: `| upper == …`, or `matches /…/i`")
        elif "\\" in text:
            found = found.with_note('several values are a list: `["A", "B"]`')
        else:
            found = found.with_note(f"write a text that {wanted.vr} can hold (PS3.5 6.2)")
        ground.add(found)
        return wrong(span)
    vr = wanted.vr if wanted is not None else ""
    if wanted is not None and vr == "AE" and not wanted.whole:
        title(ground, text, span)
    return Term(Literal(text, type_), type_, span, longest=len(text), vr=vr, plain=text.isascii())


def _number(ground: Ground, number: int | Decimal, span: Span, wanted: Wanted | None) -> Term:
    if wanted is None or wanted.type in NUMERIC:
        type_ = wanted.type if wanted is not None else Type.INT if isinstance(number, int) else Type.DECIMAL
        problem = number_flaw(number, wanted.vr) if wanted is not None else ""
        if problem and wanted is not None:
            ground.report(
                "DR203",
                span,
                f"`{wanted.name or wanted.vr}` cannot hold this number",
                problem,
                "write a number that it can hold",
            )
            return wrong(span)
        if type_ is Type.INT and number != int(number):
            type_ = Type.DECIMAL
        return Term(Literal(int(number) if type_ is Type.INT else Decimal(number), type_), type_, span)
    found = diagnose(
        "DR201", span, f"{_called(wanted.name or 'this')} is {NAMES[wanted.type]}, this is a number", "a number"
    )
    written = span.text if _NUMERAL.fullmatch(span.text) else ""  # with its zeros: patient 00123 is not patient 123
    if not written and wanted.type in TEXTUAL:
        found = found.with_note("a text stands in quotes where the parameter is given its value")
    elif written and (wanted.type in TEXTUAL or read_text(written, wanted.type) is not None):
        found = found.with_fix("a text stands in quotes", span, f'"{written}"')
    elif form_of(wanted.type):
        found = found.with_note(form_of(wanted.type))
    else:
        found = found.with_note(f"{NAMES[wanted.type]} is needed here")
    ground.add(found)
    return wrong(span)


def list_of(ground: Ground, node: ast.ListOf, env: Env, wanted: Wanted | None) -> Term:
    """Several values for one attribute."""
    terms = []
    for element in node.elements:
        if isinstance(element, ast.Range):
            ground.report(
                "DR214",
                element.span,
                "a range is no value",
                "ranges stand after `in`",
                "in a list of values name each one",
            )
            return wrong(node.span)
        terms.append(ground.value(element, env, wanted))
    if any(term.type is None for term in terms):
        return wrong(node.span)
    if not terms:
        ground.report(
            "DR220",
            node.span,
            "an empty list has no values",
            "say `empty P` or `remove P`",
            "to write no value: `empty P`; to take it away: `remove P`",
        )
        return wrong(node.span)
    types = {term.type for term in terms}
    if len(types) > 1 and not types <= TEXTUAL:
        ground.report(
            "DR201",
            node.span,
            "the values of a list are of one type",
            "these are not",
            "put all of them in double quotes, or none",
        )
        return wrong(node.span)
    known = [term.longest for term in terms if term.longest is not None]
    return Term(
        Several(tuple(term.code for term in terms)),
        terms[0].type,
        node.span,
        longest=max(known) if len(known) == len(terms) else None,
        vr=terms[0].vr if len({term.vr for term in terms}) == 1 else "",
        doubts=tuple(doubt for term in terms for doubt in term.doubts),
        blank=next((term.blank for term in terms if term.blank), None),
        needs=frozenset().union(*(term.needs for term in terms)),
        count=len(terms),
        plain=all(term.plain for term in terms),
        parts=1 + sum(term.parts for term in terms),
    )


def parameter(ground: Ground, node: ast.Name, env: Env, wanted: Wanted | None) -> Term:
    """The value of a parameter, as if it stood there."""
    item = ground.symbols.find("parameter", node.text, ast.Parameter)
    assert item is not None
    values = parameter_values(ground, item)
    if values is None:
        return wrong(node.span)
    if not isinstance(values, tuple):
        return literal(ground, values, node.span, wanted)
    elements = tuple(ast.Text(text, span=node.span) for text in values)
    return list_of(ground, ast.ListOf(elements, span=node.span), env, wanted)


def parameter_values(ground: Ground, item: ast.Parameter) -> str | int | Decimal | tuple[str, ...] | None:
    """What a parameter is, from outside or by its default; several texts for a list. None with a finding."""
    default = item.value
    if isinstance(default, ast.ListOf) and default.elements:
        texts = [element.value for element in default.elements if isinstance(element, ast.Text)]
        if len(texts) == len(default.elements):
            given = ground.symbols.parameters.get(item.name.text)
            return tuple(texts) if given is None else _listed(ground, item, given)
    elif isinstance(default, ast.Text | ast.Number):
        return _from_outside(ground, item, default.value)
    ground.report(
        "DR115",
        default.span,
        "a parameter is a text, a number or a list of texts",
        "this is none of them",
        'such as `"SITEA-"`, `512` or `["CT", "MR"]`; for an attribute say `let` in the rule',
    )
    return None


def _listed(ground: Ground, item: ast.Parameter, given: str) -> tuple[str, ...] | None:
    parts = tuple(part.strip() for part in given.split(",") if part.strip())
    if parts:
        return parts
    ground.report(
        "DR115",
        item.span,
        f"parameter `{item.name.text}` is a list, and the value from outside has no member",
        "what is asked for in it would never be found",
        "give it texts between commas in the gateway file, or with `--set`",
    )
    return None


def _from_outside(ground: Ground, item: ast.Parameter, default: str | int | Decimal) -> str | int | Decimal | None:
    given = ground.symbols.parameters.get(item.name.text)
    if given is None or isinstance(default, str):
        return default if given is None else given
    if _NUMERAL.fullmatch(given) and (isinstance(default, Decimal) or "." not in given):
        return Decimal(given) if isinstance(default, Decimal) else int(given)
    what = "a whole number" if isinstance(default, int) else "a number"
    message = f"parameter `{item.name.text}` is {what}, and the value from outside is none"
    ground.report(
        "DR115",
        item.span,
        message,
        "its default says which type it has",
        f"give it {what} in the gateway file, or with `--set`",
    )
    return None
