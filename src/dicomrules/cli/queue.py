"""`queue`: what is waiting where and why; and what a person may do about a whole destination."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

import click

from dicomrules.cli.asking import MUST_HAVE_REASON, REASON, WAIT, ask, reading, who
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import AFTER, FORMAT, USAGE, fail, folded, print_json, width
from dicomrules.config.settings import Settings
from dicomrules.model.delivery import State
from dicomrules.queue.reader import Reader
from dicomrules.queue.request import Ask, Wish
from dicomrules.queue.story import WaitingDelivery

_COLOUR = {State.FAILED: "red", State.HELD: "red", State.DEFERRED: "yellow"}
_STATES = [each.value for each in State if each not in (State.SENT, State.DISCARDED)]


@click.group(invoke_without_command=True)
@click.option("--destination", "destinations", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option("--study", default="", metavar="UID", help="Only this study, with each of its instances.")
@click.option("--state", type=click.Choice(_STATES), help="Only deliveries in this state.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Deliveries to look at."
)
@AFTER
@GATEWAY
@FORMAT
@click.pass_context
def queue(ctx: click.Context, /, **given: Any) -> None:
    """What is waiting where, and why: for each destination its studies, oldest first."""
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(given["gateway"])
    with reading(settings.state) as reader:
        found = _oldest(reader, given, _names(reader, settings, given["destinations"]))
    if given["form"] == "json":
        print_json([asdict(each) for each in found])
    elif not found:
        click.echo("nothing is waiting")
    else:
        _print(found, each_instance=bool(given["study"]))
        if len(found) == given["limit"]:
            click.echo(f"\nthere may be more: --after {max(each.id for each in found)}")


def _about_destination(name: str, kind: Ask, text: str) -> None:
    """A command that asks for something about a whole destination."""

    @queue.command(name, help=text)
    @click.argument("destination")
    @REASON
    @GATEWAY
    @WAIT
    @FORMAT
    def command(destination: str, reason: str, gateway: Path, wait: float, form: str) -> None:
        _ask(gateway, Wish(kind, who(), reason, None, destination), wait, form)


_about_destination("retry", Ask.RETRY, "Queue again everything that has failed at DESTINATION.")
_about_destination("resume", Ask.RESUME, "Try DESTINATION now, instead of when its pause is over.")


@queue.command("discard")
@click.argument("destination")
@MUST_HAVE_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@GATEWAY
@WAIT
@FORMAT
def discard(destination: str, yes: bool, **given: Any) -> None:
    """Give up what waits for or has failed at DESTINATION. The bytes are kept as long as those of what is delivered."""
    settings = settings_of(given["gateway"])
    with reading(settings.state) as reader:
        _names(reader, settings, (destination,))
        count = next((each.deliveries for each in reader.status().destinations if each.name == destination), {})
    waiting = sum(count.get(each, 0) for each in (State.QUEUED, State.DEFERRED, State.STORED, State.FAILED))
    if not yes:
        click.confirm(f"give up {waiting} deliveries to {destination}?", abort=True, err=True)
    _ask(given["gateway"], Wish(Ask.GIVE_UP, who(), given["reason"], None, destination), given["wait"], given["form"])


def _ask(gateway: Path, wish: Wish, wait: float, form: str) -> None:
    settings = settings_of(gateway)
    with reading(settings.state) as reader:
        _names(reader, settings, (wish.destination,))
    ask(settings.state, [(wish.destination, wish)], wait, form)


def _names(reader: Reader, settings: Settings, wanted: Sequence[str]) -> list[str]:
    """The destinations asked for, or all that have or had deliveries. A name that nobody knows ends the command."""
    known = {each.name for each in reader.status().destinations} | {each.name for each in settings.destinations}
    for name in wanted:
        if name not in known:
            fail(USAGE, f"there is no destination {name}", f"there are: {', '.join(sorted(known))}")
    return list(wanted) or sorted(known)


def _oldest(reader: Reader, given: dict[str, Any], names: Sequence[str]) -> list[WaitingDelivery]:
    """Up to `limit` deliveries by destination: the oldest of all of these together, so that one number says where the
    next page begins for each of them.
    """
    state, study = State(given["state"]) if given["state"] else None, given["study"]
    if study:
        every = [_each(lambda after: reader.waiting_in_study(study, after), given["after"])]
    else:
        every = [_each(partial(reader.waiting, name, state=state), given["after"]) for name in names]
    oldest = merge(*every, key=lambda each: each.id)
    fits = (each for each in oldest if each.destination in names and state in (None, each.state))
    return sorted(islice(fits, given["limit"]), key=lambda each: each.destination)


def _each(page: Callable[[int], list[WaitingDelivery]], after: int) -> Iterator[WaitingDelivery]:
    """One after the other, read in pages: no read is long."""
    while found := page(after):
        yield from found
        after = found[-1].id


def _print(found: Sequence[WaitingDelivery], *, each_instance: bool) -> None:
    """For each destination its studies, in the order in which their first instance came."""
    groups: dict[str, dict[str, list[WaitingDelivery]]] = {}
    for one in found:
        groups.setdefault(one.destination, {}).setdefault(one.study, []).append(one)
    for number, (destination, studies) in enumerate(groups.items()):
        count = sum(map(len, studies.values()))
        head = f"{destination}: {_many(count, 'delivery', 'deliveries')} in {_many(len(studies), 'study', 'studies')}"
        click.echo(("\n" if number else "") + click.style(head, bold=True))
        for study, deliveries in studies.items():
            for line in _study_lines(study, deliveries, each_instance):
                click.echo(line)


def _study_lines(study: str, deliveries: Sequence[WaitingDelivery], each_instance: bool) -> Iterator[str]:
    yield f"  study {study or '(no Study Instance UID)'}"
    since = f"since {_moment(min(each.received_at for each in deliveries))}"
    due = [each.next_attempt for each in deliveries if each.state is State.DEFERRED]
    again = f", next attempt {_moment(min(due))}" if due else ""
    yield f"    {_states(deliveries)} {since}{again}"
    for words in dict.fromkeys(each.last_message for each in deliveries if each.last_message):
        yield from folded(words, width(), "    ", "  ")
    for each in deliveries if each_instance else ():
        state = click.style(each.state.value, fg=_COLOUR.get(each.state))
        yield f"    {each.sop_instance} {state}"


def _states(deliveries: Sequence[WaitingDelivery]) -> str:
    counts = {state: sum(1 for each in deliveries if each.state is state) for state in State}
    return ", ".join(
        click.style(f"{count} {state.value}", fg=_COLOUR.get(state)) for state, count in counts.items() if count
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
