"""`validate` and `test`: what can be known about rules before anything runs."""

from collections.abc import Callable
from pathlib import Path

import click

from dicomrules.cli.loading import SET, Checked, check_gateway, check_rules
from dicomrules.cli.output import FINDINGS, FORMAT, USAGE, fail, print_json, show_diagnostics
from dicomrules.rulebook.cases import CaseResult, run_cases
from dicomrules.text.render import summary

_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


@click.command()
@_PATHS
@SET
@click.option("--strict", is_flag=True, help="Warnings count as findings.")
@FORMAT
def validate(paths: tuple[Path, ...], parameters: tuple[str, ...], strict: bool, form: str) -> None:
    """Check gateway files and rule files; a gateway brings its rules.

    Without PATH: gateway.yaml of this folder, else its *.rules. Exit code 0: clean, 1: findings, 2: cannot read.
    """
    checked = [check(path, parameters) for path in found(paths)]
    diagnostics = [each for one in checked for each in one.diagnostics]
    show_diagnostics(diagnostics, form)
    if form == "text":
        names = ", ".join(str(path) for path in found(paths))
        click.echo(f"{names}: {summary(diagnostics)}")
    if any(each.code in _UNREADABLE for each in diagnostics):
        raise SystemExit(USAGE)
    if any(each.is_error or strict for each in diagnostics):
        raise SystemExit(FINDINGS)


@click.command()
@_PATHS
@SET
@FORMAT
def test(paths: tuple[Path, ...], parameters: tuple[str, ...], form: str) -> None:
    """Run the `test` blocks of rule files, or of a gateway's rules."""
    results: list[CaseResult] = []
    for path in found(paths):
        checked = check(path, parameters)
        if checked.errors or checked.rulebook is None or checked.rulebook.program is None:
            show_diagnostics([each for each in checked.diagnostics if each.is_error], form)
            raise SystemExit(USAGE)
        folder = checked.settings.rules[0].parent if checked.settings else path.parent
        results += run_cases(checked.rulebook.program, _reader(folder))
    if form == "json":
        print_json([_as_plain(result) for result in results])
    else:
        _print_results(results)
    if any(not result.passed for result in results):
        raise SystemExit(FINDINGS)


def found(paths: tuple[Path, ...]) -> list[Path]:
    """What is meant when nothing is named."""
    if paths:
        return [inside for path in paths for inside in _inside(path)]
    here = _inside(Path())
    if not here:
        fail(
            USAGE,
            "there is no gateway.yaml and no .rules file in this folder",
            "name the files: dicomrules validate FILE",
        )
    return here


def check(path: Path, parameters: tuple[str, ...]) -> Checked:
    """A file by its kind."""
    return check_rules([path], parameters) if path.suffix == ".rules" else check_gateway(path)


_UNREADABLE = frozenset({"DR601", "DR709"})


def _inside(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    gateway = path / "gateway.yaml"
    return [gateway] if gateway.exists() else sorted(path.glob("*.rules"))


def _reader(folder: Path) -> Callable[[str], bytes]:
    """Reads what `given file` names, relative to the rule file."""
    return lambda name: (folder / name).read_bytes()


def _print_results(results: list[CaseResult]) -> None:
    for result in results:
        mark = click.style("ok    ", fg="green") if result.passed else click.style("FAILED", fg="red", bold=True)
        click.echo(
            f"{mark}  {result.name}" + ("" if result.passed else click.style(f"  {result.origin.place}", dim=True))
        )
        for failure in result.failures:
            click.echo(f"          expected  {failure.expected}" + click.style(f"  {failure.origin.place}", dim=True))
            click.echo(f"          got       {failure.got}")
    failed = sum(not result.passed for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed")


def _as_plain(result: CaseResult) -> dict[str, object]:
    failures = [{"expected": each.expected, "got": each.got, "place": each.origin.place} for each in result.failures]
    return {"name": result.name, "place": result.origin.place, "passed": result.passed, "failures": failures}
