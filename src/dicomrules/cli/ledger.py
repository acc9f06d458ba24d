"""`status` and `trace`: what the ledger knows."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dicomrules.cli.loading import GATEWAY, settings_of
from dicomrules.cli.output import FINDINGS, FORMAT, IO_ERROR, fail, print_json, table, width
from dicomrules.cli.story_view import story_lines
from dicomrules.model.delivery import State
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import DestinationStatus, Status


@click.command()
@GATEWAY
@FORMAT
def status(gateway: Path, form: str) -> None:
    """What is waiting where, and since when."""
    reader = _open(gateway)
    try:
        now = reader.status()
    except LedgerError as error:
        fail(IO_ERROR, str(error))
    if form == "json":
        print_json(asdict(now))
        return
    _print_receivers(now)
    _print_destinations(now)
    if now.held:
        click.echo(click.style(f"held: {now.held}", fg="red", bold=True) + "  (kept for a person or a later decision)")


@click.command()
@click.argument("uid")
@GATEWAY
@FORMAT
def trace(uid: str, gateway: Path, form: str) -> None:
    """The whole story of one instance, by its SOP Instance UID: arrival, decision, every attempt to deliver it."""
    reader = _open(gateway)
    try:
        stories = reader.trace(uid)
    except LedgerError as error:
        fail(IO_ERROR, str(error))
    if form == "json":
        print_json([asdict(story) for story in stories])
    elif not stories:
        fail(
            FINDINGS, f"no instance {uid} is in the ledger", "trace takes a SOP Instance UID, as it came or as it left"
        )
    for number, story in enumerate(stories if form == "text" else ()):
        if number:
            click.echo()
        for line in story_lines(story, width()):
            click.echo(line)


def _open(gateway: Path) -> Reader:
    try:
        return Reader.open(settings_of(gateway).state)
    except LedgerError as error:
        fail(IO_ERROR, str(error))


def _print_receivers(now: Status) -> None:
    rows = [[each.name, str(each.instances), str(each.duplicates), str(each.conflicts)] for each in now.receivers]
    if rows:
        click.echo(table(rows, ["receiver", "instances", "repeated", "conflicts"], right=(1, 2, 3)) + "\n")
    else:
        click.echo("nothing has come in yet")


def _print_destinations(now: Status) -> None:
    rows = [_destination_row(each) for each in now.destinations]
    if rows:
        heads = ["destination", "sent", "queued", "deferred", "failed", "held", "oldest waiting"]
        click.echo(table(rows, heads, right=(1, 2, 3, 4, 5)))


def _destination_row(each: DestinationStatus) -> list[str]:
    count = each.deliveries
    counts = [count[State.SENT], count[State.QUEUED] + count[State.SENDING], count[State.DEFERRED]]
    counts += [count[State.FAILED], count[State.HELD]]
    since = _ago(datetime.now(UTC) - each.oldest_waiting) if each.oldest_waiting else ""
    return [each.name, *map(str, counts), since]


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
