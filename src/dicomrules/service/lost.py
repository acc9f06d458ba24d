"""A ledger that is damaged or gone: found at the start, kept aside, and made anew while the gateway already works."""

import os
from datetime import UTC, datetime
from pathlib import Path

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.pipeline.rebuild import is_anything_stored
from dicomrules.queue.connection import FILE
from dicomrules.queue.errors import LedgerDamaged, LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

DAMAGED = "ledger.damaged"  # somebody has found damage: the ledger is not used again
REBUILD = "ledger.rebuild"  # the ledger is a new one, and files of the spool still lack their rows
ASIDE = "damaged"


def mend(state: Path, emit: Emit) -> None:
    """Before anything works on it: put a damaged ledger aside, and see whether the spool knows more than a new one.

    Raises OSError. What else is wrong with spool or ledger is told by whoever opens them next.
    """
    fresh = not (state / FILE).exists()
    if not fresh and ((state / DAMAGED).exists() or _is_damaged(state)):
        kept = _put_aside(state)
        text = "the ledger is damaged: it is kept aside, and made anew from the spool"
        emit(Event("ledger.damaged", Level.ERROR, text, {"kept": str(kept)}))
        fresh = True
    elif fresh and _has_files(state):
        emit(Event("ledger.lost", Level.ERROR, "the ledger is gone: it is made anew from the spool", {}))
    if fresh and _has_files(state):
        (state / REBUILD).touch(mode=0o600)
    (state / DAMAGED).unlink(missing_ok=True)


def is_being_made_anew(state: Path) -> bool:
    """Whether rows are still missing of a ledger that was lost."""
    return (state / REBUILD).exists()


def is_made_anew(state: Path) -> None:
    """All rows are there."""
    (state / REBUILD).unlink(missing_ok=True)


def mark_damaged(state: Path) -> None:
    """The ledger is not to be used again."""
    (state / DAMAGED).touch(mode=0o600)


def _is_damaged(state: Path) -> bool:
    try:
        Ledger.open(state).close()
    except LedgerDamaged:
        return True
    except LedgerError:
        return False  # refused, or the disk: not for us to mend
    return False


def _put_aside(state: Path) -> Path:
    folder = state / ASIDE / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}"
    folder.mkdir(mode=0o700, parents=True)
    for file in sorted(state.glob(f"{FILE}*")):
        os.rename(file, folder / file.name)
    return folder


def _has_files(state: Path) -> bool:
    if not (state / "spool").is_dir():
        return False
    try:
        return is_anything_stored(Spool(state / "spool", sync_threads=1))
    except SpoolError:
        return False
