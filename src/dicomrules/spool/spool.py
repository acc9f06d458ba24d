"""The spool: folders of Part 10 files whose bytes are safe once `commit` has returned.

    incoming/      NAME.part while it arrives, NAME.deciding while it is decided and sealed
    waiting/DAY/   decided, to be delivered
    held/          kept for a person or for a later decision
    done/DAY/      delivered, kept until retention has passed
    blobs/NAME/    new pixels of the instance NAME

A file reaches `waiting` or `held` by these steps and in this order: all bytes and the record written, synced,
renamed, the folder synced (and before it the folder's parent, when the day is new). So a file under a final name is
whole, whenever the power is cut, and a file that was committed is there. Names are ours; nothing received is part of
a path.
"""

import errno
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from dicomrules.dicom import part10
from dicomrules.spool import record
from dicomrules.spool.blobs import Blobs
from dicomrules.spool.calls import SYSTEM, Calls
from dicomrules.spool.errors import SpoolError, from_os
from dicomrules.spool.file import OpenFile
from dicomrules.spool.folders import Folders
from dicomrules.spool.incoming import Incoming, Start
from dicomrules.spool.stored import StoredInstance


class Folder(StrEnum):
    """The folders of the spool."""

    INCOMING = "incoming"
    WAITING = "waiting"
    HELD = "held"
    DONE = "done"


