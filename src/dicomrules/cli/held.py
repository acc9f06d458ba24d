"""`held` and `resend`: instances that wait for a person, and those that are to be sent once more."""

from collections.abc import Container, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from dicomrules.cli.asking import MUST_HAVE_REASON, REASON, WAIT, ask, reading, who
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.output import AFTER, FINDINGS, FORMAT, USAGE, fail, folded, print_json, width
from dicomrules.cli.story_view import story_lines
from dicomrules.config.settings import Settings
from dicomrules.model.destination import takes_only
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.reader import Reader
from dicomrules.queue.request import Ask, Wish
from dicomrules.queue.story import Found, HeldInstance

_MOST = 100_000  # instances that one command is about
# Before a number of the list, where it could be an accession number; `#` would begin a comment in a shell.
_NUMBER = "number:"
_DESTINATION = click.option(
    "--destination", "destinations", multiple=True, metavar="NAME", help="Only there; may be repeated."
)


@click.group()
def held() -> None:
    """Instances that are kept for a person: quarantined, held by a rule, or in conflict with one that came before.

    WHAT is a SOP Instance UID, a Study Instance UID, an accession number, or the number that `held list` shows, also as
    number:20.
    """


@held.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Instances to show.")
@AFTER
@GATEWAY
@FORMAT
def list_(limit: int, after: int, gateway: Path, form: str) -> None:
    """What is held, oldest first, and why."""
    with reading(settings_of(gateway).state) as reader:
        found: list[HeldInstance] = []
        while len(found) < limit and (page := reader.held(after, min(100, limit - len(found)))):
            found += page
            after = page[-1].instance_id
        count = reader.status().held
    if form == "json":
        print_json([asdict(each) for each in found])
        return
    if not found:
        click.echo("nothing is held")
        return
    for each in found:
        _print(each)
    if len(found) < count:
        click.echo(f"\n{len(found)} of {count} held instances; the next: --after {found[-1].instance_id}")


@held.command("show")
@click.argument("what")
@GATEWAY
@FORMAT
def show(what: str, gateway: Path, form: str) -> None:
    """The whole story of what is held: arrival, decision, why."""
    with reading(settings_of(gateway).state) as reader:
        stories = [reader.story(each.instance_id) for each in _held(reader, what)]
    if form == "json":
        print_json([asdict(story) for story in stories])
        return
    for number, story in enumerate(stories):
        click.echo("\n".join([""] * bool(number) + list(story_lines(story, width()))))


@held.command("release")
@click.argument("what", nargs=-1, required=True)
@click.option("--as-received", is_flag=True, help="Send the bytes unedited, to the destinations named with --to.")
@click.option("--to", multiple=True, metavar="NAME", help="A destination, with --as-received.")
@REASON
@GATEWAY
@WAIT
@FORMAT
def release(what: tuple[str, ...], as_received: bool, to: tuple[str, ...], **given: Any) -> None:
    """Decide again by today's rules, and send. What the rules keep once more stays held, and you are told why.

    --as-received passes over the rules: no element is changed, no route is read. It needs --to and a --reason.
    """
    if as_received != bool(to):
        fail(USAGE, "--as-received and --to go together", "held release WHAT --as-received --to NAME --reason WHY")
    if as_received and not given["reason"].strip():
        fail(USAGE, "what leaves without the rules needs a reason", "--reason WHY, which `trace` will show")
    kind = Ask.AS_RECEIVED if as_received else Ask.RELEASE
    settings = settings_of(given["gateway"])
    _must_be_destinations(settings, to)
    for each in settings.destinations:
        if each.name in to and each.only_through:
            words = f"{each.name} {takes_only(each.only_through)}: nothing leaves for it as received"
            fail(USAGE, words, "held release WHAT, which decides it again by today's rules")
    with reading(settings.state) as reader:
        found = [each for one in what for each in _held(reader, one)]
    _ask(settings, found, Wish(kind, who(), given["reason"], None, ",".join(to)), given)


@held.command("discard")
@click.argument("what", nargs=-1, required=True)
@_DESTINATION
@MUST_HAVE_REASON
@GATEWAY
@WAIT
@FORMAT
def discard(what: tuple[str, ...], destinations: tuple[str, ...], **given: Any) -> None:
    """Give up what is held, or what has failed or waits. The bytes are kept as long as those of what is delivered.

    Until they are removed, `resend UID --reroute` brings it back, with its own SOP Instance UID.
    """
    settings = settings_of(given["gateway"])
    with reading(settings.state) as reader:
        found = [each for one in what for each in _numbered(reader, one)]
    _ask(settings, found, Wish(Ask.DISCARD, who(), given["reason"], None, ",".join(destinations)), given)


