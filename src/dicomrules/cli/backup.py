"""`backup`: a copy of the state folder, while the gateway runs."""

import sys
import time
from pathlib import Path

import click

from dicomrules.cli.asking import reading
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import FINDINGS, FORMAT, IO_ERROR, USAGE, fail, print_json
from dicomrules.pipeline.backup import Copied, copy
from dicomrules.queue.errors import LedgerError
from dicomrules.spool.errors import SpoolError


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@GATEWAY
@FORMAT
def backup(folder: Path, gateway: Path, form: str) -> None:
    """Copy ledger and spool into DIR, a new folder, beside the running gateway or without one.

    The copy is looked through at the end. It holds patient data. To go back to it: stop the gateway, move its state
    folder away, copy DIR there, start.
    """
    state = settings_of(gateway).state
    if folder.exists() and any(folder.iterdir()):
        fail(USAGE, f"{folder} is not empty", "name a new folder: every copy is a whole one")
    if folder.resolve().is_relative_to(state.resolve()):
        fail(USAGE, f"{folder} lies inside the state folder", "choose a folder elsewhere, best on another disk")
    with reading(state):
        pass  # where nothing can be copied, nothing is made
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = copy(state, folder, _Progress())
    except OSError as error:
        fail(
            IO_ERROR,
            f"{folder} cannot be written: {(error.strerror or str(error)).lower()}",
            "make room, or choose another",
        )
    except (LedgerError, SpoolError) as error:
        fail(IO_ERROR, str(error), "the copy is not whole: do not count on it")
    _say(found, folder, form)
    if found.missing:
        raise SystemExit(FINDINGS)


class _Progress:
    """On a terminal, from the second second on."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def __call__(self, files: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._began > 2 and now - self._said > 0.2:
            self._said = now
            click.echo(f"\r{files:,} files, {files / (now - self._began):,.0f} a second", err=True, nl=False)


def _say(found: Copied, folder: Path, form: str) -> None:
    if form == "json":
        print_json({name: getattr(found, name) for name in ("files", "instances", "expired", "missing")})
        return
    click.echo(f"{folder}: {found.instances:,} instances with bytes, {found.files:,} files")
    if found.expired:
        click.echo(f"{found.expired:,} delivered ones lost their bytes meanwhile, because their retention is over")
    if found.missing:
        click.echo(
            click.style(f"{found.missing:,} instances that are not delivered have no whole file", fg="red"), err=True
        )
