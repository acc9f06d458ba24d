"""The rows of a CSV file, on their way into a table: every key and every cell checked, with its row."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from dicomrules.functions.numbers import number_of
from dicomrules.functions.registry import FUNCTIONS
from dicomrules.lang import ast
from dicomrules.lang.check.destinations import in_a_cell
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.literals import NAMES, flaw, number_flaw, read_text
from dicomrules.lang.check.terms import ColumnShape, Shape
from dicomrules.program.expression import Call, Expression, Literal, Secret
from dicomrules.program.moment import Age
from dicomrules.program.ruleset import Row
from dicomrules.program.sheet import Line, Sheet
from dicomrules.program.types import NUMERIC, NoValue, Regex, Type, Value
from dicomrules.text.codes.registry import diagnose

MOST_FLAWS = 20
"""How many cells of one file are reported."""

Put = Callable[[Value], Value | NoValue]
"""What the pipe of a column makes of a value."""


class Reading:
    """The rows of one CSV file, on their way into a table."""

    def __init__(self, ground: Ground, node: ast.Table, sheet: Sheet, shape: Shape) -> None:
        self.ground, self.node, self.sheet, self.shape = ground, node, sheet, shape
        self.flaws = 0
        self.longest: dict[str, int] = {}
        self.plain: dict[str, bool] = {}
        self.names: dict[str, set[str]] = {}

    def rows(self) -> dict[tuple[str, ...], Row]:
        """Every row by its key; what is wrong with cells and keys is reported with its row."""
        places = self._places()
        if places is None:
            return {}
        key_places, value_places = places
        keys = [(at, shape, _function(shape)) for at, shape in zip(key_places, self.shape.keys, strict=True)]
        columns = [
            (name, at, shape, _function(shape))
            for (name, shape), at in zip(self.shape.columns.items(), value_places, strict=True)
        ]
        found: dict[tuple[str, ...], Row] = {}
        first: dict[tuple[str, ...], Line] = {}
        for line in self.sheet.rows:
            key = tuple(self._key(line, at, shape, put) for at, shape, put in keys)
            if not all(key):
                self._report(
                    "DR604",
                    line,
                    key_places[0],
                    "a row without a key is never found",
                    "blank",
                    "take the row out, or give it a key",
                )
                continue
            if key in first:
                self._twice(line, first[key], key_places[0], key)
                continue
            first[key] = line
            found[key] = {name: self._cell(line, at, name, shape, put) for name, at, shape, put in columns}
        return found

    def measured(self) -> Shape:
        """The shape with what the cells have shown."""
        columns = {
            name: replace(
                shape,
                longest=shape.longest if shape.vr else self.longest.get(name, 0),
                plain=self.plain.get(name, True),
                names=frozenset(self.names.get(name, ())),
            )
            for name, shape in self.shape.columns.items()
        }
        return Shape(self.shape.name, self.shape.keys, columns)

    def _places(self) -> tuple[list[int], list[int]] | None:
        """Where the columns of the table are in the file; None with a finding."""
        header = self.sheet.header.cells
        places: tuple[list[int], list[int]] = ([], [])
        for column in self.node.columns:
            name = column.header.value
            if header.count(name) == 1:
                places[0 if column.is_key else 1].append(header.index(name))
                continue
            many = name in header
            message = f"`{self.sheet.source.name}` has {'two columns' if many else 'no column'} `{name}`"
            found = diagnose("DR603", column.header.span, message, "not in the header")
            found = found.with_label(self.sheet.row_span(self.sheet.header), "the header")
            near = [] if many else self.ground.symbols.near(name, header)
            if len(near) == 1:
                found = found.with_fix("did you mean", column.header.span, f'"{near[0]}"')
            else:
                found = found.with_note("write it as the header of the file has it")
            self.ground.add(found)
        complete = len(places[0]) == len(self.shape.keys) and len(places[1]) == len(self.shape.columns)
        return places if complete else None

    def _key(self, line: Line, at: int, shape: ColumnShape, put: Put) -> str:
        """One part of a key, as look-ups ask for it; empty for a blank one."""
        text = line.cells[at].strip()
        if not text:
            return ""
        key = key_part(text, shape, put)
        if key is None:
            self._flaw(line, at, shape, text)
            return text
        return key

    def _cell(self, line: Line, at: int, name: str, shape: ColumnShape, put: Put) -> Value | None:
        text = line.cells[at].strip()
        if not text:
            return None
        value = _typed(text, shape)
        result = NoValue("malformed") if value is None else put(value)
        if isinstance(result, NoValue) or self._wrong(result, shape):
            self._flaw(line, at, shape, text)
            return None
        if isinstance(result, str):
            self.longest[name] = max(self.longest.get(name, 0), len(result))
            self.plain[name] = self.plain.get(name, True) and result.isascii()
            if shape.destination:
                self.names.setdefault(name, set()).add(result)
        return result

    def _wrong(self, value: Value, shape: ColumnShape) -> str:
        if shape.destination and not in_a_cell(self.ground, str(value)):
            return "no destination of this name is expected"
        if isinstance(value, str):
            vr = shape.vr or ("UI" if shape.type is Type.UID else "")
            return flaw(value, vr, whole=True) if vr else ""
        return number_flaw(value, shape.vr) if isinstance(value, int | Decimal) and shape.vr else ""

    def _flaw(self, line: Line, at: int, shape: ColumnShape, text: str) -> None:
        value = _typed(text, shape)
        why = self._wrong(value, shape) if value is not None else ""
        what = f"{shape.header} ({shape.vr})" if shape.vr else shape.header
        label = why or f"not {NAMES[shape.type]}"
        self._report(
            "DR605", line, at, f"column `{what}` cannot hold this cell", label, "put the cell right in the CSV file"
        )

    def _twice(self, line: Line, other: Line, at: int, key: tuple[str, ...]) -> None:
        self.flaws += 1
        if self.flaws > MOST_FLAWS:
            return
        found = diagnose("DR604", self.sheet.cell_span(line, at), "this key is there twice", "the second row")
        found = found.with_label(self.sheet.cell_span(other, at), "the first row")
        self.ground.add(found.with_note("nothing says which of the two rows is right: leave that one"))

    def _report(self, code: str, line: Line, at: int, message: str, label: str, way_out: str) -> None:
        self.flaws += 1
        if self.flaws > MOST_FLAWS:
            return
        found = diagnose(code, self.sheet.cell_span(line, at), message, label).with_note(way_out)
        if self.flaws == MOST_FLAWS:
            found = found.with_note(f"there may be more; the first {MOST_FLAWS} of this file are shown")
        self.ground.add(found)


def key_part(text: str, shape: ColumnShape, put: Put | None = None) -> str | None:
    """What look-ups ask for where a key column says `text`: empty when the pipe of the column makes nothing of it.

    None when the column cannot hold it.
    """
    value = _typed(text, shape)
    if value is None:
        return None
    result = (put or _function(shape))(value)
    return "" if isinstance(result, NoValue) else key_text(result)


def _typed(text: str, shape: ColumnShape) -> Value | None:
    if shape.type in NUMERIC:
        number = number_of(text)
        if number is None or (shape.type is Type.INT and number != number.to_integral_value()):
            return None
        return int(number) if shape.type is Type.INT else number
    return read_text(text, shape.type)


def key_text(value: Value) -> str:
    """A key as tables hold it: text without spaces at its ends, numbers in their shortest form."""
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(), "f")
    if isinstance(value, date):
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    if isinstance(value, Age):
        return f"{value.number:03d}{value.unit}"
    return unicodedata.normalize("NFC", str(value)).strip()


def _function(shape: ColumnShape) -> Put:
    """The pipe of a column, as one function."""
    code = shape.code
    if code is None:
        return lambda value: value

    def put(value: Value) -> Value | NoValue:
        result = _evaluated(code, value)
        return NoValue("several values") if isinstance(result, tuple | Regex) else result

    return put


def _evaluated(code: Expression | Regex | Secret, cell: Value) -> Any:
    """What a pipe makes of a cell: calls on constants, as the table has checked."""
    match code:
        case Literal(value):
            return value
        case Call(function, arguments):
            values = [_evaluated(argument, cell) for argument in arguments]
            missing = next((value for value in values if isinstance(value, NoValue)), None)
            return FUNCTIONS[function].code(*values) if missing is None else missing
        case Regex():
            return code
        case _:
            return cell
