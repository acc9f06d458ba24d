"""Values, conditions, paths and verdicts as documents to lay out; with the brackets that their shape needs."""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any, cast

from dicomrules.lang import ast
from dicomrules.lang.layout import Break, Doc, Group, Nest, joined

Docs = Callable[[Any], Doc]
"""Gives the document of a child, which has been made before that of its parent."""

_COMPARISONS = (
    ast.Compare | ast.In | ast.During | ast.Has | ast.StartsWith | ast.EndsWith | ast.Contains | ast.Matches | ast.Is
)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def value_doc(root: Any) -> Doc:
    """The document of a value, path, verdict or list of targets. Children first, without recursion."""
    order: list[ast.Node] = []
    open_: list[ast.Node] = [root]
    while open_:
        node = open_.pop()
        order.append(node)
        open_.extend(children(node))
    made: dict[int, Doc] = {}
    for node in reversed(order):
        made[id(node)] = _write(node, lambda child: made[id(child)])
    return made[id(root)]


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes directly below a node, in the order of its fields."""
    for field in fields(node):
        held = getattr(node, field.name)
        if isinstance(held, ast.Node):
            yield held
        elif isinstance(held, tuple):
            yield from (one for one in held if isinstance(one, ast.Node))


def quoted(text: str) -> str:
    """A text literal; what cannot be seen is written as an escape."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):X}}}") for c in text) + '"'


def duration(value: timedelta) -> str:
    """The largest unit that leaves no rest; days only from two on, so `24h` stays."""
    seconds = value.days * 86400 + value.seconds
    for unit, size, least in (("d", 86400, 2), ("h", 3600, 1), ("min", 60, 1)):
        if seconds % size == 0 and seconds // size >= least:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _write(node: ast.Node, doc: Docs) -> Doc:
    """The document of one node, from those of its children."""
    return _WRITERS[type(node)](node, doc)


def _bracketed(doc: Doc) -> Doc:
    return ("(", doc, ")")


def _terms(node: ast.Or | ast.And, word: str, doc: Docs) -> Doc:
    inside: list[Doc] = [
        _bracketed(doc(term)) if isinstance(term, ast.Or | ast.And) else doc(term) for term in node.terms
    ]
    return Group(Nest(joined(inside, (Break.LINE, f"{word} "))))


def _not(node: ast.Not, doc: Docs) -> Doc:
    if isinstance(node.term, ast.Or | ast.And | ast.Pipe | ast.Arithmetic | _COMPARISONS):
        return ("not ", _bracketed(doc(node.term)))
    return ("not ", doc(node.term))


def _operand(node: ast.Node, doc: Docs) -> Doc:
    """A side of a comparison."""
    if isinstance(node, ast.Or | ast.And | ast.Not | _COMPARISONS):
        return _bracketed(doc(node))
    return doc(node)


def _factor(node: ast.Node, doc: Docs) -> Doc:
    """A part of a product, or what goes into a pipe."""
    return _bracketed(doc(node)) if isinstance(node, ast.Arithmetic | ast.Pipe) else _operand(node, doc)


def _summand(node: ast.Node, doc: Docs) -> Doc:
    if isinstance(node, ast.Arithmetic) and node.operators[0] in "*/":
        return doc(node)
    return _factor(node, doc)


def _arithmetic(node: ast.Arithmetic, doc: Docs) -> Doc:
    write = _factor if node.operators[0] in "*/" else _summand
    parts: list[Doc] = [write(node.operands[0], doc)]
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        parts += [Break.LINE, f"{operator} ", write(operand, doc)]
    return Group(Nest(tuple(parts)))


def _pipe(node: ast.Pipe, doc: Docs) -> Doc:
    calls: list[Doc] = [_call(call, doc) if call.arguments else call.function.text for call in node.calls]
    return Group((_factor(node.value, doc), Nest(tuple((Break.LINE, "| ", call) for call in calls))))


def _call(node: ast.Call, doc: Docs) -> Doc:
    return (node.function.text, Group(("(", listed(node.arguments, doc), ")")))


def listed(nodes: tuple[Any, ...], doc: Docs) -> Doc:
    """Nodes with commas, inside brackets that the caller puts round them."""
    if not nodes:
        return ""
    inside = joined([doc(node) for node in nodes], (",", Break.FILL))
    return (Nest((Break.SOFT, inside)), Break.SOFT)


def _infix(word: str) -> Callable[[Any, Docs], Doc]:
    """A writer for comparisons of a subject with a value."""
    return lambda node, doc: (_operand(node.subject, doc), f" {word} ", _operand(node.value, doc))


def _in(node: ast.In, doc: Docs) -> Doc:
    return (_operand(node.subject, doc), " not in " if node.negated else " in ", doc(node.choices))


def _step(node: ast.Step, doc: Docs) -> Doc:
    return (doc(node.attribute), "[", doc(node.selector), "]") if node.selector else doc(node.attribute)


def _path(node: ast.Path, doc: Docs) -> Doc:
    parts: list[Doc] = [node.prefix.value] if node.prefix else []
    return joined([*parts, *(doc(step) for step in node.steps), *(name.text for name in node.components)], ".")


def _tag_mask(node: ast.TagMask, _: Docs) -> Doc:
    digits = "".join(
        digit if mask == "F" else "x" for digit, mask in zip(f"{node.value:08X}", f"{node.mask:08X}", strict=True)
    )
    return f"({digits[:4]},{digits[4:]})"


