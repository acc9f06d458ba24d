"""Tables: inline ones and those of CSV files, with every cell checked."""

import re
from dataclasses import replace
from decimal import Decimal

from dicomrules.functions.registry import FUNCTIONS
from dicomrules.lang import ast
from dicomrules.lang.check import attributes
from dicomrules.lang.check.calls import through
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.later import refuse
from dicomrules.lang.check.literals import LONGEST, NAMES
from dicomrules.lang.check.rows import Reading, key_text
from dicomrules.lang.check.symbols import suggested
from dicomrules.lang.check.terms import ColumnShape, Env, Shape, Term
from dicomrules.lang.check.verdicts import stop
from dicomrules.program.expression import Call, Literal, Local
from dicomrules.program.moment import Age, Moment
from dicomrules.program.ruleset import Row, Table
from dicomrules.program.sheet import Sheet
from dicomrules.program.types import TEXTUAL, TYPE_OF_VR, Regex, Type, Value
from dicomrules.program.walk import inside
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

WORDS = {
    "int": Type.INT, "decimal": Type.DECIMAL, "date": Type.DATE, "text": Type.TEXT, "uid": Type.UID,
}  # fmt: skip
"""Words that type a column which is no attribute."""

_PADDED = re.compile("-?0[0-9]")

_CELL = "cell"
"""Under this name the pipe of a column knows what stands in the file."""


def inline(ground: Ground, node: ast.InlineTable) -> Table:
    """`table body_part { "ABD", "ABDO" => "ABDOMEN" … }`."""
    type_ = _inline_type(ground, node)
    key_type = _key_type(ground, node)
    rows: dict[tuple[str, ...], Row] = {}
    seen: dict[str, ast.Node] = {}
    longest, plain = 0, True
    for row in node.rows:
        value = row.value.value
        for key in row.keys:
            text = key_text(key.value)
            if not text:
                ground.report(
                    "DR604", key.span, "a blank key is never found", "blank", "take it out, or write what it should be"
                )
            elif text in seen:
                found = diagnose("DR604", key.span, f"key `{key.span.text}` is there twice", "the second one")
                found = found.with_label(seen[text].span, "the first one")
                ground.add(found.with_note("nothing says which of the two values is right: leave that one"))
            else:
                seen[text] = key
                rows[(text,)] = {"": _as(value, type_)}
        longest, plain = max(longest, len(str(value))), plain and str(value).isascii()
    name = node.name.text
    column = ColumnShape("", type_, longest=longest, plain=plain)
    every = [key.span for row in node.rows for key in row.keys]
    written = next((span for span in every if _PADDED.match(span.text)), every[0])
    ground.shapes[name] = Shape(name, (ColumnShape("key", key_type, written=written),), {"": column}, inline=True)
    return Table(name, (key_type,), {"": type_}, rows, origin=origin(node.name))


def _key_type(ground: Ground, node: ast.InlineTable) -> Type:
    """The one type of all keys of an inline table: as a text, the number 00123 would have lost its zeros."""
    first = node.rows[0].keys[0]
    texts = isinstance(first, ast.Text)
    for key in (key for row in node.rows for key in row.keys):
        if isinstance(key, ast.Text) is not texts:
            found = diagnose("DR201", key.span, "the keys of a table are of one type", "another type")
            found = found.with_label(first.span, NAMES[Type.TEXT if texts else Type.INT])
            ground.add(found.with_note("put all of them in double quotes, or none"))
            break
    return Type.TEXT if texts else Type.INT


def _inline_type(ground: Ground, node: ast.InlineTable) -> Type:
    """The one type of all values of an inline table."""
    first = node.rows[0].value
    texts = isinstance(first, ast.Text)
    for row in node.rows:
        if isinstance(row.value, ast.Text) is not texts:
            found = diagnose("DR201", row.value.span, "the values of a table are of one type", "another type")
            found = found.with_label(first.span, NAMES[Type.TEXT if texts else Type.INT])
            ground.add(found.with_note("put all of them in double quotes, or none"))
            break
    if texts:
        return Type.TEXT
    return Type.INT if all(isinstance(row.value.value, int) for row in node.rows) else Type.DECIMAL


def _as(value: str | int | Decimal, type_: Type) -> Value:
    return Decimal(value) if type_ is Type.DECIMAL and not isinstance(value, str) else value


