"""A copy of a live gateway's state folder from which a gateway can be started.

The ledger comes first, then the files of the spool. Files never change, they only move and are removed, so whatever the
copied ledger knows is copied after it; what came in meanwhile has a file and no row, and gets one at the start from the
copy. The other way round a row could name a file that was not there yet.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dicomrules.queue import backup as ledger
from dicomrules.queue.entry import InstanceState
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Folder, Spool

_FOLDERS = (Folder.WAITING, Folder.HELD, Folder.DONE)


@dataclass(slots=True)
class Copied:
    """What a copy holds. `missing` are instances to be sent or held whose file is in neither place."""

    files: int = 0
    instances: int = 0
    expired: int = 0
    missing: int = 0


def copy(state: Path, target: Path, progress: Callable[[int], None]) -> Copied:
    """Copy `state` to `target`, an empty folder, and look whether the copy is whole.

    Files are linked where both lie on one file system, else copied. Raises LedgerError, SpoolError, OSError.
    """
    target.chmod(0o700)
    ledger.copy(state, target)
    source, made = Spool(state / "spool", sync_threads=1), Spool(target / "spool", sync_threads=1)
    found = Copied()
    for folder in _FOLDERS:
        for ref in source.stored(folder):
            try:
                source.copy_to(ref, made)
            except SpoolError as error:
                if error.errno:
                    raise
                continue  # removed since it was listed: delivered, and its retention is over
            found.files += 1
            progress(found.files)
    if (state / "rules").is_dir():
        shutil.copytree(state / "rules", target / "rules")
    _verify(target, made, found)
    return found


def _verify(target: Path, made: Spool, found: Copied) -> None:
    """Every instance has its files, each whole by its own record."""
    for state, *refs in ledger.files(target):
        found.instances += 1
        try:
            for ref in filter(None, refs):
                with made.open(ref) as file:
                    record = file.record()
                    if record is not None and record.length != file.length:
                        raise SpoolError("a spool file is shorter than it was when written")
        except SpoolError:
            over = state in (InstanceState.DONE, InstanceState.DELIVERED)
            found.expired += over
            found.missing += not over
