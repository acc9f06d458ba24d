"""`import`: settings of another system, as a part of a gateway file."""

import re
from collections.abc import Callable
from pathlib import Path

import click

from dicomrules.cli.output import IO_ERROR, USAGE, fail
from dicomrules.config import from_iris, from_orthanc, imported
from dicomrules.config.schema import schema

_OUT = click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file, which must not be there."
)
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("import")
def import_() -> None:
    """Settings of another system, printed as a part of a gateway file.

    What has no counterpart stands in comments: look through what is made before you use it.
    """


@import_.command()
@_FILE
@click.option("--calling", default="*", show_default=True, metavar="AET", help="Who calls; `*`: anyone.")
@click.option("--called", default="*", show_default=True, metavar="AET", help="Who is called; `*`: anyone.")
@_OUT
def iris(file: Path, calling: str, called: str, out: Path | None) -> None:
    """An IRIS association file: an entry of `contexts`.

    Such a file has one presentation context a line: `abstractUID\\transferUID`.
    """
    for title in (calling, called):
        if not re.search(schema()["$defs"]["aet"]["pattern"], title):
            fail(USAGE, f"{title} is no AE title", "an AE title has 1 to 16 characters and no backslash")
    _give(file, out, lambda text: from_iris.iris(text, calling, called))


@import_.command()
@_FILE
@_OUT
def orthanc(file: Path, out: Path | None) -> None:
    """Orthanc's DicomModalities: `peers` and `destinations`.

    FILE is an Orthanc configuration, comments included, or the block `DicomModalities` alone.
    """
    _give(file, out, from_orthanc.orthanc)


def _give(file: Path, out: Path | None, make: Callable[[str], str]) -> None:
    try:
        with file.open(encoding="utf-8-sig") as source:
            made = make(source.read(imported.MAX_CHARACTERS + 1))
    except UnicodeDecodeError:
        fail(USAGE, f"{file} is not a text in UTF-8")
    except OSError as error:
        fail(IO_ERROR, f"{file} cannot be read: {error.strerror}")
    except imported.Unusable as problem:
        fail(USAGE, f"{file} cannot be imported: {problem}")
    if out is None:
        click.echo(made, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(made)
    except FileExistsError:
        fail(USAGE, f"{out} is there already", "nothing is overwritten: name another file")
    except OSError as error:
        fail(IO_ERROR, f"{out} cannot be written: {error.strerror}")
