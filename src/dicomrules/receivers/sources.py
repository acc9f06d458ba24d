"""The three kinds of source that a watched folder has: a file of one object, an archive, a medium."""

import asyncio
import os
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND
from dicomrules.receivers.filed import StillFile
from dicomrules.receivers.many import Faulty, Many
from dicomrules.receivers.medium import FileId, Medium
from dicomrules.receivers.settling import Look
from dicomrules.receivers.taking import Taker, is_success
from dicomrules.receivers.watched import WatchedFolder, matches, shown_name
from dicomrules.receivers.zipped import Zipped

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
        """A ZIP archive: every member that is an object."""
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

        async def take(member: zipfile.ZipInfo) -> Receipt | None:
            base = member.filename.replace("\\", "/").rpartition("/")[2]
            if base.lower().endswith(_NESTED) or matches(base, taker.receiver.zip):
                raise Faulty("an archive in the archive, which is not opened")
            meant = matches(base, taker.receiver.pattern) or "." not in base
            return await taker.take(
                lambda: zipped.opened(member, taker.spool, meant=meant), f"{name}/{printable(member.filename)}"
            )

        tally = await Many(zipped.members(), lambda member: member.filename, take, self._why_not).run()
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


def _refused(fault: Faulty) -> Answer:
    return Answer(Receipt(Verdict.REJECT, CANNOT_UNDERSTAND, str(fault)))


def printable(name: str) -> str:
    """A file name of any bytes as text that can be kept and shown: what is no UTF-8 becomes `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
