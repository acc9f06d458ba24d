"""`echo` and `send`: is a destination there, and a plain C-STORE SCU for trying things out."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import FINDINGS, USAGE, fail
from dicomrules.config.schema import schema
from dicomrules.model.delivery import Kind
from dicomrules.model.destination import BucketDestination, DicomDestination, FolderDestination, StowDestination
from dicomrules.pipeline.files import below
from dicomrules.senders import bucket
from dicomrules.senders.cstore import target_of
from dicomrules.senders.echo import ask_web
from dicomrules.senders.echo import echo as ask
from dicomrules.senders.files import store_files
from dicomrules.text.suggest import did_you_mean, nearest


@click.command()
@click.argument("destination")
@GATEWAY
def echo(destination: str, gateway: Path) -> None:
    """Ask a destination of the gateway file whether it is there and knows us, and say in words why not.

    By C-ECHO; of a DICOMweb server by a search for a study that nobody has; a folder is looked at.
    """
    destinations = {each.name: each for each in settings_of(gateway).destinations}
    if destination not in destinations:
        known = ", ".join(destinations)
        fail(
            USAGE,
            f"there is no destination {destination} in {gateway}",
            did_you_mean(nearest(destination, destinations)) or f"the gateway file has: {known}",
        )
    found = destinations[destination]
    if isinstance(found, FolderDestination):
        _check_folder(found)
        return
    if isinstance(found, BucketDestination):
        _check_bucket(found)
        return
    if isinstance(found, StowDestination):
        answer, where = ask_web(found), found.url
    else:
        answer = ask(target_of(found), found.terms)
        where = f"{found.aet} at {found.host}:{found.port}, called by {found.calling_aet}"
    if not answer.ok:
        fail(FINDINGS, f"{destination} ({where}): {answer.text}")
    click.echo(f"{destination} ({where}): {answer.text} in {answer.seconds * 1000:.0f} ms")


def _title(_: click.Context, option: click.Parameter, given: str) -> str:
    """An AE title, as the gateway file takes one."""
    title = schema()["$defs"]["aet"]
    if not re.search(title["pattern"], given):
        fail(USAGE, f"{option.opts[0]} takes {title['title']}")
    return given


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "where", required=True, metavar="HOST:PORT", help="Where the C-STORE SCP listens.")
@click.option(
    "--calling", default="DICOMRULES", show_default=True, metavar="AET", callback=_title, help="Our AE title."
)
@click.option(
    "--called", default="ANY-SCP", show_default=True, metavar="AET", callback=_title, help="The SCP's AE title."
)
def send(paths: tuple[Path, ...], where: str, calling: str, called: str) -> None:
    """Send files, and all files of folders, by C-STORE. Nothing is retried: each failure is shown, with its reason."""
    host, _, port = where.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        fail(USAGE, f"{where} is no HOST:PORT", "for example --to 127.0.0.1:11112")
    destination = DicomDestination("send", called, host.strip("[]"), int(port), calling)
    count: Counter[Kind] = Counter()
    title_refused = False
    for path, outcome in store_files(destination, _files(paths)):
        count[outcome.kind] += 1
        title_refused |= "AE title not recognised" in outcome.message
        if outcome.kind is not Kind.SENT:
            click.echo(f"{path}: {outcome.message}", err=True)
    if title_refused:
        click.echo("help: --called AET says what the SCP is called, --calling AET what we are called", err=True)
    failed = count.total() - count[Kind.SENT]
    click.echo(f"{count[Kind.SENT]} sent, {failed} not sent")
    if failed:
        raise SystemExit(FINDINGS)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        yield from below(path) if path.is_dir() else (path,)


def _check_folder(destination: FolderDestination) -> None:
    place: Any = destination.path
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        fail(FINDINGS, f"{destination.name}: {destination.path} cannot be written")
    click.echo(f"{destination.name}: folder {destination.path} can be written")


def _check_bucket(destination: BucketDestination) -> None:
    problem = bucket.look(destination)
    where = f"{destination.name}: bucket {destination.bucket} at {destination.host}"
    if problem:
        fail(FINDINGS, f"{where}: {problem}")
    click.echo(f"{where} is there")
