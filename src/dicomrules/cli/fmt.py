"""`fmt`: rule files in their one layout. Never a file that would mean something else afterwards."""

import difflib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from dicomrules.cli.gateway_file import settings_of
from dicomrules.cli.output import FINDINGS, INTERNAL, IO_ERROR, USAGE, fail, show_diagnostics
from dicomrules.lang.format import format as lay_out
from dicomrules.lang.parse import parse
from dicomrules.rulebook.load import read_file
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class _Formatted:
    """One rule file, before and after. `findings` are not empty when it cannot be read as rules: then it is left."""

    path: Path
    before: str
    after: str
    findings: tuple[Diagnostic, ...] = ()


class _MeansSomethingElse(Exception):
    """The formatter would change the meaning of a file: a defect of ours."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", "check_only", is_flag=True, help="Write nothing; name the files that are not in the layout.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
def fmt(paths: tuple[Path, ...], check_only: bool, show_diff: bool) -> None:
    """Put rule files into the one layout; every comment is kept, and the meaning stays.

    PATH is a rule file, a folder with all rule files below it, or a gateway file with the rules it names; without PATH:
    this folder. Exit code 0: done, or nothing to do; 1: a file with errors was left as it is, or, with --check or
    --diff, there is something to do; 2: cannot read.
    """
    files = list(dict.fromkeys(inside for path in paths or (Path(),) for inside in _rule_files(path)))
    if not files:
        fail(USAGE, "there is no rule file here", "name the files: dicomrules fmt FILE")
    only_look = check_only or show_diff
    results = [_formatted(path) for path in files]
    show_diagnostics([each for result in results for each in result.findings])
    broken = sum(bool(result.findings) for result in results)
    changed = [result for result in results if result.before != result.after and not result.findings]
    for result in changed:
        if show_diff:
            _show_difference(result)
        if not only_look:
            _write(result)
        if not show_diff:
            click.echo(f"{'would change' if only_look else 'formatted'}  {result.path}")
    click.echo(_summary(len(changed), len(files) - len(changed) - broken, broken, only_look), err=show_diff)
    if broken or (only_look and changed):
        raise SystemExit(FINDINGS)


def _rule_files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(path.rglob("*.rules"))
    elif path.suffix in (".yaml", ".yml"):
        yield from settings_of(path).rules
    else:
        yield path


def _formatted(path: Path) -> _Formatted:
    """A file and its layout. Ends the command when it cannot be read, or when the layout would change its meaning."""
    try:
        text = read_file(str(path))
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError):
            fail(USAGE, f"cannot read {path}: {(problem.strerror or 'no reason given').lower()}")
        fail(USAGE, f"cannot read {path}: not a text in UTF-8", "save it again as plain text, with the encoding UTF-8")
    try:
        return _laid_out(path, text)
    except _MeansSomethingElse:
        fail(
            INTERNAL,
            f"{path} is left as it is: its new layout would not mean the same",
            "this is a defect of the formatter; please report the file, or the part of it that does this",
        )


def _laid_out(path: Path, text: str) -> _Formatted:
    """Parse, print, parse again, compare."""
    file, problems = parse(Source(str(path), text))
    errors = tuple(each for each in problems if each.is_error)
    if errors:
        return _Formatted(path, text, text, errors)
    after = lay_out(file)
    again, problems = parse(Source(str(path), after))
    kept = [comment.text for comment in again.comments] == [comment.text for comment in file.comments]
    if again != file or not kept or any(each.is_error for each in problems) or lay_out(again) != after:
        raise _MeansSomethingElse
    return _Formatted(path, text, after)


def _show_difference(result: _Formatted) -> None:
    before, after = (text.splitlines(keepends=True) for text in (result.before, result.after))
    for line in difflib.unified_diff(before, after, str(result.path), f"{result.path} (formatted)"):
        colour = _COLOURS.get(line[0]) if not line.startswith(("+++", "---")) else None
        click.echo(click.style(line.rstrip("\r\n"), fg=colour))


def _write(result: _Formatted) -> None:
    """The whole new text under the old name, or nothing; a link stays a link to the same file."""
    target = result.path.resolve()
    try:
        fd, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
                file.write(result.after)
                file.flush()
                os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        fail(IO_ERROR, f"{result.path} cannot be written: {(error.strerror or 'no reason given').lower()}")


def _summary(changed: int, same: int, broken: int, only_look: bool) -> str:
    verb = "would change" if only_look else "formatted"
    counts = [(changed, verb), (same, "unchanged"), (broken, "with errors, left as it is")]
    way_out = "; to write it: dicomrules fmt" if only_look and changed else ""
    return ", ".join(f"{count} {said}" for count, said in counts if count) + way_out
