"""Look-ups: one cell of a table, a row of it, and the fields of a row."""

from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check import attributes
from dicomrules.lang.check.calls import through
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import common, turn
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.symbols import suggested, unknown
from dicomrules.lang.check.terms import ColumnShape, Doubt, Env, ObjectOf, RowOf, Shape, Term, Wanted, wrong
from dicomrules.program.expression import Column, Expression, Lookup, OfObject, Read
from dicomrules.program.types import TEXTUAL
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span


def lookup(ground: Ground, node: ast.Lookup, env: Env, wanted: Wanted | None) -> Term:
    """`lookup t[k].Column`: one cell."""
    shape = known(ground, node.table)
    if shape is None:
        return wrong(node.span)
    found = _keys(ground, node, shape, env)
    if node.column is None and not shape.inline:
        wrong_row = diagnose("DR214", node.span, "this is a whole row, and no value", "which of its columns?")
        ground.add(wrong_row.with_note(f"columns are {', '.join(f'`{name}`' for name in shape.columns)}"))
        return wrong(node.span)
    column = "" if shape.inline and node.column is None else column_name(ground, node.column, shape)
    if column is None or found is None:
        return wrong(node.span)
    cell = shape.columns[column]
    return Term(
        Lookup(shape.name, tuple(term.code for term in found), column),
        cell.type,
        node.span,
        longest=cell.longest,
        vr=cell.vr,
        doubts=(Doubt(f"`{shape.name}` may not have this key", node.span),),
        needs=frozenset().union(*(term.needs for term in found)),
        plain=cell.plain,
        parts=1 + sum(term.parts for term in found),
    )


def row(ground: Ground, node: ast.Lookup, local: str, env: Env) -> tuple[Expression, RowOf] | None:
    """`let row = lookup t[k]`: a whole row; None with a finding."""
    shape = known(ground, node.table)
    if shape is None:
        return None
    found = _keys(ground, node, shape, env)
    if found is None:
        return None
    return Lookup(shape.name, tuple(term.code for term in found), None), RowOf(local, shape.name)


def known(ground: Ground, name: ast.Name) -> Shape | None:
    """The table of this name; None, with a finding unless its own item was at fault."""
    ground.symbols.find("table", name.text, ast.Node)
    if name.text not in ground.shapes and ground.symbols.missing("table", name.text):
        ground.add(unknown(ground.symbols, "table", name, "DR105"))
    return ground.shapes.get(name.text)


def _keys(ground: Ground, node: ast.Lookup, shape: Shape, env: Env) -> list[Term] | None:
    """The keys, put through the pipes of their columns; None with a finding."""
    if len(node.keys) != len(shape.keys):
        count = len(shape.keys)
        message = f"`{shape.name}` has {count} key column{'s' if count != 1 else ''}"
        ground.report(
            "DR105",
            node.span,
            message,
            f"{len(node.keys)} given",
            f"give one value for each, in order: `lookup {shape.name}[…]`",
        )
        return None
    terms = [_key(ground, key, column, env) for key, column in zip(node.keys, shape.keys, strict=True)]
    found = [term for term in terms if term.type is not None]
    return found if len(found) == len(terms) else None


def _key(ground: Ground, node: ast.Expr, column: ColumnShape, env: Env) -> Term:
    wanted = Wanted(column.type, column.vr, column.header)
    term = ground.value(node, env, wanted)
    if term.type is None:
        return term
    if term.count != 1:
        ground.report(
            "DR205",
            node.span,
            "a key is one value",
            "these are several",
            "say which one: `[first]`, `[last]` or `[value 2]`",
        )
        return wrong(node.span)
    if common(term.type, column.type) is None:
        found = diagnose("DR201", node.span, f"key `{column.header}` is {NAMES[column.type]}", NAMES[term.type])
        if column.written is not None and term.type in TEXTUAL:  # made a number, patient 00123 would be patient 123
            found = found.with_label(column.written, "a number without quotes")
            ground.add(found.with_note("put the keys of the table in double quotes: as numbers, 00123 is 123"))
            return wrong(node.span)
        how = turn(term.type, column.type)
        ground.add(found.with_note(how or f"give it {NAMES[column.type]}"))
        return wrong(node.span)
    return through(ground, column.pipe, term, env)


