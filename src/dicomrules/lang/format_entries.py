"""Items and statements as entries: what gets lines of its own, with its block where it has one."""

from collections.abc import Callable
from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.format_routes import expect_doc, fact_doc, send_doc
from dicomrules.lang.format_values import case_doc, listed, quoted, value_doc
from dicomrules.lang.layout import ARROW, Break, Doc, Group, Nest, joined
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class Section:
    """`head { entries }`; `end` is the offset of its end in the text that was read."""

    head: Doc
    entries: "tuple[Entry, ...]"
    end: int


@frozen
class Entry:
    """Something that starts on a line of its own: `flat` without a block, else its sections one after another.

    With both, `flat` is taken where it fits on one line and no comment lies inside. `tail` follows the last section.
    """

    span: Span
    flat: Doc | None = None
    sections: tuple[Section, ...] = ()
    tail: Doc = ""


def entry(node: ast.Node) -> Entry:
    """The entry of an item, a statement, an arm, a column, or a step of a test."""
    return _ENTRIES[type(node)](node)


def _flat(write: Callable[[Any], Doc]) -> Callable[[Any], Entry]:
    return lambda node: Entry(node.span, Group(write(node)))


def _verdict(node: Any) -> Entry:
    return Entry(node.span, value_doc(node))


def _block(node: ast.Node, head: Doc, inside: tuple[Any, ...]) -> Entry:
    return Entry(node.span, None, (Section(head, tuple(map(entry, inside)), node.span.end),))


def _worded(word: str, span: Span, doc: Doc) -> Entry:
    """`else => …`: the entry starts at the word, which the node after it does not hold."""
    start = span.source.text.rfind(word, 0, span.start)
    return Entry(span.source.span(start, span.end), (f"{word} {ARROW}", doc))


def _title(title: ast.Text | None) -> str:
    return f" {quoted(title.value)}" if title else ""


def _assign(head: Doc, value: ast.Value, span: Span, words: str = "") -> Entry:
    """`head value words otherwise …`; a `choose` gets a line for each arm when it does not fit on one."""
    tail: Doc = Nest((Break.LINE, "otherwise ", value_doc(value.otherwise))) if value.otherwise else ""
    flat = Group((head, value_doc(value.expr), words, tail))
    if not isinstance(value.expr, ast.Choose):
        return Entry(span, flat)
    choose = value.expr
    arms = (*map(_arm, choose.arms), _worded("else", choose.otherwise.span, value_doc(choose.otherwise)))
    section = Section((head, "choose ", value_doc(choose.subject)), arms, choose.span.end)
    return Entry(span, flat, (section,), (words, Group(tail)))


def _arm(node: ast.Arm) -> Entry:
    return Entry(node.span, (case_doc(node, value_doc), f" {ARROW}", value_doc(node.value)))


def _let(node: ast.Let) -> Entry:
    return _assign(f"let {node.name.text} = ", node.value, node.span)


def _set(node: ast.Set) -> Entry:
    words = (" override" if node.override else "") + (" creating path" if node.creating else "")
    return _assign(("set ", value_doc(node.target), " = "), node.value, node.span, words)


def _default(node: ast.Default) -> Entry:
    words = " creating path" if node.creating else ""
    return _assign(("default ", value_doc(node.target), " = "), node.value, node.span, words)


def _add(node: ast.Add) -> Entry:
    return _assign(("add ", value_doc(node.target), " = "), node.value, node.span)


def _function(node: ast.Function) -> Entry:
    parameters = ", ".join(name.text for name in node.parameters)
    return _assign(f"function {node.name.text}({parameters}) = ", node.value, node.span)


def _excepted(targets: ast.Targets | None) -> Doc:
    return Nest((Break.LINE, "except ", value_doc(targets))) if targets else ""


def _removing(word: str) -> Callable[[Any], Entry]:
    return _flat(lambda node: (f"{word} ", value_doc(node.targets), _excepted(node.excepted)))


def _remove_private(node: ast.RemovePrivate) -> Doc:
    return ("remove private", (" except ", joined([quoted(one.value) for one in node.creators], ", "))
            if node.creators else "")  # fmt: skip


