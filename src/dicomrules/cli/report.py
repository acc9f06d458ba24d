"""`report`: what came of studies, and of days: received, stored, committed, by destination."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from dicomrules.cli.asking import reading
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import FINDINGS, FORMAT, USAGE, fail, print_json, table
from dicomrules.config.settings import Settings
from dicomrules.config.units import duration
from dicomrules.model.delivery import State
from dicomrules.model.destination import DicomDestination
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import StudyCounts

_OF_DAYS = ("received", "stored", "committed")
_MOST = 1000  # studies of one report


@click.command()
@click.argument("what", required=False)
@click.option("--since", default="24h", show_default=True, metavar="TIME", help="How far back, such as 90min or 7d.")
@click.option("--days", type=click.IntRange(1, 36_600), metavar="NUMBER", help="Counts of the last days instead.")
@GATEWAY
@FORMAT
def report(what: str | None, since: str, days: int | None, gateway: Path, form: str) -> None:
    """How many instances of a study were received, and how many each destination has stored and committed itself to.

    WHAT is a Study Instance UID, an accession number or a SOP Instance UID; without it, the studies that came within
    --since, the newest first.
    """
    settings = settings_of(gateway)
    if days is not None:
        if what is not None:
            fail(USAGE, "--days counts all studies together", "leave out either --days or the study")
        _report_days(settings, days, form)
        return
    with reading(settings.state) as reader:
        found = [reader.study_counts(study) for study in _studies(reader, what, since)]
    if form == "json":
        print_json([asdict(each) for each in found])
        return
    if not found:
        click.echo("nothing has come in")
    for number, each in enumerate(found):
        click.echo("\n" * bool(number) + _shown(each, settings))


def _report_days(settings: Settings, days: int, form: str) -> None:
    with reading(settings.state) as reader:
        found = reader.days(date.today() - timedelta(days=days - 1))
    if form == "json":
        print_json([asdict(each) for each in found])
        return
    if not found:
        click.echo("nothing has come in")
        return
    counts = {(each.day, each.name, each.what): each.count for each in found}
    rows = [
        [f"{day}", name, *(str(counts.get((day, name, what), "")) for what in _OF_DAYS)]
        for day, name in dict.fromkeys((each.day, each.name) for each in found)
    ]
    click.echo(table(rows, ["day", "", *_OF_DAYS], right=range(2, 5)))


def _studies(reader: Reader, what: str | None, since: str) -> list[str]:
    if what is not None:
        found = list(dict.fromkeys(each.key.study for each in reader.find(what, _MOST)))
        if not found:
            fail(FINDINGS, f"the ledger knows nothing under {what}", "it knows studies by UID and by accession number")
        return found
    try:
        span = duration(since)
    except (ValueError, KeyError):
        fail(USAGE, f"--since {since} is no length of time", "such as 30s, 90min, 24h or 7d")
    return reader.studies_since(datetime.now(UTC) - span, _MOST)


def _shown(each: StudyCounts, settings: Settings) -> str:
    commits = {
        one.name for one in settings.destinations if isinstance(one, DicomDestination) and one.commitment is not None
    }
    accession = f", order {each.accession}" if each.accession else ""
    held = f", {each.held} held" if each.held else ""
    head = click.style(f"study {each.study or '(no Study Instance UID)'}", bold=True)
    came = f"  received {each.instances}{held}, last {each.last:%Y-%m-%d %H:%M:%S} UTC{accession}"
    rows = [_row(name, counts, name in commits) for name, counts in each.deliveries.items()]
    heads = ["  destination", "stored", "committed", "on its way", "failed", "held", "discarded"]
    return "\n".join([head, came, *([table(rows, heads, right=range(1, 7))] if rows else [])])


def _row(name: str, counts: dict[State, int], commits: bool) -> list[str]:
    def number(*states: State) -> str:
        return str(sum(counts.get(state, 0) for state in states))

    return [
        f"  {name}",
        number(State.SENT, State.STORED),
        number(State.SENT) if commits else "",
        number(State.QUEUED, State.SENDING, State.DEFERRED),
        number(State.FAILED),
        number(State.HELD),
        number(State.DISCARDED),
    ]
