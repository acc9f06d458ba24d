"""Nodes of statements and verdicts."""

from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.building import Builder, Reduction, node, node_of_many, parts, present, words_of
from dicomrules.lang.remarks import said_twice
from dicomrules.text.source import Span


def _value(expr: Any, otherwise: Any) -> ast.Value:
    return ast.Value(expr, otherwise, span=expr.span.to(otherwise.span) if otherwise else expr.span)


def _set(at: Reduction) -> ast.Set:
    target, expr, override, creating, otherwise = at.children
    return ast.Set(target, _value(expr, otherwise), bool(override), bool(creating), span=at.span)


def _default(at: Reduction) -> ast.Default:
    target, expr, creating, otherwise = at.children
    return ast.Default(target, _value(expr, otherwise), bool(creating), span=at.span)


def _remap_uids(at: Reduction) -> ast.RemapUids:
    excepted, secret, root = at.children
    return ast.RemapUids(secret, excepted, root, span=at.span)


def _shift_dates(at: Reduction) -> ast.ShiftDates:
    excepted, by = at.children
    return ast.ShiftDates(by, excepted, span=at.span)


def _option(at: Reduction) -> tuple[ast.DeidentifyOption, Span]:
    return ast.DeidentifyOption(words_of(at)), at.span


def _deidentify(at: Reduction) -> ast.Deidentify:
    secret, *options = at.children
    first: dict[ast.DeidentifyOption, Span] = {}
    for option, span in options:
        if option in first:
            at.report(said_twice(option.value, span, first[option]))
        first.setdefault(option, span)
    return ast.Deidentify(secret, tuple(first), span=at.span)


def _if(at: Reduction) -> ast.If:
    *branches, otherwise = at.children
    return ast.If(tuple(branches), otherwise, span=at.span)


def _targets(at: Reduction) -> ast.Targets:
    *targets, anywhere = at.children
    return ast.Targets(tuple(targets), bool(anywhere), span=at.span)


BUILDERS: dict[str, Builder] = {
    "let": node(ast.Let),
    "set": _set,
    "default": _default,
    "add": node(ast.Add),
    "copy": node(ast.Copy),
    "move": node(ast.Move),
    "swap": node(ast.Swap),
    "empty": node(ast.Empty),
    "remove": node(ast.Remove),
    "keep_only": node(ast.KeepOnly),
    "remove_private": node_of_many(ast.RemovePrivate),
    "within": lambda at: ast.Within(at.children[0], tuple(at.children[1:]), span=at.span),
    "remap_uids": _remap_uids,
    "shift_dates": _shift_dates,
    "option": _option,
    "deidentify": _deidentify,
    "charset_to": node(ast.CharsetTo),
    "charset_from": node(ast.CharsetFrom),
    "rectangle": node(ast.Rectangle),
    "redact_pixels": node_of_many(ast.RedactPixels),
    "apply": node(ast.Apply),
    "branch": node(ast.Branch),
    "block": parts,
    "if_": _if,
    "excepted": lambda at: at.children[0],
    "targets": _targets,
    "tags_ref": node(ast.TagsRef),
    "override": present,
    "creating": present,
    "anywhere": present,
    "drop": node(ast.Drop),
    "quarantine": node(ast.Quarantine),
    "reject": node(ast.Reject),
    "hold": node(ast.Hold),
}
"""A builder for each rule and alias of rules.lark about statements and verdicts."""
