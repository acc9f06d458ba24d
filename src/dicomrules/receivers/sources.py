"""The three kinds of source that a watched folder has: a file of one object, an archive, a medium."""

import asyncio
import os
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND
from dicomrules.receivers.filed import StillFile
from dicomrules.receivers.many import Faulty, Many
from dicomrules.receivers.medium import FileId, Medium, named_in
from dicomrules.receivers.settling import Look
from dicomrules.receivers.taking import Taker, is_success
from dicomrules.receivers.watched import WatchedFolder, matches, shown_name
from dicomrules.receivers.zipped import Zipped, path_of

_NESTED = ".zip"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a source; no receipt: it is still being written. `details` are for the note beside a failed one.

    `looks` are the files of a medium that were taken.
    """

    receipt: Receipt | None
    details: str = ""
    looks: dict[FileId, Look] = field(default_factory=dict)


class Sources:
    """Takes sources of one receiver; `why_not` says why nothing more is to be taken, or nothing."""

    def __init__(self, taker: Taker, why_not: Callable[[], str]) -> None:
        self._taker = taker
        self._why_not = why_not

    async def file(self, folder: WatchedFolder, name: str, look: Look) -> Answer:
        """A file of one object."""
        return Answer(await self._taker.take(lambda: StillFile(folder.open(name), look), printable(shown_name(name))))

    async def archive(self, folder: WatchedFolder, name: str, look: Look) -> Answer:
        """A ZIP archive: every member that is an object, and every file that a DICOMDIR in it names."""
        with StillFile(await asyncio.to_thread(folder.open, name), look) as file:
            if not file.is_still:
                return Answer(None)
            try:
                zipped = await asyncio.to_thread(Zipped, file, self._taker.receiver.limits)
            except Faulty as fault:
                return _refused(fault)
            with closing(zipped):
                return await self._members(zipped, printable(shown_name(name)))

    async def _members(self, zipped: Zipped, name: str) -> Answer:
        taker = self._taker
        listed = await asyncio.to_thread(_listed, zipped, taker)

        async def take(member: zipfile.ZipInfo) -> Receipt | None:
            base = path_of(member)[-1]
            if base.lower().endswith(_NESTED) or matches(base, taker.receiver.zip):
                raise Faulty("an archive in the archive, which is not opened")
            meant = matches(base, taker.receiver.pattern) or "." not in base or _key(path_of(member)) in listed.names
            return await taker.take(
                lambda: zipped.opened(member, taker.spool, meant=meant), f"{name}/{printable(member.filename)}"
            )

        tally = await Many(zipped.members(), lambda member: member.filename, take, self._why_not).run()
        for path, why in listed.faults:
            tally.fault(path, why)
        return Answer(tally.receipt, tally.details)

    async def medium(self, folder: WatchedFolder, name: str) -> Answer:
        """A folder with a DICOMDIR: every file that it names."""
        with closing(await asyncio.to_thread(Medium, name, folder.fd)) as medium:
            try:
                ids = await asyncio.to_thread(medium.file_ids, self._taker.receiver.limits)
            except Faulty as fault:
                return _refused(fault)
            return await self._referenced(medium, ids, printable(name))

    async def _referenced(self, medium: Medium, ids: list[FileId], name: str) -> Answer:
        looks: dict[FileId, Look] = {}

        async def take(file_id: FileId) -> Receipt | None:
            seen: list[Look] = []

            def opened() -> StillFile:
                file = medium.opened(file_id)
                seen.append(file.look)
                return file

            receipt = await self._taker.take(opened, f"{name}/{printable('/'.join(file_id))}")
            if receipt is not None and is_success(receipt.status):
                looks[file_id] = seen[0]
            return receipt

        tally = await Many(iter(ids), "/".join, take, self._why_not).run()
        return Answer(tally.receipt, tally.details, looks)


@dataclass(slots=True)
class _Listed:
    """What the DICOMDIRs of an archive name, and what is wrong with that: path and reason."""

    names: set[str] = field(default_factory=set)
    faults: list[tuple[str, str]] = field(default_factory=list)


def _listed(zipped: Zipped, taker: Taker) -> _Listed:
    found = _Listed()
    there = {_key(path_of(member)) for member in zipped.members()}
    for directory in zipped.directories():
        try:
            with zipped.opened(directory, taker.spool, meant=True) as file:
                ids = named_in(file, taker.receiver.limits)
        except Faulty as fault:
            found.faults.append((directory.filename, str(fault)))
            continue
        paths = [(*path_of(directory)[:-1], *file_id) for file_id in ids]
        found.names.update(map(_key, paths))
        missing = ("/".join(path) for path in paths if _key(path) not in there)
        found.faults += [(path, "the DICOMDIR names this file, and it is not in the archive") for path in missing]
    return found


def _key(path: Iterable[str]) -> str:
    """File IDs are in capitals (PS3.10 8.5), and archives of them often in small letters."""
    return "/".join(path).lower()


def _refused(fault: Faulty) -> Answer:
    return Answer(Receipt(Verdict.REJECT, CANNOT_UNDERSTAND, str(fault)))


def printable(name: str) -> str:
    """A file name of any bytes as text that can be kept and shown: what is no UTF-8 becomes `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
