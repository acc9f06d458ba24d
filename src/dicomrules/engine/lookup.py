"""Look-ups: from keys to a cell or a row of a table. What is not in the Program is asked for by ending the decision."""

from typing import Any

from dicomrules.engine.compare import key_text
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run
from dicomrules.model.decision import Needs
from dicomrules.program.expression import Lookup
from dicomrules.program.ruleset import Row, Table
from dicomrules.program.types import ABSENT, NoValue
from dicomrules.program.verdict import Stop

NOT_FOUND = NoValue("not found")
NO_KEY = NoValue("no key")
EMPTY_CELL = NoValue("empty cell")
UNAVAILABLE = Stop("hold", "a table cannot be reached")


def reader(scope: Scope, lookup: Lookup, keys: list[Getter]) -> Getter:
    """What yields the cell, or the row, that a look-up finds."""
    table, wanted = scope.plan.program.tables[lookup.table], lookup.column

    def found(run: Run) -> Any:
        values = [key(run) for key in keys]
        missing = next((part for part in values if isinstance(part, NoValue)), None)
        if missing is not None:
            return missing
        row = _row(run, table, tuple(map(key_text, values, table.keys)))
        if isinstance(row, NoValue):
            run.note(f"lookup {table.name}: {row.why}")
            return row
        return row if wanted is None else _cell(run, table.name, row, wanted)

    return found


def column(local: str, wanted: str) -> Getter:
    """What yields one cell of a row that a `let` took."""

    def cell(run: Run) -> Any:
        row = run.locals.get(local, ABSENT)
        return row if isinstance(row, NoValue) else _cell(run, local, row, wanted)

    return cell


def _row(run: Run, table: Table, key: tuple[str, ...]) -> Row | NoValue:
    """The row of a key; a key of which a part is blank finds nothing (S50)."""
    if not table.reachable:
        raise Halt(table.unavailable or UNAVAILABLE)
    if not all(key):
        return NO_KEY
    if table.rows is not None:
        row = table.rows.get(key)
    elif (table.name, key) in run.answers:
        row = run.answers[table.name, key]
    else:
        raise Halt(Needs(table.name, key))
    return NOT_FOUND if row is None else row


def _cell(run: Run, source: str, row: Row, wanted: str) -> Any:
    cell = row.get(wanted)
    if cell is None:
        run.note(f"lookup {source}: empty cell")
        return EMPTY_CELL
    return cell
