"""Every durable call that a process makes, of the spool and of SQLite, is counted; at one of them its doom comes.

A *site* is a call, of which kind of file, and who made it: `fdatasync by Incoming.sync`, `xWrite ledger.db-wal by
Ledger.record`. Installed before anything is opened, so that the calls by which a start recovers are among them.
"""

import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from dicomrules.spool import calls

_SPOOL = ("create", "pwrite", "fdatasync", "sync_folder", "rename", "link", "unlink", "mkdir")


@dataclass(frozen=True)
class Doom:
    """When the end comes: at the `number`th call of `site`, of any when that is empty; `seconds` after the start at
    the latest. `before`: the call is not made any more.
    """

    site: str = ""
    number: int = 0
    seconds: float = 1.0
    before: bool = False


class Sites:
    """Counts, and lets the doom come."""

    def __init__(self, doom: Doom, end: Callable[[str], None]) -> None:
        self.seen: Counter[str] = Counter()
        self._doom = doom
        self._end = end
        self._lock = threading.Lock()
        self._all = 0
        self.ending = False
        self.dead = False  # nothing reaches the disk any more
        self._skipped = ""

    def end_begins(self) -> bool:
        """False when it has begun before."""
        with self._lock:
            began, self.ending = self.ending, True
        return not began

    def around(self, call: str, act: Callable[[], Any]) -> Any:
        """Make a call that leaves something on the disk."""
        site = f"{call} by {_who()}"
        doomed = self._is_doomed(site)
        if doomed and self._doom.before:
            self._end(site)
        result = None if call.split()[0] == self._skipped else act()
        if doomed and not self._doom.before:
            self._end(site)
        return result

    def _is_doomed(self, site: str) -> bool:
        with self._lock:
            self.seen[site] += 1
            self._all += 1
            if not self._doom.number:
                return False
            if self._doom.site:
                return site == self._doom.site and self.seen[site] == self._doom.number
            return self._all == self._doom.number

    def install(self, skipped: str) -> None:
        """From now on, in this process. `skipped`: a call that is left out, to see whether anybody notices."""
        self._skipped = skipped
        for name in _SPOOL:
            setattr(calls.Calls, name, _counted(self, name, getattr(calls.Calls, name)))
        self._vfs = _Vfs(self)


def _counted(sites: Sites, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(self: calls.Calls, *arguments: Any) -> Any:
        return sites.around(name, lambda: call(self, *arguments))

    return counted


class _Vfs(apsw.VFS):
    """SQLite's own, with each file watched."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        super().__init__("watched", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "_File":
        return _File(self._sites, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self._sites.around(f"xDelete {_kind(name)}", lambda: super(_Vfs, self).xDelete(name, sync))


class _File(apsw.VFSFile):
    def __init__(self, sites: Sites, name: Any, flags: list[int]) -> None:
        self._sites = sites
        self._kind = _kind(name.filename() if isinstance(name, apsw.URIFilename) else name)
        super().__init__("unix", name, flags)

    def xWrite(self, chunk: bytes, offset: int) -> None:
        self._sites.around(f"xWrite {self._kind}", lambda: super(_File, self).xWrite(chunk, offset))

    def xSync(self, flags: int) -> None:
        self._sites.around(f"xSync {self._kind}", lambda: super(_File, self).xSync(flags))

    def xTruncate(self, size: int) -> None:
        self._sites.around(f"xTruncate {self._kind}", lambda: super(_File, self).xTruncate(size))


def _kind(name: str | None) -> str:
    return Path(name).name if name else "temporary"


def _who() -> str:
    """The method of the gateway that asked for it: of the ledger its public one, of the spool the nearest."""
    frame = sys._getframe(2)
    nearest = ""
    while frame is not None:
        code = frame.f_code
        if f"{os.sep}dicomrules{os.sep}" in code.co_filename and f"{os.sep}tests{os.sep}" not in code.co_filename:
            name = code.co_qualname
            if name.startswith(("Ledger.", "Requests.")):
                return name
            if not name.startswith(("Session.", "Transaction.", "OpenFile.", "Calls.", "Folders.")) and not nearest:
                nearest = name
        frame = frame.f_back
    return nearest or "nobody"


def somewhere(chance: random.Random, known: Counter[str], met: Counter[str], seconds: float) -> Doom:
    """A doom for the next life: half of them at the site that was met least, the others anywhere at any moment."""
    before = chance.random() < 0.3
    if known and chance.random() < 0.5:
        rarest = min(sorted(known), key=lambda site: (met[site], chance.random()))
        return Doom(rarest, chance.choice([1, 1, 1, 2, 3]), seconds, before)
    if chance.random() < 0.6:
        return Doom("", chance.randint(1, 600), seconds, before)
    return Doom(seconds=chance.uniform(0.0, seconds))