def _remap(node: ast.RemapUids) -> Doc:
    root: Doc = (" under ", value_doc(node.root)) if node.root else ""
    return ("remap uids", _excepted(node.excepted), Nest((Break.LINE, f"with {node.secret.text}", root)))


def _shift(node: ast.ShiftDates) -> Doc:
    return ("shift dates", _excepted(node.excepted), Nest((Break.LINE, "by ", value_doc(node.by))))


def _deidentify(node: ast.Deidentify) -> Doc:
    head = f"deidentify basic with {node.secret.text}"
    if not node.options:
        return head
    options = joined([option.value for option in node.options], Break.LINE)
    return (head, " {", Nest((Break.LINE, options)), Break.LINE, "}")


def _charset_from(node: ast.CharsetFrom) -> Doc:
    return (f"charset from {quoted(node.actual.value)}", f" to {quoted(node.to.value)}" if node.to else "")


def _redact(node: ast.RedactPixels) -> Doc:
    def rectangle(one: ast.Rectangle) -> Doc:
        return ("rect(", joined([value_doc(side) for side in (one.x, one.y, one.width, one.height)], ", "), ")")

    return ("redact pixels ", Nest(joined([rectangle(one) for one in node.rectangles], (",", Break.FILL))))


def _if(node: ast.If) -> Entry:
    sections: list[Section] = []
    for branch in node.branches:
        head = ("else if " if sections else "if ", value_doc(branch.test))
        sections.append(Section(head, tuple(map(entry, branch.body)), branch.span.end))
    if node.otherwise is not None:
        sections.append(Section("else", tuple(map(entry, node.otherwise)), node.span.end))
    return Entry(node.span, None, tuple(sections))


def _settings(node: ast.Settings) -> Entry:
    return _block(node, "settings", node.settings)


def _unencodable(node: ast.Unencodable) -> Doc:
    action = node.action
    if isinstance(action, ast.CharsetTo):
        return ("unencodable => charset to ", quoted(action.charset.value))
    return "unencodable => ascii" if isinstance(action, ast.Ascii) else ("unencodable => ", value_doc(action))


def _tags(node: ast.Tags) -> Doc:
    members = Group(("[", listed(node.members, value_doc), "]"))
    excepted: Doc = (" except ", Group(("[", listed(node.excepted, value_doc), "]"))) if node.excepted else ""
    return (f"tags {node.name.text} = ", members, excepted)


def _table(node: ast.Table) -> Entry:
    unavailable = _worded("unavailable", node.unavailable.span, value_doc(node.unavailable))
    head = f"table {node.name.text} from {node.source} {quoted(node.connection.value)}"
    section = Section(head, (*map(entry, node.columns), unavailable), node.span.end)
    return Entry(node.span, None, (section,))


def _column(node: ast.Column) -> Doc:
    typed: Doc = value_doc(node.attribute) if node.attribute else ""
    if node.type_word and node.name:
        typed = f"{node.type_word.text} {node.name.text}"
    calls: list[Doc] = [value_doc(call) if call.arguments else call.function.text for call in node.pipe]
    piped = tuple((" | ", call) for call in calls)
    return ("key   " if node.is_key else "value ", quoted(node.header.value), " as ", typed, piped)


def _row(node: ast.Row) -> Doc:
    return (Nest(joined([value_doc(key) for key in node.keys], (",", Break.FILL))), f" {ARROW}", value_doc(node.value))


def _guard(node: ast.Guard) -> Doc:
    return ("unless " if node.negated else "when ", value_doc(node.test))


def _rule(node: ast.Rule) -> Entry:
    inside = (node.guard, *node.body) if node.guard else node.body
    return _block(node, f"rule {node.name.text}{_title(node.title)}", inside)


def _routes(node: ast.Routes) -> Entry:
    head = f"routes {node.name.text} {'every' if node.every else 'first'} match"
    arms = [entry(arm) for arm in node.arms]
    if node.otherwise:
        arms.append(_worded("else", node.otherwise.span, send_doc(node.otherwise)))
    return Entry(node.span, None, (Section(head, tuple(arms), node.span.end),))