def _regex(node: ast.Regex, _: Docs) -> Doc:
    pattern = re.sub(r"\\.|/", lambda found: "\\/" if found[0] == "/" else found[0], node.pattern)
    return f"/{pattern}/{'i' if node.ignore_case else ''}"


def _choose(node: ast.Choose, doc: Docs) -> Doc:
    arms = [doc(arm) for arm in node.arms]
    inside = joined([*arms, ("else => ", doc(node.otherwise))], ("", Break.LINE))
    return Group(("choose ", doc(node.subject), " {", Nest((Break.LINE, inside)), Break.LINE, "}"))


def _arm(node: ast.Arm, doc: Docs) -> Doc:
    return (case_doc(node, doc), " => ", doc(node.value))


def case_doc(node: ast.Arm, doc: Docs) -> Doc:
    """The left side of an arm of `choose`."""
    tests: list[Doc] = [("matches ", doc(one)) if isinstance(one, ast.Regex) else doc(one) for one in node.tests]
    return ("case ", joined(tests, ", "))


def _lookup(node: ast.Lookup, doc: Docs) -> Doc:
    keys = Group((f"lookup {node.table.text}[", listed(node.keys, doc), "]"))
    return (keys, ".", doc(node.column)) if node.column else keys


def _value(node: ast.Value, doc: Docs) -> Doc:
    if node.otherwise is None:
        return doc(node.expr)
    return Group((doc(node.expr), Nest((Break.LINE, "otherwise ", doc(node.otherwise)))))


def _reject(node: ast.Reject, doc: Docs) -> Doc:
    return ("reject ", doc(node.reason), (" status ", doc(node.status)) if node.status else "")


def _hold(node: ast.Hold, doc: Docs) -> Doc:
    retry = f" retry {duration(node.retry)}" if node.retry is not None else ""
    return ("hold ", doc(node.reason), retry, f" for {duration(node.limit)}" if node.limit is not None else "")


def _targets(node: ast.Targets, doc: Docs) -> Doc:
    inside = joined([doc(target) for target in node.targets], (",", Break.FILL))
    return Group((Nest(inside), " anywhere" if node.anywhere else ""))


_WRITERS: dict[type[Any], Callable[[Any, Docs], Doc]] = {
    ast.Name: lambda node, _: cast(str, node.text),
    ast.Keyword: lambda node, _: cast(str, node.text),
    ast.Text: lambda node, _: quoted(node.value),
    ast.Number: lambda node, _: format(node.value, "d" if isinstance(node.value, int) else "f"),
    ast.Regex: _regex,
    ast.Tag: lambda node, _: f"({node.value >> 16:04X},{node.value & 0xFFFF:04X})",
    ast.TagMask: _tag_mask,
    ast.PrivateTag: lambda node, _: f'({node.group:04X},"{node.creator}",{node.element:02X})',
    ast.OrdinalSelector: lambda node, _: cast(str, node.which.value),
    ast.ItemSelector: lambda node, _: f"item {node.number}",
    ast.ValueSelector: lambda node, _: f"value {node.number}",
    ast.WhereSelector: lambda node, doc: ("where ", doc(node.test)),
    ast.Step: _step,
    ast.Path: _path,
    ast.Or: lambda node, doc: _terms(node, "or", doc),
    ast.And: lambda node, doc: _terms(node, "and", doc),
    ast.Not: _not,
    ast.Compare: lambda node, doc: (_operand(node.left, doc), f" {node.op} ", _operand(node.right, doc)),
    ast.In: _in,
    ast.During: lambda node, doc: (_operand(node.subject, doc), " during ", doc(node.schedule)),
    ast.Has: _infix("has"),
    ast.StartsWith: _infix("starts with"),
    ast.EndsWith: _infix("ends with"),
    ast.Contains: _infix("contains"),
    ast.Matches: lambda node, doc: (_operand(node.subject, doc), " matches ", doc(node.regex)),
    ast.Is: lambda node, doc: (_operand(node.subject, doc), f" is {node.state.value}"),
    ast.Call: _call,
    ast.Pipe: _pipe,
    ast.Arithmetic: _arithmetic,
    ast.Range: lambda node, doc: (doc(node.low), " .. ", doc(node.high)),
    ast.ListOf: lambda node, doc: Group(("[", listed(node.elements, doc), "]")),
    ast.Choose: _choose,
    ast.Arm: _arm,
    ast.Lookup: _lookup,
    ast.Field: lambda node, doc: (node.of.text, ".", doc(node.name)),
    ast.Value: _value,
    ast.Keep: lambda _, __: "keep",
    ast.EmptyIt: lambda _, __: "empty",
    ast.RemoveIt: lambda _, __: "remove",
    ast.Quarantine: lambda node, doc: ("quarantine ", doc(node.reason)),
    ast.Reject: _reject,
    ast.Hold: _hold,
    ast.Drop: lambda node, doc: ("drop ", doc(node.reason)),
    ast.Nowhere: lambda node, doc: ("nowhere ", doc(node.reason)),
    ast.TagsRef: lambda node, _: f"tags {node.name.text}",
    ast.Targets: _targets,
    ast.ByVR: lambda node, _: f"vr {node.vr.text}",
}
