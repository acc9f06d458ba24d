"""How a command asks the running gateway for something, and what it says about what came of it."""

import getpass
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from dicomrules.cli.output import DONE, FINDINGS, IO_ERROR, TRY_LATER, USAGE, fail, folded, print_json, width
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.reader import Reader
from dicomrules.queue.request import Progress, Request, Wish
from dicomrules.queue.requests import asking
from dicomrules.queue.wakeup import Knocker

_WHY = "Why; kept in the history that `trace` shows."
REASON = click.option("--reason", default="", help=_WHY)
WAIT = click.option(
    "--wait", type=click.FloatRange(0), default=30.0, show_default=True, help="Seconds to wait for the gateway."
)


def _said(_: click.Context, __: click.Parameter, why: str) -> str:
    if not why.strip():
        fail(USAGE, "what is given up needs a reason", "--reason WHY, which `trace` will show")
    return why


# What cannot be taken back by itself says why: to discard.
MUST_HAVE_REASON = click.option("--reason", required=True, callback=_said, help=_WHY)
_AS_ITS_USER = "give the command as the user that the gateway runs as: sudo -u USER dicomrules …"
_LOOK_EVERY = 0.05
_QUIET = 2.0  # seconds without a word about progress
_SHOWN = 20  # of many answers, so many lines


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish with a name for what it is about, and its request as it stands."""

    about: str
    request: Request


def who() -> str:
    """The user of the operating system; behind sudo, the one who called it too."""
    name, behind = getpass.getuser(), os.environ.get("SUDO_USER", "")
    return f"{behind} (as {name})" if behind and behind != name else name


@contextmanager
def reading(state: Path) -> Iterator[Reader]:
    """The ledger, or the command ends with why it cannot be read."""
    try:
        reader = Reader.open(state)
    except LedgerError as error:
        fail(IO_ERROR, str(error), _way_in(state))
    try:
        yield reader
    except LedgerError as error:
        fail(IO_ERROR, str(error))
    finally:
        reader.close()


def _way_in(state: Path) -> str:
    """What helps where the ledger cannot be opened. The state folder is for the gateway's user alone."""
    try:
        state.stat()
    except FileNotFoundError:
        return "`dicomrules serve` makes one"
    except OSError:
        return _AS_ITS_USER
    return "" if os.access(state, os.R_OK | os.X_OK) else _AS_ITS_USER


def ask(state: Path, wishes: Sequence[tuple[str, Wish]], wait: float, form: str) -> None:
    """Write the requests, wait until the gateway has acted on them, say what came of it, and end the command.

    Exit code 0: all done; 1: something was refused; 75: not done yet, it will be.
    """
    knocker = Knocker(state)
    try:
        with asking(state) as requests:
            ids = requests.ask([wish for _, wish in wishes], datetime.now(UTC))
            running = knocker.notify()
            rows = _wait(requests.get, ids, wait if running else 0.0)
    except LedgerError as error:
        fail(IO_ERROR, str(error))
    finally:
        knocker.close()
    asked = [Asked(about, row) for (about, _), row in zip(wishes, rows, strict=True) if row is not None]
    if form == "json":
        print_json([{"about": each.about, **asdict(each.request)} for each in asked])
    else:
        _tell(asked, running)
    raise SystemExit(_code(asked))


def _wait(get: Callable[[int], Request | None], ids: Sequence[int], seconds: float) -> list[Request | None]:
    """The requests once all of them have ended, or the time is over."""
    begun = time.monotonic()
    rows: dict[int, Request | None] = {identity: get(identity) for identity in ids}
    while open_ := [identity for identity, row in rows.items() if row is not None and row.ended_at is None]:
        waited = time.monotonic() - begun
        if waited >= seconds:
            break
        if waited > _QUIET and sys.stderr.isatty():
            click.echo(f"\r{len(ids) - len(open_)} of {len(ids)} done …", err=True, nl=False)
        time.sleep(_LOOK_EVERY)
        for identity in open_:
            rows[identity] = get(identity)
            if (row := rows[identity]) is not None and row.ended_at is None:
                break  # they are acted on in turn
    if sys.stderr.isatty() and time.monotonic() - begun > _QUIET:
        click.echo(f"\r{'':40}\r", err=True, nl=False)
    return [rows[identity] for identity in ids]


def _tell(asked: Sequence[Asked], running: bool) -> None:
    ended = [each for each in asked if each.request.ended_at is not None]
    for each in ended[:_SHOWN]:
        colour = "green" if each.request.progress is Progress.DONE else "yellow"
        first, *others = folded(f"{each.about}: {each.request.answer}", width(), hang="  ")
        click.echo(first.replace(each.about, click.style(each.about, fg=colour), 1))
        click.echo("".join(f"{line}\n" for line in others), nl=False)
    if len(ended) > _SHOWN:
        counts = Counter(each.request.progress for each in ended)
        told = ", ".join(f"{count} {progress.value}" for progress, count in sorted(counts.items()))
        click.echo(f"… and {len(ended) - _SHOWN} more; in all {told}")
    waiting = len(asked) - len(ended)
    if waiting and running:
        click.echo(
            f"{waiting} not done yet: the gateway goes on with it; `dicomrules trace UID` shows what comes of it"
        )
    elif waiting:
        one = "it is" if waiting == 1 else f"these {waiting} are"
        click.echo(f"the gateway is not running: {one} written down and done as soon as it starts")


def _code(asked: Sequence[Asked]) -> int:
    if any(each.request.progress is Progress.REFUSED for each in asked):
        return FINDINGS
    return DONE if all(each.request.ended_at is not None for each in asked) else TRY_LATER