@click.command()
@click.argument("what", nargs=-1, required=True)
@_DESTINATION
@click.option("--reroute", is_flag=True, help="Decide anew by today's rules, and send it accordingly.")
@REASON
@GATEWAY
@WAIT
@FORMAT
def resend(what: tuple[str, ...], destinations: tuple[str, ...], reroute: bool, **given: Any) -> None:
    """Send once more what is delivered or has failed, in the same form; as long as its bytes are kept.

    WHAT is a SOP Instance UID, a Study Instance UID, an accession number, or a number of the ledger as number:20.
    """
    settings = settings_of(given["gateway"])
    _must_be_destinations(settings, destinations)
    with reading(settings.state) as reader:
        named = {one: _find(reader, one) for one in what}
    found = [each for those in named.values() for each in those]
    alone = {those[0].instance_id for one, those in named.items() if _is_alone(one, those)}
    kind = Ask.REROUTE if reroute else Ask.RESEND
    _ask(settings, found, Wish(kind, who(), given["reason"], None, ",".join(destinations)), given, alone)


def _is_alone(what: str, found: Sequence[Found]) -> bool:
    """Whether a name is that of one instance: not of its study, and not a UID that another one has too."""
    return len(found) == 1 and (what == found[0].key.sop_instance or what == f"{_NUMBER}{found[0].instance_id}")


def _ask(
    settings: Settings, found: Sequence[Found], like: Wish, given: dict[str, Any], alone: Container[int] = ()
) -> None:
    """The same wish for each instance, once. `alone`: those that are named by themselves."""
    once = {each.instance_id: each for each in found}
    by_itself = {Ask.RESEND: Ask.RESEND_ALONE, Ask.REROUTE: Ask.REROUTE_ALONE}.get(like.kind, like.kind)
    wishes = [
        (
            each.key.sop_instance,
            replace(like, kind=by_itself if each.instance_id in alone else like.kind, instance_id=each.instance_id),
        )
        for each in once.values()
    ]
    ask(settings.state, wishes, given["wait"], given["form"])


def _find(reader: Reader, what: str) -> list[Found]:
    """The instances of a name, or the one of `number:20`; none end the command."""
    number = _number(what.removeprefix(_NUMBER)) if what.startswith(_NUMBER) else None
    found = reader.find(what, _MOST) if number is None else reader.by_number(number)
    if not found:
        fail(
            FINDINGS,
            f"the ledger knows nothing under {what}",
            "it knows instances and studies by UID, and accession numbers",
        )
    return found


def _numbered(reader: Reader, what: str) -> list[Found]:
    """The same, or the held instance that `held list` shows under this number.

    Accession numbers are often plain numbers too. What may mean two things ends the command: a guess would be about
    somebody else's images.
    """
    number = _number(what)
    shown = [] if number is None else reader.by_number(number)
    shown = [each for each in shown if each.state is InstanceState.HELD]
    if not shown:
        return _find(reader, what)
    if any(each.instance_id != shown[0].instance_id for each in reader.find(what, _MOST)):
        uid = shown[0].key.sop_instance
        words = f"{what} is the number of the held instance {uid}, and an accession number too"
        fail(USAGE, words, f"{_NUMBER}{number} is that instance alone; for the others, say a UID")
    return shown


def _number(text: str) -> int | None:
    """The number of a row, if a text can be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def _held(reader: Reader, what: str) -> list[Found]:
    """Those of them that are held."""
    found = _numbered(reader, what)
    kept = [each for each in found if each.state is InstanceState.HELD]
    if not kept:
        fail(FINDINGS, f"nothing of {what} is held", "`dicomrules trace` shows what became of it")
    return kept


def _must_be_destinations(settings: Settings, names: Sequence[str]) -> None:
    known = [each.name for each in settings.destinations]
    for name in names:
        if name not in known:
            fail(USAGE, f"there is no destination {name}", f"there are: {', '.join(known)}")


def _print(each: HeldInstance) -> None:
    came = f"{each.received_at.astimezone():%Y-%m-%d %H:%M:%S} by {each.peer.receiver}"
    sender = f" from {each.peer.calling_aet}" if each.peer.calling_aet else ""
    click.echo(click.style(f"{each.instance_id:>6}  {each.key.sop_instance}", bold=True))
    click.echo(f"        study {each.key.study or '(no Study Instance UID)'}")
    click.echo(f"        came {came}{sender}")
    for line in folded(each.reason or each.verdict, width(), " " * 8):
        click.echo(click.style(line, fg="red"))
