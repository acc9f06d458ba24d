"""Every row of the language's small print has at least one test, which is named after it: `test_s12_…`.

The rows are what two people could read in two ways. `pytest -k s12` runs what is known about one of them.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

ROWS = dict(
    enumerate(
        (
            *("name spaces", "include order", "reserved words", "a plain path in a value", "original.", "within"),
            *(
                "reading through [every]",
                "writing through selectors",
                "a missing parent",
                "copy, move, swap of nothing",
            ),
            *("set to an empty text", "trailing and leading spaces", "case", "Unicode", "matches over several values"),
            *("a value past the end", "presence of sequences", "blank of several values", "presence of a path"),
            *("malformed", "when the malformed setting acts", "a known tag under UN", "equality of names"),
            *("text against UID, code, person", "arithmetic of DS and IS", "ranges", "dates of lower precision"),
            *("time zones", "age", "counting characters", "hashes", "remap uids after other writes", "shift dates"),
            *("record changes", "a private block on writing", "remove private, masks", "keep only"),
            *("order of keep and remove", "charset to", "redact pixels", "let", "what a condition proves"),
            *("types of choose arms", "when and its own statements", "functions", "actions", "conditions", "conflicts"),
            *("a straight line", "table keys", "an empty cell", "unavailable", "the first answer per study", "hold"),
            *("verdicts over tables", "nowhere in every match", "a destination reached twice", "failover", "only once"),
            *("by study after", "balance", "compressed", "loop guard", "levels", "received_date", "protected"),
            *("parameters", "secrets", "context names of a test", "unchanged", "expect conditions", "fired"),
            *("escapes", "several values assigned", "white space", "case of hex", "UID keywords", "number literals"),
            *("whole-object statements in within", "repeated options", "our own output", "bare private tags"),
            *("swap, move and levels", "rules without when", "texts of verdicts", "not before a named condition"),
            *("not around [any]", "what is refused while parsing"),
        ),
        start=1,
    )
)


@cache
def named() -> dict[int, list[str]]:
    """The tests by row: a test of `s34` may also be one of `s81`, as in `test_s34_s81_…`."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_s"):
                rows = re.match(r"test((?:_s\d+)+)_", node.name)
                for row in re.findall(r"\d+", rows[1]) if rows else ():
                    found.setdefault(int(row), []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


@pytest.mark.parametrize("row", ROWS, ids=[f"S{row} {title}" for row, title in ROWS.items()])
def test_a_row_has_a_test(row: int) -> None:
    assert named().get(row)


def test_no_test_is_named_after_a_row_that_is_none() -> None:
    assert {row: tests for row, tests in named().items() if row not in ROWS} == {}
