"""`test` blocks: what is given and what is expected, with every name checked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check import lookups
from dicomrules.lang.check.destinations import destination
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.rows import key_part
from dicomrules.lang.check.symbols import CONTEXT, context_called, suggested, unknown
from dicomrules.lang.check.targets import left_out
from dicomrules.lang.check.terms import Bound, Env, ObjectOf, Shape, Wanted
from dicomrules.program import case
from dicomrules.program.moment import parse_datetime
from dicomrules.program.path import Pick, Prefix
from dicomrules.text.codes.registry import diagnose

Objects = Mapping[str, Bound]

_LENIENT = Env(spreads=True, lenient=True)
_SETTABLE = tuple(name for name in CONTEXT if name not in ("received_date", "object_size"))
"""Context names that `given` may say; the others follow from them."""


def cases(ground: Ground, items: Sequence[ast.TestCase]) -> tuple[case.Case, ...]:
    """All test blocks."""
    titles: dict[str, ast.Text] = {}
    made = []
    for item in items:
        other = titles.setdefault(item.title.value, item.title)
        if other is not item.title:
            found = diagnose(
                "DR108", item.title.span, f"there is another test {item.title.span.text}", "the name is taken"
            ).with_note("give each test a title of its own")
            ground.add(found.with_label(other.span, "by this one"))
        made.append(_case(ground, item))
    return tuple(made)


def _case(ground: Ground, item: ast.TestCase) -> case.Case:
    labels: dict[str, ast.Name] = {}
    steps: list[case.Given | case.Expect] = []
    for step in item.steps:
        if isinstance(step, ast.Given):
            steps.append(_given(ground, step, labels))
        else:
            if not any(isinstance(one, case.Given) for one in steps):
                message = "nothing is given yet that this could be about"
                ground.report(
                    "DR609", step.span, message, "say `given` first", '`given Modality = "CT"` says what arrives'
                )
            expected = _expect(ground, step, labels)
            if expected is not None:
                steps.append(expected)
    if not any(isinstance(step, ast.Expect) for step in item.steps):
        found = diagnose("DR606", item.title.span, f"test {item.title.span.text} expects nothing", "no `expect`")
        ground.add(found.with_note("without `expect` it passes whatever the rules do"))
    return case.Case(item.title.value, tuple(steps), origin(item.title))


# ── given ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _given(ground: Ground, step: ast.Given, labels: dict[str, ast.Name]) -> case.Given:
    label = ""
    if step.label is not None:
        label = step.label.text
        if label in labels:
            found = diagnose(
                "DR108", step.label.span, f"there is another object `{label}` in this test", "taken"
            ).with_note("choose another name")
            ground.add(found.with_label(labels[label].span, "by this one"))
        labels[label] = step.label
    facts = [_fact(ground, fact) for fact in step.facts]
    return case.Given(tuple(fact for fact in facts if fact is not None), label, origin(step))


def _fact(ground: Ground, fact: ast.Fact) -> case.Fact | None:
    match fact:
        case ast.GivenAbsent(path):
            place = _place(ground, path)
            return None if place is None else case.GivenAbsent(place.path)
        case ast.GivenUnavailable(table):
            shape = lookups.known(ground, table)
            return None if shape is None else case.GivenUnavailable(table.text)
        case ast.GivenAttribute(path, value):
            return _attribute(ground, path, value)
        case ast.GivenContext(name, value):
            return _context(ground, name, value)
        case ast.GivenFile(path):
            return case.GivenFile(path.value)
        case ast.GivenLookup(lookup, value):
            return _cell(ground, lookup, value)


def _place(ground: Ground, path: ast.Path) -> Place | None:
    place = resolve(ground, path, Env())
    if place is None:
        return None
    picks = {step.selector for step in place.path.steps} | {place.path.value}
    if (
        place.path.prefix is not Prefix.HERE
        or place.path.component
        or place.path.group
        or place.path.value
        or {Pick.ANY, Pick.EVERY, Pick.NEW} & picks
    ):
        ground.report(
            "DR212",
            path.span,
            "`given` says one element of the object that arrives",
            "not one element",
            'say `P = "x"` for all of it, or `S[first].P = "x"` inside an item',
        )
        return None
    return place


def _attribute(ground: Ground, path: ast.Path, value: ast.Expr) -> case.GivenAttribute | None:
    place = _place(ground, path)
    texts = _texts(ground, value)
    if place is None or texts is None:
        return None
    if place.vr == "SQ":
        found = diagnose("DR206", path.span, f"`{place.name}` is a sequence", "which of its attributes?")
        ground.add(found.with_note(f"say `{place.name}[first].X = …`; missing items are made"))
        return None
    return case.GivenAttribute(place.path, texts)


def _texts(ground: Ground, value: ast.Expr) -> tuple[str, ...] | None:
    """The values that arrive, as text; none for `""`. None with a finding."""
    if isinstance(value, ast.ListOf):
        parts = [None if isinstance(part, ast.Range) else _texts(ground, part) for part in value.elements]
        whole = [text for part in parts if part is not None for text in part or ("",)]
        return tuple(whole) if None not in parts else None
    if isinstance(value, ast.Number):
        return (value.span.text,)  # as it is written: what arrives may have zeros that are no part of a number
    term = ground.value(value, Env())
    if term.type is None:
        return None
    if term.constant is None:
        ground.report(
            "DR214",
            value.span,
            "`given` says constants",
            "a literal or a parameter is needed",
            'write the value that arrives: `given PatientID = "4711"`',
        )
        return None
    return (str(term.constant),) if term.constant != "" else ()


def _context(ground: Ground, name: ast.Name, value: ast.Expr) -> case.GivenContext | None:
    if name.text not in _SETTABLE:
        found = diagnose("DR103", name.span, f"`{name.text}` cannot be given", "no context name that a test may say")
        called = context_called(name.text)
        near = [called] if called in _SETTABLE else ground.symbols.near(name.text, _SETTABLE)
        known = ", ".join(f"`{one}`" for one in _SETTABLE)
        ground.add(suggested(found, name.span, near) if near else found.with_note(f"a test may say {known}"))
        return None
    if name.text == "received_at":
        return _received(ground, value)
    term = ground.value(value, Env(), Wanted(*CONTEXT[name.text][:1], name=name.text))
    if term.type is None:
        return None
    if not isinstance(term.constant, str):
        ground.report("DR214", value.span, "`given` says constants", "a text is needed", "put it in double quotes")
        return None
    return case.GivenContext(name.text, term.constant)


def _received(ground: Ground, value: ast.Expr) -> case.GivenContext | None:
    if isinstance(value, ast.Text) and parse_datetime(value.value) is not None:
        return case.GivenContext("received_at", value.value)
    found = diagnose("DR203", value.span, "this is no date and time", "compared with the clock")
    ground.add(found.with_note('write "20260131120000", with an offset such as "+0100" at will'))
    return None


def _cell(ground: Ground, lookup: ast.Lookup, value: ast.Expr) -> case.GivenCell | None:
    shape = lookups.known(ground, lookup.table)
    if shape is None:
        return None
    column = "" if shape.inline else lookups.column_name(ground, lookup.column, shape)
    if not shape.inline and lookup.column is None:
        ground.report(
            "DR105",
            lookup.span,
            f"which column of `{shape.name}`?",
            "a column is missing",
            "it has " + ", ".join(f"`{one}`" for one in shape.columns),
        )
    if column is None:
        return None
    key = _key(ground, lookup, shape)
    cell = shape.columns[column]
    term = ground.value(value, Env(), Wanted(cell.type, cell.vr, column or shape.name, whole=True))
    if term.type is None or key is None:
        return None
    if term.constant is None:
        ground.report(
            "DR214",
            value.span,
            "`given` says constants",
            "a literal is needed",
            "write the answer itself, as the table would give it",
        )
        return None
    return case.GivenCell(shape.name, key, column, term.constant)


def _key(ground: Ground, lookup: ast.Lookup, shape: Shape) -> tuple[str, ...] | None:
    """The key for which a test says an answer, as the table has it; None with a finding."""
    if len(lookup.keys) != len(shape.keys):
        count = f"{len(shape.keys)} key column{'s' if len(shape.keys) != 1 else ''}"
        ground.report(
            "DR105",
            lookup.span,
            f"`{shape.name}` has {count}",
            f"{len(lookup.keys)} given",
            f"say one value for each: `lookup {shape.name}[…]`",
        )
        return None
    parts: list[str] = []
    for node, column in zip(lookup.keys, shape.keys, strict=True):
        texts = _texts(ground, node)
        if texts is None:
            return None
        part = key_part(texts[0], column) if len(texts) == 1 else None
        if not part:
            found = diagnose(
                "DR201", node.span, f"key `{column.header}` cannot be this", f"not {NAMES[column.type]}"
            ).with_note("write it as the table has it")
            ground.add(found)
            return None
        parts.append(part)
    return tuple(parts)


# ── expect ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _expect(ground: Ground, step: ast.Expect, labels: dict[str, ast.Name]) -> case.Expect | None:
    label = ""
    if step.label is not None:
        label = step.label.text
        if label not in labels:
            found = diagnose("DR103", step.label.span, f"no object `{label}` is given above", "unknown object")
            near = ground.symbols.near(label, labels)
            way_out = f"give it above: `given {label}: …`"
            ground.add(suggested(found, step.label.span, near) if near else found.with_note(way_out))
    objects = {name: ObjectOf(name) for name in labels}
    what = _what(ground, step.expectation, objects)
    return None if what is None else case.Expect(what, label, origin(step))


def _what(ground: Ground, node: ast.Expectation, objects: Objects) -> case.Expectation | None:
    match node:
        case ast.Unchanged(excepted):
            return _unchanged(ground, excepted)
        case ast.At(name, expectation):
            return _at(ground, name, expectation, objects)
        case ast.Fired(rules, negated):
            sound = [_rule(ground, name) for name in rules]
            return case.Fired(tuple(name.text for name in rules), negated) if all(sound) else None
        case ast.SentTo(destinations, negated):
            known = [destination(ground, name) for name in destinations]
            return case.SentTo(tuple(name.text for name in destinations), negated) if all(known) else None
        case ast.AnyVerdict(kind):
            return case.Ends(kind)
        case ast.Quarantine(reason) | ast.Hold(reason) | ast.Reject(reason) | ast.Drop(reason):
            return case.Ends(type(node).__name__.lower(), reason.value)  # type: ignore[arg-type]  # one of the four
        case _:
            return _holds(ground, node, objects)


def _holds(ground: Ground, node: ast.Expr, objects: Objects) -> case.Holds | None:
    tested = ground.test(node, replace(_LENIENT, names=objects))
    return case.Holds(tested.code) if tested.sound else None


def _at(ground: Ground, name: ast.Name, node: ast.AtExpectation, objects: Objects) -> case.At | None:
    known = destination(ground, name)
    what = _what(ground, node, objects)
    if not known or what is None:
        return None
    assert isinstance(what, case.Holds | case.Unchanged | case.Ends)
    return case.At(name.text, what)


def _unchanged(ground: Ground, excepted: ast.Targets | None) -> case.Unchanged | None:
    if excepted is None:
        return case.Unchanged()
    whole = tuple(
        replace(target, components=()) if isinstance(target, ast.Path) else target for target in excepted.targets
    )
    found = left_out(ground, replace(excepted, targets=whole), Env())
    return None if found is None else case.Unchanged(found)


def _rule(ground: Ground, name: ast.Name) -> bool:
    if not ground.symbols.missing("rule", name.text):
        return True
    ground.add(unknown(ground.symbols, "rule", name, "DR107"))
    return False
