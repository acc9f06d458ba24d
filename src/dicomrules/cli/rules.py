"""`validate` and `test`: what can be known about rules before anything runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from dicomrules.cli import cases_view as view
from dicomrules.cli.junit import as_junit
from dicomrules.cli.loading import SET, check_rules
from dicomrules.cli.output import FINDINGS, FORMAT, IO_ERROR, USAGE, fail, print_json, show_diagnostics, width
from dicomrules.cli.sarif import as_sarif
from dicomrules.rulebook.cases import CaseResult, reachable, run_cases, unreached
from dicomrules.rulebook.covered import uncovered
from dicomrules.service.compiled import Checked, check_gateway
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.render import summary as counted

_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


@click.command()
@_PATHS
@SET
@click.option("--strict", is_flag=True, help="Warnings count as findings, and so does a rule that no test reaches.")
@click.option(
    "--environment", is_flag=True, help="Ask the destinations too: C-ECHO, and whether folders can be written."
)
@click.option("--verbose", is_flag=True, help="Name the places that were too much to look at.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="For people, for programs, or for code hosts (SARIF 2.1.0).",
)
def validate(
    paths: tuple[Path, ...], parameters: tuple[str, ...], form: str, *, strict: bool, environment: bool, verbose: bool
) -> None:
    """Check gateway files and rule files; a gateway brings its rules.

    Without PATH: gateway.yaml of this folder, else its *.rules. Exit code 0: clean, 1: findings, 2: cannot read.
    """
    checked = [check(path, parameters) for path in found(paths)]
    diagnostics = [each for one in checked for each in one.diagnostics]
    if strict:
        diagnostics += [each for path, one in zip(found(paths), checked, strict=True) for each in _untested(path, one)]
    if environment:
        from dicomrules.cli.surroundings import surroundings  # with all that sends

        diagnostics += [each for one in checked if one.settings for each in surroundings(one.settings)]
    if form == "sarif":
        print_json(as_sarif(diagnostics))
    else:
        show_diagnostics(diagnostics, form, count=False)  # the last line says it
    if form == "text":
        for line in _unanalysed(checked, verbose=verbose):
            click.echo(line)
        names = ", ".join(str(path) for path in found(paths))
        click.echo(f"{names}: {counted(diagnostics)}")
    if any(each.code in _UNREADABLE for each in diagnostics):
        raise SystemExit(USAGE)
    if any(each.is_error or strict for each in diagnostics):
        raise SystemExit(FINDINGS)


@click.command()
@_PATHS
@SET
@click.option("--coverage", is_flag=True, help="Name the rules and arms of routes that no test reaches.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results as JUnit XML too.")
@FORMAT
def test(paths: tuple[Path, ...], parameters: tuple[str, ...], coverage: bool, junit: Path | None, form: str) -> None:
    """Run the `test` blocks of rule files, or of a gateway's rules.

    Exit code 0: all passed, 1: one failed, 2: the rules cannot be read or have errors.
    """
    tried = [_tried(path, parameters, form) for path in found(paths)]
    results = [result for one in tried for result in one.results]
    missed = [each for one in tried for each in one.unreached]
    every = sum(one.every for one in tried)
    if junit is not None:
        _write_junit(results, junit)
    if form == "json":
        covered = {"coverage": view.coverage_plain(missed, every)} if coverage else {}
        print_json({"tests": view.results_plain(results), **covered})
    else:
        columns = width()
        lines = [*view.result_lines(results, columns), view.summary(results)]
        for line in [*lines, *(view.coverage_lines(missed, every, columns) if coverage else ())]:
            click.echo(line)
    if any(not result.passed for result in results):
        raise SystemExit(FINDINGS)


def found(paths: tuple[Path, ...]) -> list[Path]:
    """The files that are meant: of a folder those in it, of no name those of this folder. A folder without any ends the
    command, since nothing would be checked.
    """
    return [inside for path in paths or (Path(),) for inside in _some(path)]


def _some(path: Path) -> list[Path]:
    inside = _inside(path)
    if not inside:
        where = "this folder" if path == Path() else str(path)
        fail(
            USAGE,
            f"there is no gateway.yaml and no .rules file in {where}",
            "name the files: dicomrules validate FILE",
        )
    return inside


def check(path: Path, parameters: tuple[str, ...]) -> Checked:
    """A file by its kind."""
    return check_rules([path], parameters) if path.suffix == ".rules" else check_gateway(path)


_UNREADABLE = frozenset({"DR601", "DR709"})


def _inside(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    gateway = path / "gateway.yaml"
    return [gateway] if gateway.exists() else sorted(path.glob("*.rules"))


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of the tests of one file; `every` counts the rules and arms that a test can reach."""

    results: tuple[CaseResult, ...]
    unreached: tuple[view.Unreached, ...]
    every: int


def _untested(path: Path, checked: Checked) -> list[Diagnostic]:
    """What no test reaches, of rules without error."""
    if checked.errors or checked.rulebook is None:
        return []
    return uncovered(checked.rulebook, _reader(_folder(path, checked)))


def _unanalysed(checked: list[Checked], *, verbose: bool) -> Iterator[str]:
    """A line for each place that was too much to look at, or one that counts them."""
    places = [origin for one in checked if one.rulebook is not None for origin in one.rulebook.unanalysed]
    if verbose:
        yield from (f"not analysed: {origin.place}  {origin.text}" for origin in places)
    elif places:
        many = "1 place was" if len(places) == 1 else f"{len(places):,} places were"
        yield f"{many} too much to look at, and may hide findings: --verbose names them"


def _folder(path: Path, checked: Checked) -> Path:
    """The folder of the rules: files that tests name lie below it."""
    return checked.settings.rules[0].parent if checked.settings else path.parent


def _tried(path: Path, parameters: tuple[str, ...], form: str) -> _Tried:
    checked = check(path, parameters)
    program = checked.rulebook.program if checked.rulebook is not None else None
    if checked.errors or program is None:
        show_diagnostics([each for each in checked.diagnostics if each.is_error], form)
        raise SystemExit(USAGE)
    results = run_cases(program, _reader(_folder(path, checked)))
    return _Tried(results, unreached(program, results), len(reachable(program)))


def _reader(folder: Path) -> Callable[[str], bytes]:
    """Reads what `given file` names, relative to the rule file."""
    return lambda name: (folder / name).read_bytes()


def _write_junit(results: list[CaseResult], path: Path) -> None:
    try:
        as_junit(results).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        fail(IO_ERROR, f"{path} cannot be written: {(error.strerror or 'no reason given').lower()}")
