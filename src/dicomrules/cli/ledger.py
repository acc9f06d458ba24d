"""`status` and `trace`: what the ledger knows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dicomrules.cli.asking import reading
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import FINDINGS, FORMAT, fail, folded, print_json, table, width
from dicomrules.cli.story_view import story_lines
from dicomrules.model.delivery import Standing, State
from dicomrules.model.observing import Condition
from dicomrules.observe.conditions import conditions
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import DestinationStatus, Status
from dicomrules.service.look import Look

_PAGE = 20  # deliveries in which the reason is looked for


@click.command()
@GATEWAY
@FORMAT
def status(gateway: Path, form: str) -> None:
    """What is waiting where, and since when; and what wants a person, with the way out."""
    settings = settings_of(gateway)
    with reading(settings.state) as reader:
        now = reader.status()
        why = {each.name: _last_words(reader, each) for each in now.destinations}
    wanting = conditions(Look(settings)())
    if form == "json":
        plain = asdict(now)
        found = [asdict(one) for one in wanting]
        plain["destinations"] = [{**each, "why": why[each["name"]]} for each in plain["destinations"]]
        print_json({**plain, "conditions": found})
        return
    _print_receivers(now)
    configured = [each.name for each in settings.destinations]
    _print_destinations(now, configured)
    # How one stood that the gateway file no longer has says nothing: nobody asks it any more.
    troubled = [each for each in now.destinations if each.standing is not Standing.OPEN and each.name in configured]
    for each in troubled:
        _print_standing(each)
    in_trouble = {each.name for each in troubled if each.standing is not Standing.BUSY}
    for name, words in why.items():
        if words and name not in in_trouble:
            click.echo("\n".join(folded(f"{name}: {words}", width(), hang="  ")))
    _print_commitments(now)
    _print_conditions(wanting)


@click.command()
@click.argument("uid")
@GATEWAY
@FORMAT
def trace(uid: str, gateway: Path, form: str) -> None:
    """The whole story of one instance, by its SOP Instance UID: arrival, decision, every attempt to deliver it."""
    with reading(settings_of(gateway).state) as reader:
        stories = reader.trace(uid)
    if form == "json":
        print_json([asdict(story) for story in stories])
    if not stories:
        fail(
            FINDINGS, f"no instance {uid} is in the ledger", "trace takes a SOP Instance UID, as it came or as it left"
        )
    for number, story in enumerate(stories if form == "text" else ()):
        if number:
            click.echo()
        for line in story_lines(story, width()):
            click.echo(line)


def _last_words(reader: Reader, destination: DestinationStatus) -> str:
    """What the last attempt said whose delivery is still to be made, or has failed; empty when there is none."""
    count = destination.deliveries
    if not count[State.DEFERRED] + count[State.FAILED]:
        return ""
    waiting = reader.waiting(destination.name, limit=_PAGE)
    return next((each.last_message for each in waiting if each.last_message), "")


def _print_receivers(now: Status) -> None:
    rows = [[each.name, str(each.instances), str(each.duplicates), str(each.conflicts)] for each in now.receivers]
    if rows:
        click.echo(table(rows, ["receiver", "instances", "repeated", "conflicts"], right=(1, 2, 3)) + "\n")
    else:
        click.echo("nothing has come in yet")


def _print_destinations(now: Status, configured: Sequence[str]) -> None:
    """Those that have or had deliveries, and those of the gateway file that have had none yet."""
    rows = [_destination_row(each) for each in now.destinations]
    known = {each.name for each in now.destinations}
    rows += [[name, *["0"] * 6, ""] for name in configured if name not in known]
    heads = ["destination", "sent", "stored", "queued", "deferred", "failed", "held", "oldest waiting"]
    if all(row[2] == "0" for row in rows):  # only where destinations are asked for storage commitment
        heads, rows = [*heads[:2], *heads[3:]], [[*row[:2], *row[3:]] for row in rows]
    click.echo(table(rows, heads, right=range(1, len(heads) - 1)))


def _print_commitments(now: Status) -> None:
    """Peers that have asked for storage commitment; `nowhere`: their reports have no address to go to."""
    rows = [[each.calling_aet, str(each.open), str(each.nowhere), str(each.reported)] for each in now.commitments]
    if rows:
        heads = ["storage commitment asked by", "open", "nowhere", "reported"]
        click.echo("\n" + table(rows, heads, right=(1, 2, 3)))


def _print_conditions(wanting: Sequence[Condition]) -> None:
    """What wants a person, below all else, where the eye ends; nothing at all when nothing does."""
    for one in wanting:
        first, *others = folded(f"{one.severity}: {one.text}", width(), hang="  ")
        colour = click.style(f"{one.severity}:", fg=str(one.severity), bold=True)
        click.echo("\n" + first.replace(f"{one.severity}:", colour, 1))
        for line in [*others, *folded(one.way_out, width(), indent="  ")]:
            click.echo(line)


def _print_standing(each: DestinationStatus) -> None:
    """A destination in trouble: since when, why, and when it is asked again."""
    now = datetime.now(UTC)
    since = f" for {_ago(now - each.since)}" if each.since else ""
    again = _asked_again(each, now)
    colour = "red" if each.standing is Standing.PAUSED else "yellow"
    first, *others = folded(f"{each.name}: {each.standing}{since}: {each.words}{again}", width(), hang="  ")
    click.echo(first.replace(each.standing, click.style(each.standing, fg=colour, bold=True), 1))
    for line in others:
        click.echo(line)


def _asked_again(each: DestinationStatus, now: datetime) -> str:
    """What is over is not said: a pause ends, and nobody asks as long as nothing waits, or no gateway runs."""
    if each.until is None:
        return ""
    if each.until > now:
        return f" (asked again at {each.until.astimezone():%H:%M:%S})"
    return " (asked again when something comes for it)" if each.oldest_waiting is None else ""


def _destination_row(each: DestinationStatus) -> list[str]:
    count = each.deliveries
    counts = [count[State.SENT], count[State.STORED], count[State.QUEUED] + count[State.SENDING], count[State.DEFERRED]]
    counts += [count[State.FAILED], count[State.HELD]]
    since = _ago(datetime.now(UTC) - each.oldest_waiting) if each.oldest_waiting else ""
    return [each.name, *map(str, counts), since]


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
