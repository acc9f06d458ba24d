"""`init`: a small working site to begin with."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from dicomrules.cli.output import IO_ERROR, USAGE, fail

_FOLDERS = ("in", "out")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Make a small working site in DIR: gateway.yaml, rules with a test, an in and an out folder."""
    if (folder / "gateway.yaml").exists():
        fail(USAGE, f"{folder} already has a gateway.yaml", "choose another folder: nothing is overwritten")
    try:
        _copy(files("dicomrules.cli") / "site", folder)
        for name in _FOLDERS:
            (folder / name).mkdir(exist_ok=True)
    except OSError as error:
        fail(IO_ERROR, f"{folder} cannot be written: {error.strerror}")
    click.echo(f"made {folder}/gateway.yaml, {folder}/rules/site.rules, {folder}/in, {folder}/out\n")
    click.echo("next:")
    for command, says in (
        (f"cd {folder}", ""),
        ("dicomrules validate", "checks the gateway file and its rules"),
        ("dicomrules test", "runs the tests beside the rules"),
        ("dicomrules serve", "runs the gateway; then drop a .dcm file into in/"),
    ):
        click.echo(f"  {command:22}{'# ' + says if says else ''}".rstrip())


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for each in source.iterdir():
        if each.is_dir():
            _copy(each, target / each.name)
        else:
            (target / each.name).write_bytes(each.read_bytes())