class Room(NamedTuple):
    """What is left on the spool's file system, for a user without privileges."""

    bytes: int
    inodes: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file in `incoming` that the last run left behind; never acknowledged.

    `deciding` is true when it was complete and not yet decided: if the process died of an object, then of one of these.
    `length` is that of the data set in bytes; UIDs are those of the file meta, empty where even that is not whole.
    """

    name: str
    deciding: bool
    length: int
    sop_class: str = ""
    sop_instance: str = ""


_PIECE = 1024 * 1024
_REF = re.compile(r"(?:held|(?P<folder>waiting|done)/(?P<day>\d{4}-\d\d-\d\d))/(?P<name>[0-9a-f]{32})\.dcm")


class Spool:
    """All spool files under one root. Every method may be called from any thread, for different files."""

    def __init__(self, root: Path, calls: Calls = SYSTEM, sync_threads: int = 4) -> None:
        """Make the folders where they are missing. SpoolError when others than the owner may enter them."""
        self._root = str(root)
        self._calls = calls
        self._incoming: dict[str, Incoming] = {}
        self._folders = Folders(self._root, calls)
        self.blobs = Blobs(self._root, calls)
        self._threads = ThreadPoolExecutor(sync_threads, "spool-sync") if sync_threads > 1 else None
        self._folders.make("")
        for folder in Folder:
            self._folders.make(folder)

    # Arriving

    def receive(
        self,
        sop_class: str,
        sop_instance: str,
        transfer_syntax: str,
        source_aet: str = "",
        came_with: bytes | None = None,
    ) -> Incoming:
        """Begin a file for one data set; the UIDs are those of its file meta (PS3.10 7.1).

        `came_with`: preamble and file meta that it came with, at most `part10.LONGEST_META` bytes; None: it came
        without a file. They are kept in the file's own head, and so share all that becomes of the file.

        Close it by `commit` or `discard`.
        """
        self._folders.check()
        head = part10.head(sop_class, sop_instance, transfer_syntax, source_aet, came_with)
        name = f"{time.time_ns():016x}{secrets.token_hex(8)}"
        start = Start(head.data, head.record_offset, gone=lambda name: self._incoming.pop(name, None))
        incoming = Incoming(self._calls, self._folders.path(Folder.INCOMING), name, start)
        self._incoming[name] = incoming
        return incoming

    def scratch(self) -> int:
        """A descriptor of a file of no name, for bytes that must be read by position before they can arrive.

        It is gone when it is closed. SpoolError when the file system does not know of such files, or is full.
        """
        self._folders.check()
        try:
            return self._calls.nameless(self._folders.path(Folder.INCOMING))
        except OSError as error:
            raise from_os("making a file of no name", error) from error

    def seal(self, name: str, sealed: record.Record) -> None:
        """Write the record of a finished file into it. Before `commit`; a file without a record is not an instance."""
        self._arriving(name).seal(sealed)

    def commit(self, names: Sequence[str], held: Sequence[bool], day: date) -> list[str]:
        """Make files durable under their final names, all or none; returns their refs, in order.

        A file goes to `held` where `held` says so, else to `waiting` of that day. On SpoolError all of them are
        withdrawn and none may be acknowledged.
        """
        group = [self._arriving(name) for name in names]
        folders = [Folder.HELD if is_held else f"{Folder.WAITING}/{day.isoformat()}" for is_held in held]
        refs = [f"{folder}/{name}.dcm" for folder, name in zip(folders, names, strict=True)]
        try:
            self._folders.check()
            self._sync(group)
            for folder in dict.fromkeys(folders):
                self._folders.make(folder)
            for incoming, ref in zip(group, refs, strict=True):
                incoming.place(self._folders.path(ref))
            for folder in dict.fromkeys(folders):
                self._folders.sync(folder)
        except SpoolError:
            for name in names:
                self.discard(name)
            raise
        for incoming in group:
            incoming.keep()
        return refs

    def discard(self, name: str) -> None:
        """Remove a file that was not committed: one of this run, or a leftover. It need not be there."""
        incoming = self._incoming.get(name)
        if incoming is not None:
            incoming.abort()
            return
        incoming_file = f"{Folder.INCOMING}/{_own_name(name)}"
        self._folders.unlink([f"{incoming_file}.part", f"{incoming_file}.deciding"])

    def leftovers(self) -> list[Leftover]:
        """What the last run left in `incoming`.

        Called at start, before anything is received; `discard` each of them.
        """
        found = []
        for file_name in self._folders.names(Folder.INCOMING):
            name, _, suffix = file_name.partition(".")
            if suffix in ("part", "deciding") and name not in self._incoming:
                found.append(self._leftover(name, suffix))
        return found

    # Staying

    def open(self, ref: str) -> StoredInstance:
        """Open a stored file. SpoolError when it is not there or cannot be read."""
        return self._opened(_places(ref))

    def move(self, ref: str, to: Folder, day: date | None = None) -> str:
        """Move a stored file to another folder; returns its new ref.

        `day` is needed only for a file that comes out of `held`. From `waiting` to `done` of the same day nothing is
        synced: the folder is only a hint, and `open` finds the file in either. A move into or out of `held` is
        durable when it returns.
        """
        matched = _parse(ref)
        day_name = day.isoformat() if day else matched["day"]
        if to not in (Folder.WAITING, Folder.DONE, Folder.HELD) or (to is not Folder.HELD and not day_name):
            raise ValueError(f"{ref} cannot move to {to} without a day")
        folder = to if to is Folder.HELD else f"{to}/{day_name}"
        new = f"{folder}/{matched['name']}.dcm"
        self._folders.make(folder)
        self._folders.rename(_places(ref), new)
        hint_only = to is not Folder.HELD and matched["day"] == day_name
        if not hint_only:
            self._folders.sync(folder)
        return new

    def copy_to(self, ref: str, other: "Spool") -> None:
        """Put a stored file into another spool, in the same place: as a second name of it, or byte by byte.

        SpoolError without an errno: it is not there any more.
        """
        to = other._folders.path(ref)
        other._folders.make(ref.rpartition("/")[0])
        for place in _places(ref):
            try:
                self._calls.link(self._folders.path(place), to)
            except FileNotFoundError:
                continue
            except FileExistsError:
                pass  # it has moved while we were about it, and was copied before
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                    raise from_os(f"linking {place}", error) from error
                self._copy_bytes(place, to)
            return
        raise SpoolError(f"{ref} is not in the spool")

    def remove(self, ref: str) -> None:
        """Delete a stored file for good, with its blobs. It need not be there. Needs no free space."""
        self.blobs.remove(ref)
        self._folders.unlink(_places(ref))

    def stored(self, folder: Folder) -> Iterator[str]:
        """The refs of all files in a folder, in no order: for comparing files with rows, and for rebuilding."""
        folders = [str(folder)] if folder is Folder.HELD else [f"{folder}/{day}" for day in self._folders.names(folder)]
        for place in folders:
            for file_name in self._folders.names(place):
                if _REF.fullmatch(f"{place}/{file_name}"):
                    yield f"{place}/{file_name}"

    @property
    def failure(self) -> str:
        """Why it takes nothing more until the process is started anew; empty as long as it does."""
        return self._folders.failure

    def room(self) -> Room:
        """What is left on the file system. One that does not count inodes has as many as one could want."""
        try:
            state = self._calls.statvfs(self._root)
        except OSError as error:
            raise from_os("asking for free space", error) from error
        return Room(state.f_bavail * state.f_frsize, state.f_favail if state.f_files else sys.maxsize)

    # Within

    def _copy_bytes(self, place: str, to: str) -> None:
        source = OpenFile(self._calls, self._folders.open([place]))
        try:
            made = OpenFile(self._calls, self._calls.create(to))
        except FileExistsError:
            source.close()
            return
        except OSError as error:
            source.close()
            raise from_os(f"copying {place}", error) from error
        try:
            length = source.size()
            for start in range(0, length, _PIECE):
                made.write(source.read(min(_PIECE, length - start), start), start)
            made.sync()
        finally:
            source.close()
            made.close()

    def _arriving(self, name: str) -> Incoming:
        try:
            return self._incoming[name]
        except KeyError:
            raise SpoolError("this spool file was given up before") from None

    def _sync(self, group: Sequence[Incoming]) -> None:
        """Sync each once, several at a time; raises the first failure when all have answered."""
        if self._threads is None or len(group) == 1:
            for incoming in group:
                incoming.sync()
            return
        answers = [self._threads.submit(incoming.sync) for incoming in group]
        failures = [failure for answer in answers if (failure := answer.exception()) is not None]
        if failures:
            raise failures[0]

    def _opened(self, places: Sequence[str]) -> StoredInstance:
        file = OpenFile(self._calls, self._folders.open(places))
        try:
            return StoredInstance(file, self.blobs)
        except SpoolError:
            file.close()
            raise

    def _leftover(self, name: str, suffix: str) -> Leftover:
        try:
            with self._opened([f"{Folder.INCOMING}/{name}.{suffix}"]) as file:
                meta = file.meta()
                return Leftover(
                    name=name,
                    deciding=suffix == "deciding" and file.record() is None,
                    length=file.length,
                    sop_class=meta.get("MediaStorageSOPClassUID", ""),
                    sop_instance=meta.get("MediaStorageSOPInstanceUID", ""),
                )
        except SpoolError:
            return Leftover(name, deciding=False, length=0)  # not even its file meta is whole: it never arrived


def _parse(ref: str) -> re.Match[str]:
    matched = _REF.fullmatch(ref)
    if matched is None:
        raise SpoolError("this is not the ref of a spool file")
    return matched


def _own_name(name: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        raise SpoolError("this is not the name of a spool file")
    return name


def _places(ref: str) -> tuple[str, ...]:
    """Where a file may lie: moves between `waiting` and `done` are not synced, so a power cut may have undone one."""
    matched = _parse(ref)
    if matched["folder"] is None:
        return (ref,)
    other = Folder.DONE if matched["folder"] == Folder.WAITING else Folder.WAITING
    return ref, f"{other}/{matched['day']}/{matched['name']}.dcm"
