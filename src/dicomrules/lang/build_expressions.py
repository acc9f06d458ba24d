"""Nodes of values, conditions and paths; and the two places where brackets are asked for."""

from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.building import Bracketed, Builder, Reduction, node, node_of_many, parts, words_of
from dicomrules.lang.remarks import counted_from_one, meant_fallback, mixed_and_or, mixed_pipe
from dicomrules.text.source import Span


def _call(at: Reduction) -> ast.Call:
    name, arguments = at.children
    return ast.Call(name, arguments or (), span=at.span)


def _expr(at: Reduction) -> ast.Or:
    """Terms joined by `or`; an `and` among them that stands in no brackets is reported."""
    if any(isinstance(child, ast.And) for child in at.raw):
        groups = [_spans(child.terms) if isinstance(child, ast.And) else [child.span] for child in at.raw]
        at.report(mixed_and_or(at.span, groups))
    return ast.Or(tuple(at.children), span=at.span)


def _conjunction(at: Reduction) -> ast.And:
    return ast.And(tuple(at.children), span=at.span)


def _spans(nodes: tuple[Any, ...]) -> list[Span]:
    return [one.span for one in nodes]


def _sum(at: Reduction) -> ast.Pipe | ast.Arithmetic:
    """Operands joined by `+` and `-`, or a value that goes through pipes; both together are reported."""
    parts = _flat("", at.raw[0])
    run: list[Any] = [at.children[0]]
    operators: list[str] = []
    operator = ""
    so_far = at.raw[0].span
    for raw, child in zip(at.raw[1:], at.children[1:], strict=True):
        if isinstance(child, str):
            operator = child
            continue
        if len(run) > 1 and bool(operator) != bool(operators):
            run, operators = [_joined(run, operators, so_far)], []
        run.append(child)
        so_far = so_far.to(raw.span)
        if operator:
            operators.append(operator)
        parts += _flat(operator or "|", raw)
        operator = ""
    kinds = {joint == "|" for joint, _ in parts[1:]}
    if len(kinds) > 1:
        at.report(mixed_pipe(at.span, parts))
    return _joined(run, operators, so_far)


def _joined(run: list[Any], operators: list[str], span: Span) -> ast.Pipe | ast.Arithmetic:
    """One node of a run of operands with operators, or, without operators, of a value and its pipes."""
    if operators:
        return ast.Arithmetic(tuple(run), tuple(operators), span=span)
    return ast.Pipe(run[0], tuple(run[1:]), span=span)


def _flat(operator: str, part: Any) -> list[tuple[str, Span]]:
    """A part of a sum with the operator before it; one that is a product without brackets, operand by operand."""
    if not isinstance(part, ast.Arithmetic):
        return [(operator, part.span)]
    return list(zip((operator, *part.operators), _spans(part.operands), strict=True))


def _product(at: Reduction) -> ast.Arithmetic:
    return ast.Arithmetic(tuple(at.children[::2]), tuple(at.children[1::2]), span=at.span)


def _path(at: Reduction) -> ast.Path:
    prefix, *rest = at.children
    steps = tuple(one for one in rest if isinstance(one, ast.Step))
    names = tuple(one for one in rest if isinstance(one, ast.Name))
    return ast.Path(steps, prefix, names, span=at.span)


def _numbered(kind: type[ast.ItemSelector] | type[ast.ValueSelector], word: str) -> Builder:
    def build(at: Reduction) -> ast.ItemSelector | ast.ValueSelector:
        number = at.children[0]
        if number.value < 1:
            at.report(counted_from_one(at.span, word))
        return kind(number.value, span=at.span)

    return build


def _negated_in(at: Reduction) -> ast.In:
    subject, _, choices = at.children
    return ast.In(subject, choices, negated=True, span=at.span)


def _compare(at: Reduction) -> ast.Compare:
    left, operator, right = at.children
    return ast.Compare(operator, left, right, span=at.span)


def _otherwise(at: Reduction) -> Any:
    """What follows `otherwise`; `otherwise skip` and the like are reported."""
    fallback = at.children[0]
    if isinstance(fallback, ast.Name) and (found := meant_fallback(fallback)):
        at.report(found)
    return fallback


BUILDERS: dict[str, Builder] = {
    "expr": _expr,
    "conjunction": _conjunction,
    "not_": node(ast.Not),
    "compare": _compare,
    "in_": node(ast.In),
    "not_in": _negated_in,
    "during": node(ast.During),
    "has": node(ast.Has),
    "starts_with": node(ast.StartsWith),
    "ends_with": node(ast.EndsWith),
    "contains": node(ast.Contains),
    "matches": node(ast.Matches),
    "is_": node(ast.Is),
    "state": lambda at: ast.State(words_of(at)),
    "sum": _sum,
    "product": _product,
    "brackets": lambda at: Bracketed(at.children[0], at.span),
    "call": _call,
    "applied": _call,
    "arguments": parts,
    "list": node_of_many(ast.ListOf),
    "range": node(ast.Range),
    "lookup": node(ast.Lookup),
    "keys": parts,
    "field": node(ast.Field),
    "choose": lambda at: ast.Choose(at.children[0], tuple(at.children[1:-1]), at.children[-1], span=at.span),
    "arm": node(ast.Arm),
    "arm_tests": parts,
    "arm_matches": lambda at: at.children[0],
    "value": node(ast.Value),
    "otherwise": _otherwise,
    "keep": node(ast.Keep),
    "empty_it": node(ast.EmptyIt),
    "remove_it": node(ast.RemoveIt),
    "path": _path,
    "prefix": lambda at: ast.Prefix(words_of(at)),
    "step": node(ast.Step),
    "ordinal": lambda at: ast.OrdinalSelector(ast.Ordinal(words_of(at)), span=at.span),
    "item_selector": _numbered(ast.ItemSelector, "item"),
    "value_selector": _numbered(ast.ValueSelector, "value"),
    "where_selector": node(ast.WhereSelector),
}
"""A builder for each rule and alias of rules.lark about values, conditions and paths."""
