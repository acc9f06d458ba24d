"""What every command shares: exit codes, how problems are shown, and how columns are set.

Exit codes follow sysexits(3) where it has one, so that a service manager and a script can tell "try again" from "mend
the file".
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.render import Style, render, to_json

DONE = 0
FINDINGS = 1  # findings or failures
USAGE = 2  # cannot read, or wrong use
INTERNAL = 70  # the gateway's processes died again and again
IO_ERROR = 74
TRY_LATER = 75  # another gateway holds the state folder
CONFIG = 78  # configuration refused

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or for programs."
)

AFTER = click.option(
    "--after",
    type=click.IntRange(0),
    default=0,
    callback=lambda _, __, number: min(number, (1 << 63) - 1),  # no ledger has a row after that one
    help="The next page: the number that the last one ended with.",
)


def fail(code: int, problem: str, way_out: str = "") -> NoReturn:
    """End the command: one line that says what is wrong, one that says what to do."""
    _say("error: ", "red", problem)
    if way_out:
        _say("help: ", "cyan", way_out)
    raise SystemExit(code)


def _say(head: str, colour: str, text: str) -> None:
    """Folded at words on a terminal; one line for a program, which may look for words in it."""
    if sys.stderr.isatty():
        text = "\n".join(folded(head + text, width(), hang=" " * len(head)))[len(head) :]
    click.echo(click.style(head, fg=colour, bold=True) + text, err=True)


def folded(text: str, columns: int, indent: str = "", hang: str = "") -> list[str]:
    """A text broken at words, never inside one: lines begin with `indent`, those after the first with `hang` too."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def width() -> int:
    """Columns of the terminal, at most 100: longer lines are hard to read."""
    return min(100, shutil.get_terminal_size((80, 24)).columns)


def show_diagnostics(diagnostics: Sequence[Diagnostic], form: str = "text", *, count: bool = True) -> None:
    """Print all findings in the order of their places: for people on stderr, with how many there are (`count`), for
    programs on stdout.
    """
    if form == "json":
        click.echo(to_json(diagnostics))
    elif diagnostics:
        click.echo(render(diagnostics, Style(sys.stderr.isatty(), width()), count=count), err=True)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(rows: Sequence[Sequence[str]], heads: Sequence[str], right: Sequence[int] = ()) -> str:
    """Columns as wide as they need to be; those in `right` are set to the right (numbers)."""
    cells = [list(heads), *[list(row) for row in rows]]
    wide = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = []
    for number, row in enumerate(cells):
        parts = [cell.rjust(wide[i]) if i in right else cell.ljust(wide[i]) for i, cell in enumerate(row)]
        line = "  ".join(parts).rstrip()
        lines.append(click.style(line, bold=True) if number == 0 else line)
    return "\n".join(lines)
