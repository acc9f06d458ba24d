"""The SQL of the ledger: named statements in the files of `sql/`, and the schema."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def schema() -> str:
    """The statements that make an empty ledger."""
    return _text("schema")


@cache
def outbox() -> tuple[str, Mapping[str, str]]:
    """The statements that make an empty outbox, and leave one that is there as it is; and its own by name."""
    return _NAME.split(_text("outbox"))[0], _named("outbox")


def upgrades(version: int, to: int) -> list[str]:
    """The statements that turn a ledger of schema `version` into one of schema `to`, one text a step."""
    return [_text(f"upgrade_{step}") for step in range(version + 1, to + 1)]


@cache
def statements() -> Mapping[str, str]:
    """Every named statement. A name stands once."""
    found: dict[str, str] = {}
    for file in ("record", "decide", "deliver", "retain", "read", "ask", "commit"):
        for name, statement in _named(file).items():
            if name in found:
                raise ValueError(f"the statement `{name}` stands twice in the SQL of the ledger")
            found[name] = statement
    return found


def _named(file: str) -> dict[str, str]:
    pieces = _NAME.split(_text(file))
    return {name: statement.strip() for name, statement in zip(pieces[1::2], pieces[2::2], strict=True)}


def _text(file: str) -> str:
    return (resources.files("dicomrules.queue") / "sql" / f"{file}.sql").read_text("utf-8")