def _route_arm(node: ast.RouteArm) -> Doc:
    return (_guard(node.guard) if node.guard else "always", Nest((Break.LINE, ARROW, send_doc(node.send))))


def _given(node: ast.Given) -> Doc:
    label = f"{node.label.text}: " if node.label else ""
    return (f"given {label}", Nest(joined([fact_doc(fact) for fact in node.facts], (",", Break.FILL))))


def _expect(node: ast.Expect) -> Doc:
    return (f"expect {node.label.text}: " if node.label else "expect ", expect_doc(node.expectation))


_ENTRIES: dict[type[Any], Callable[[Any], Entry]] = {
    ast.Include: _flat(lambda node: f"include {quoted(node.path.value)}"),
    ast.Settings: _settings,
    ast.RecordChanges: _flat(lambda node: f"record changes as {node.reason.text}"),
    ast.MalformedIs: _flat(lambda node: ("malformed => ", value_doc(node.verdict))),
    ast.Timezone: _flat(lambda node: f"timezone {quoted(node.zone.value)}"),
    ast.Unencodable: _flat(_unencodable),
    ast.Expects: _flat(lambda node: (
        "expects destinations ", Nest(joined([one.text for one in node.destinations], (",", Break.FILL))))),
    ast.Secret: _flat(lambda node: f"secret {node.name.text} from env {quoted(node.variable.value)}"),
    ast.Parameter: _flat(lambda node: (f"parameter {node.name.text} = ", value_doc(node.value))),
    ast.Tags: _flat(_tags),
    ast.Schedule: _flat(lambda node: f"schedule {node.name.text} = {quoted(node.times.value)}"),
    ast.PrivateElement: _flat(lambda node: ("private ", value_doc(node.tag), f" {node.vr.text}")),
    ast.Condition: _flat(lambda node: (f"condition {node.name.text} = ", value_doc(node.test))),
    ast.Function: _function,
    ast.Table: _table,
    ast.Column: _flat(_column),
    ast.InlineTable: lambda node: _block(node, f"table {node.name.text}", node.rows),
    ast.Row: _flat(_row),
    ast.Action: lambda node: _block(node, f"action {node.name.text}", node.body),
    ast.Rule: _rule,
    ast.Group: lambda node: _block(node, f"group {node.name.text}{_title(node.title)}", node.rules),
    ast.Guard: _flat(_guard),
    ast.Routes: _routes,
    ast.RouteArm: _flat(_route_arm),
    ast.TestCase: lambda node: _block(node, f"test {quoted(node.title.value)}", node.steps),
    ast.Given: _flat(_given),
    ast.Expect: _flat(_expect),
    ast.Let: _let,
    ast.Set: _set,
    ast.Default: _default,
    ast.Add: _add,
    ast.Copy: _flat(lambda node: ("copy ", value_doc(node.origin), " to ", value_doc(node.target))),
    ast.Move: _flat(lambda node: ("move ", value_doc(node.origin), " to ", value_doc(node.target))),
    ast.Swap: _flat(lambda node: ("swap ", value_doc(node.left), " with ", value_doc(node.right))),
    ast.Empty: _removing("empty"),
    ast.Remove: _removing("remove"),
    ast.KeepOnly: _removing("keep only"),
    ast.RemovePrivate: _flat(_remove_private),
    ast.Within: lambda node: _block(node, ("within ", value_doc(node.path)), node.body),
    ast.RemapUids: _flat(_remap),
    ast.ShiftDates: _flat(_shift),
    ast.Deidentify: _flat(_deidentify),
    ast.CharsetTo: _flat(lambda node: f"charset to {quoted(node.charset.value)}"),
    ast.CharsetFrom: _flat(_charset_from),
    ast.RedactPixels: _flat(_redact),
    ast.Apply: _flat(lambda node: f"apply {node.action.text}"),
    ast.If: _if,
    ast.Quarantine: _verdict,
    ast.Reject: _verdict,
    ast.Hold: _verdict,
    ast.Drop: _verdict,
}  # fmt: skip
