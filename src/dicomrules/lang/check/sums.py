"""`+` between texts, and arithmetic between numbers."""

from dataclasses import replace
from decimal import Decimal, DivisionByZero, InvalidOperation

from dicomrules.lang import ast
from dicomrules.lang.check import placeholders
from dicomrules.lang.check.constants import literal
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import clash, turn
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.terms import Doubt, Env, Term, Wanted, wrong
from dicomrules.program.expression import Arithmetic, Join, Literal
from dicomrules.program.types import NUMERIC, TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose


def arithmetic(ground: Ground, node: ast.Arithmetic, env: Env, wanted: Wanted | None) -> Term:
    """`a + b - c`, from left to right; texts are joined by `+`."""
    terms = [ground.value(operand, env) for operand in node.operands]
    if any(term.type is None for term in terms):
        return wrong(node.span)
    odd = next((term for term in terms if term.type not in TEXTUAL | NUMERIC), None)
    if odd is not None:
        assert odd.type is not None
        found = diagnose("DR201", odd.span, f"{NAMES[odd.type]} cannot be part of a sum", NAMES[odd.type])
        how = turn(odd.type, Type.TEXT) if odd.type is not Type.DATE else "say `| plus_days(n)` or `| format_date(…)`"
        ground.add(found.with_note(how or "only texts are joined, and numbers added"))
        return wrong(node.span)
    if any(term.count != 1 for term in terms):
        ground.report(
            "DR205", node.span, "a list cannot be part of a sum", "one value each", "say which value: `P[first]`"
        )
        return wrong(node.span)
    if all(term.type in TEXTUAL for term in terms):
        for term in terms:
            if isinstance(term.constant, str):
                placeholders.written(ground, term.constant, term.span, env, whole=False)
        return _join(ground, node, terms, wanted)
    if all(term.type in NUMERIC for term in terms):
        return _calculate(ground, node, terms, wanted)
    text = next(term for term in terms if term.type in TEXTUAL)
    number = next(term for term in terms if term.type in NUMERIC)
    clash(ground, node.span, number, text, "a text and a number cannot be added")
    return wrong(node.span)


def _joined(node: ast.Arithmetic, terms: list[Term], code: Join | Arithmetic, type_: Type) -> Term:
    known = [term.longest for term in terms if term.longest is not None]
    blank = None if any(term.blank is None for term in terms) else terms[0].blank
    spreads = [term.spread for term in terms if term.spread]
    return Term(
        code,
        type_,
        node.span,
        longest=sum(known) if len(known) == len(terms) and type_ is Type.TEXT else None,
        doubts=tuple(doubt for term in terms for doubt in term.doubts),
        blank=blank,
        needs=frozenset().union(*(term.needs for term in terms)),
        spread=spreads[0] if spreads else "",
        plain=all(term.plain for term in terms),
        parts=1 + sum(term.parts for term in terms),
    )


def _join(ground: Ground, node: ast.Arithmetic, terms: list[Term], wanted: Wanted | None) -> Term:
    if any(operator != "+" for operator in node.operators):
        operator = next(operator for operator in node.operators if operator != "+")
        ground.report(
            "DR201",
            node.span,
            f"texts know no `{operator}`",
            "only `+` joins texts",
            "turn texts into numbers first: `| to_int`, `| to_decimal`",
        )
        return wrong(node.span)
    if all(isinstance(term.constant, str) for term in terms):
        return literal(ground, "".join(str(term.constant) for term in terms), node.span, wanted)
    return _joined(node, terms, Join(tuple(term.code for term in terms)), Type.TEXT)


def _calculate(ground: Ground, node: ast.Arithmetic, terms: list[Term], wanted: Wanted | None) -> Term:
    if all(isinstance(term.code, Literal) for term in terms):
        return _constant(ground, node, terms, wanted)
    code = terms[0].code
    type_ = terms[0].type
    doubts: list[Doubt] = []
    for operator, term in zip(node.operators, terms[1:], strict=True):
        if operator == "/" and not term.constant:
            doubts.append(Doubt("a division by zero has no result", term.span))
        code = Arithmetic(operator, code, term.code)  # type: ignore[arg-type]  # the grammar knows these four only
        type_ = Type.INT if type_ is Type.INT and term.type is Type.INT and operator != "/" else Type.DECIMAL
    assert isinstance(code, Arithmetic)
    whole = _joined(node, terms, code, type_ or Type.DECIMAL)
    return replace(whole, longest=None, doubts=(*whole.doubts, *doubts), blank=None, plain=True)


def _constant(ground: Ground, node: ast.Arithmetic, terms: list[Term], wanted: Wanted | None) -> Term:
    """The result of a sum of literals."""
    numbers = [Decimal(term.constant) for term in terms if isinstance(term.constant, int | Decimal)]
    result = numbers[0]
    try:
        for operator, number in zip(node.operators, numbers[1:], strict=True):
            result = {"+": result.__add__, "-": result.__sub__, "*": result.__mul__, "/": result.__truediv__}[operator](
                number
            )
    except (DivisionByZero, InvalidOperation):
        ground.report(
            "DR203", node.span, "a division by zero has no result", "never a number", "divide by another number"
        )
        return wrong(node.span)
    whole = all(term.type is Type.INT for term in terms) and "/" not in node.operators
    return literal(ground, int(result) if whole else result, node.span, wanted)