def column_name(ground: Ground, node: ast.Attribute | ast.Name | None, shape: Shape) -> str | None:
    """The name of a value column; None with a finding."""
    if node is None:
        return None
    if isinstance(node, ast.Name):
        name = node.text
    else:
        found = attributes.find(ground, node)
        if found is None:
            return None
        name = found.name
    if name in shape.columns:
        return name
    if shape.inline:
        ground.report(
            "DR105",
            node.span,
            f"`{shape.name}` has one value for each key, without a name",
            "leave it out",
            f"read it as `lookup {shape.name}[…]`",
        )
        return None
    _no_column(ground, node.span, name, shape)
    return None


def _no_column(ground: Ground, span: Span, name: str, shape: Shape) -> None:
    found = diagnose("DR105", span, f"`{shape.name}` has no value column `{name}`", "no such column")
    near = ground.symbols.near(name, shape.columns)
    found = suggested(found, span, near)
    ground.add(found if near else found.with_note(f"it has {', '.join(f'`{one}`' for one in shape.columns)}"))


def field(ground: Ground, node: ast.Field, env: Env, wanted: Wanted | None) -> Term:
    """`row.PatientID`: a field of a row that a `let` holds."""
    bound = env.names.get(node.of.text)
    if isinstance(bound, ObjectOf):
        return _of_object(ground, node, bound, env)
    if not isinstance(bound, RowOf):
        message = f"`{node.of.text}` is no row of a table"
        found = diagnose("DR103", node.of.span, message, "only rows have fields")
        if isinstance(bound, Term) and bound.type is not None:
            ground.add(found.with_fix("it is a value itself", node.span, node.of.text))
            return wrong(node.span)
        rows = [name for name, one in env.names.items() if isinstance(one, RowOf)]
        near = ground.symbols.near(node.of.text, rows)
        way_out = "take one above it: `let row = lookup TABLE[KEY] otherwise …`"
        ground.add(suggested(found, node.of.span, near) if near else found.with_note(way_out))
        return wrong(node.span)
    shape = ground.shapes.get(bound.table)
    if shape is None:
        return wrong(node.span)
    if isinstance(node.name, ast.Path):
        step = node.name.steps[0]
        if len(node.name.steps) > 1 or step.selector or node.name.components:
            ground.report(
                "DR105",
                node.name.span,
                "a column is one attribute, without selectors",
                "not a column",
                f"name it as the table does: `{node.of.text}.AdmissionID`",
            )
            return wrong(node.span)
        column = column_name(ground, step.attribute, shape)
    else:
        column = column_name(ground, node.name, shape)
    if column is None:
        return wrong(node.span)
    cell = shape.columns[column]
    doubt = Doubt(f"`{column}` of this row may be empty", node.span)
    code = Column(bound.local, column)
    return Term(code, cell.type, node.span, cell.longest, cell.vr, (doubt,), plain=cell.plain)


def _of_object(ground: Ground, node: ast.Field, bound: ObjectOf, env: Env) -> Term:
    """`image.SOPInstanceUID`: what another object of the test has."""
    if not isinstance(node.name, ast.Path):
        ground.report(
            "DR103",
            node.name.span,
            f"`{bound.label}` is an object of this test",
            "which of its attributes?",
            f"as in `{bound.label}.PatientID`",
        )
        return wrong(node.span)
    term = ground.value(node.name, replace(env, names={}, spreads=False))
    if term.type is None or not isinstance(term.code, Read):
        return wrong(node.span)
    return replace(term, code=OfObject(bound.label, term.code.path), span=node.span, doubts=(), needs=frozenset())