def table(ground: Ground, node: ast.Table, sheet: Sheet | None) -> Table | None:
    """`table episodes from csv "episodes.csv" { … }`; `sheet` None: the file could not be read, which has been said."""
    unavailable = stop(ground, node.unavailable)
    keys, columns = _columns(ground, node)
    shape = Shape(node.name.text, tuple(keys), columns)
    if node.source != "csv":
        refuse(ground, node.connection.span, f"a table from {node.source}")
        ground.shapes[node.name.text] = shape
        return None
    rows: dict[tuple[str, ...], Row] = {}
    if not keys:
        ground.report(
            "DR603",
            node.name.span,
            f"table `{node.name.text}` has no key column",
            "nothing to look up by",
            'say `key "Column of the file" as AccessionNumber`',
        )
    elif sheet is not None:
        reading = Reading(ground, node, sheet, shape)
        rows = reading.rows()
        shape = reading.measured()
    ground.shapes[node.name.text] = shape
    types = {name: column.type for name, column in columns.items()}
    return Table(node.name.text, tuple(key.type for key in keys), types, rows, unavailable, origin=origin(node.name))


def _columns(ground: Ground, node: ast.Table) -> tuple[list[ColumnShape], dict[str, ColumnShape]]:
    keys: list[ColumnShape] = []
    values: dict[str, ColumnShape] = {}
    for column in node.columns:
        found = _column(ground, column)
        if found is None:
            continue
        name, shape = found
        if column.is_key:
            keys.append(shape)
        elif name in values:
            ground.report(
                "DR108",
                column.span,
                f"there is another column `{name}` in this table",
                "the name is taken",
                'give one of them a name of its own: `value "…" as text other_name`',
            )
        else:
            values[name] = shape
    return keys, values


def _column(ground: Ground, node: ast.Column) -> tuple[str, ColumnShape] | None:
    """The name and the shape of a column; None with a finding."""
    if node.attribute is not None:
        found = attributes.find(ground, node.attribute)
        if found is None:
            return None
        from_vr = _type_of(ground, node.attribute.span, found)
        if from_vr is None:
            return None
        return found.name, _piped(
            ground, node, ColumnShape(node.header.value, from_vr, found.vr, LONGEST.get(found.vr))
        )
    assert node.type_word is not None
    assert node.name is not None
    if node.type_word.text == "destination":
        return node.name.text, _piped(ground, node, ColumnShape(node.header.value, Type.TEXT, destination=True))
    type_ = WORDS.get(node.type_word.text)
    if type_ is None:
        message = f"`{node.type_word.text}` is no type of a column"
        wrong = diagnose("DR219", node.type_word.span, message, f"one of {', '.join(WORDS)}")
        near = ground.symbols.near(node.type_word.text, WORDS)
        way_out = "or name the attribute that it belongs to: `as PatientID`"
        ground.add(suggested(wrong, node.type_word.span, near) if near else wrong.with_note(way_out))
        return None
    return node.name.text, _piped(ground, node, ColumnShape(node.header.value, type_))


def _type_of(ground: Ground, span: Span, found: attributes.Found) -> Type | None:
    type_ = TYPE_OF_VR[found.vr]
    if type_ in (Type.BYTES, Type.ITEMS):
        ground.report(
            "DR201",
            span,
            f"`{found.name}` ({found.vr}) is {NAMES[type_]}, which no cell can hold",
            found.vr,
            "take another attribute, or a type: `as text name`",
        )
        return None
    return type_


def _piped(ground: Ground, node: ast.Column, shape: ColumnShape) -> ColumnShape:
    """A column with its pipe, tried on a value of its type."""
    for call in node.pipe:
        if call.function.text not in FUNCTIONS and call.function.text in ground.symbols.of("function"):
            ground.report(
                "DR104",
                call.span,
                "columns take functions of the language only",
                "a function of this file",
                "do it in the rule instead, where the value is used",
            )
            return shape
    cell = Term(Local(_CELL), shape.type, node.span, longest=shape.longest, vr=shape.vr)
    result = through(ground, node.pipe, cell, Env())
    if result.type is not None and result.type is not shape.type and not {result.type, shape.type} <= TEXTUAL:
        ground.report(
            "DR201",
            node.span,
            "the pipe makes another type of this column",
            NAMES[result.type],
            "leave that function out, or say the type: `as int name`",
        )
    if not node.pipe or result.type is None or not _constant(ground, node, result):
        return shape
    return replace(shape, pipe=tuple(node.pipe), code=result.code)


def _constant(ground: Ground, node: ast.Column, term: Term) -> bool:
    """Whether a pipe hangs on nothing but the cell: a table is read before any object comes."""
    for part in inside(term.code):
        if isinstance(part, Local) and part.name == _CELL:
            continue
        if not isinstance(part, Call | Literal | Regex | Moment | Age):
            found = diagnose("DR213", node.span, "the pipe of a column takes constants only", "not a constant")
            ground.add(found.with_note("a table is read before any object comes, and without secrets"))
            return False
    return True
