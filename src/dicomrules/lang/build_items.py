"""Nodes of the items of a file."""

from dicomrules.lang import ast
from dicomrules.lang.building import Builder, Reduction, node, node_of_many, parts, words_of


def _tags(at: Reduction) -> ast.Tags:
    name, members, excepted = at.children
    return ast.Tags(name, members, excepted or (), span=at.span)


def _table(at: Reduction) -> ast.Table:
    name, source, connection, *columns, unavailable = at.children
    return ast.Table(name, source, connection, tuple(columns), unavailable, span=at.span)


def _column(at: Reduction) -> ast.Column:
    kind, header, attribute, *pipe = at.children
    return ast.Column(header, kind == "key", attribute=attribute, pipe=tuple(pipe), span=at.span)


def _typed_column(at: Reduction) -> ast.Column:
    kind, header, type_word, name, *pipe = at.children
    return ast.Column(header, kind == "key", type_word=type_word, name=name, pipe=tuple(pipe), span=at.span)


def _rule(at: Reduction) -> ast.Rule:
    name, title, guard, *body = at.children
    return ast.Rule(name, title, guard, tuple(body), span=at.span)


def _guard(negated: bool) -> Builder:
    return lambda at: ast.Guard(at.children[0], negated, span=at.span)


BUILDERS: dict[str, Builder] = {
    "include": node(ast.Include),
    "settings": node_of_many(ast.Settings),
    "record_changes": node(ast.RecordChanges),
    "malformed_is": node(ast.MalformedIs),
    "timezone": node(ast.Timezone),
    "unencodable": node(ast.Unencodable),
    "ascii": node(ast.Ascii),
    "expects": node(ast.Expects),
    "names": parts,
    "secret": node(ast.Secret),
    "parameter": node(ast.Parameter),
    "tags": _tags,
    "tags_members": parts,
    "by_vr": node(ast.ByVR),
    "schedule": node(ast.Schedule),
    "private_element": node(ast.PrivateElement),
    "condition": node(ast.Condition),
    "function": node(ast.Function),
    "table": _table,
    "inline_table": lambda at: ast.InlineTable(at.children[0], tuple(at.children[1:]), span=at.span),
    "source": words_of,
    "column": _column,
    "typed_column": _typed_column,
    "column_kind": words_of,
    "row": node(ast.Row),
    "row_keys": parts,
    "action": lambda at: ast.Action(at.children[0], tuple(at.children[1:]), span=at.span),
    "rule": _rule,
    "group": lambda at: ast.Group(at.children[0], at.children[1], tuple(at.children[2:]), span=at.span),
    "when": _guard(negated=False),
    "unless": _guard(negated=True),
}
"""A builder for each rule and alias of rules.lark about items."""
