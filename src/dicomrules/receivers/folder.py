"""A watched folder: complete DICOM files in it are taken, and leave it only when they are safe.

The steps of one file, in this order: it stands still for `settle`, and nobody has it open for writing; its data set is
copied to the spool and walked to the last byte; the inbox takes it; on a success receipt the file is removed, moved or
kept. A crash between any two of them leaves the file in the folder, or in the folder and the ledger, never in neither.
What is no whole DICOM object, or is rejected, goes to `failed` with the reason beside it; what cannot be taken now
stays and has its turn again.

Archives and media are taken object by object, and leave the folder when all of them are safe. Kept files (`after:
keep`) are remembered in the ledger. Below the reserve of `limits.free_space` everything waits in the folder.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from watchfiles import awatch

from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Receipt
from dicomrules.model.ports import Emit, TakenFiles
from dicomrules.model.receiver import After
from dicomrules.receivers.medium import Medium
from dicomrules.receivers.settling import Look, Settling
from dicomrules.receivers.sources import Answer, Sources
from dicomrules.receivers.taken import Taken
from dicomrules.receivers.taking import Taker, is_for_now, is_success
from dicomrules.receivers.watched import WatchedFolder, matches, shown_name
from dicomrules.spool.errors import SpoolError

RESCAN = 5.0  # seconds between looks when nothing calls: some file systems tell of no changes, and notices get lost
_AT_LEAST = 0.2  # seconds between two looks
_PARALLEL = 4  # files taken at once, so that they are made durable together

_REASON = """\
This file was not taken by the receiver `{receiver}`, {at}.
Reason: {reason} (status 0x{status:04X}).
{details}\
Only whole DICOM objects (PS3.10) that the rules accept are taken. When the cause is removed, put the file into the
watched folder again.
"""


class FolderWatch:
    """Takes files from the folder of `receiver`, one after the other as far as anybody can see.

    `now` gives seconds of a monotonic clock.
    """

    def __init__(self, taker: Taker, taken: TakenFiles, emit: Emit, now: Callable[[], float] = time.monotonic) -> None:
        self._receiver = taker.receiver
        self._taker = taker
        self._emit = emit
        self._now = now
        self._settling = Settling(taker.receiver.settle.total_seconds())
        self._taken = Taken(taker.receiver.name, taken)
        self._sources = Sources(taker, self._why_not)
        self._patterns = tuple(filter(None, (taker.receiver.pattern, taker.receiver.zip)))
        self._media: set[str] = set()  # which of the names that were seen last are media
        # file and event: what was said already, as long as the file is there
        self._reported: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Take files until `stop`; those under way are finished first."""
        hints = asyncio.create_task(self._hints())
        try:
            while not self._stopping:
                self._wake.clear()
                await self.look()
                await self._pause()
        finally:
            hints.cancel()
            with suppress(asyncio.CancelledError):
                await hints

    def stop(self) -> None:
        """Begin no other file; `run` returns."""
        self._stopping = True
        self._wake.set()

    async def look(self) -> None:
        """Look into the folder once, and take what stands still. A folder that is not there is told of once."""
        if not self._taker.has_room:
            text = "the disk is below its reserve: what is in a watched folder waits there"
            self._report("", "folder.no_room", Level.ERROR, text)
            return
        self._reported.discard(("", "folder.no_room"))
        try:
            folder = await asyncio.to_thread(WatchedFolder, self._receiver.path)
            offers = iter(await asyncio.to_thread(self._offers, folder))
        except OSError as error:
            self._report("", "folder.missing", Level.ERROR, "a watched folder cannot be read", why=_words(error))
            return
        except Exception as error:  # noqa: BLE001 - the ledger fails: the gateway knows, and looking goes on meanwhile
            text = "a look into a watched folder failed, and is made again"
            self._report("", "folder.not_looked", Level.ERROR, text, why=type(error).__name__)
            return
        self._reported.discard(("", "folder.missing"))
        await asyncio.gather(*(self._work(folder, offers) for _ in range(_PARALLEL)))
        try:
            await asyncio.to_thread(self._taken.write)
        except Exception as error:  # noqa: BLE001 - as above; what is not remembered is a duplicate the next time
            text = "files that were taken could not be remembered, and are tried again"
            self._report("", "folder.not_remembered", Level.ERROR, text, why=type(error).__name__)
        folder.close()  # not on cancellation: a thread may still be reading through it

    async def _hints(self) -> None:
        """Wake the next look when something changes. Where the system cannot tell, looks go on by the clock."""
        while True:
            with suppress(OSError, RuntimeError):
                async for _ in awatch(self._receiver.path, watch_filter=None, recursive=False, debounce=400):
                    self._wake.set()
            await asyncio.sleep(RESCAN)

    async def _pause(self) -> None:
        """Until something changes, a file may stand still, or it is time."""
        due = self._settling.next_due(self._now())
        await asyncio.sleep(_AT_LEAST)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), min(RESCAN, RESCAN if due is None else due))

    def _offers(self, folder: WatchedFolder) -> list[tuple[str, Look]]:
        """What may be taken now; tells of what matches and is neither file nor medium."""
        gone = {name for name, _ in self._reported if name}

        def seen() -> Iterator[tuple[str, Look]]:
            for name, look in self._found(folder):
                gone.discard(name)
                if look is None:
                    text = "something in a watched folder is not a regular file and is left alone"
                    self._report(name, "folder.skipped", Level.WARNING, text)
                elif not self._taken.has(name, look):
                    yield name, look

        with self._taken.round():
            offers = self._settling.look(seen(), self._now())
        self._reported = {said for said in self._reported if said[0] not in gone}
        return offers

    def _found(self, folder: WatchedFolder) -> Iterator[tuple[str, Look | None]]:
        media: dict[str, Look] = {}
        for name in folder.folders(self._elsewhere) if self._receiver.media else ():
            with suppress(OSError), closing(Medium(name, folder.fd)) as medium:
                look = medium.look()
                if look is not None:
                    media[name] = look
        self._media = set(media)
        yield from media.items()
        for entry in folder.entries(self._patterns):
            if entry.name not in media:
                yield entry.name, entry.look

    @property
    def _elsewhere(self) -> tuple[Path, ...]:
        """Folders that may lie in the watched one, and are no media."""
        return tuple(filter(None, (self._receiver.failed, self._receiver.done)))

    async def _work(self, folder: WatchedFolder, offers: Iterator[tuple[str, Look]]) -> None:
        for name, look in offers:
            if self._why_not():
                self._settling.not_now(name)
                continue
            try:
                await self._take(folder, name, look)
            except (OSError, SpoolError) as error:
                self._later(name, look, _words(error))
            except Exception as error:  # noqa: BLE001 - one file must not end the taking of all others
                self._later(name, look, f"defect of the program: {type(error).__name__}")

    def _why_not(self) -> str:
        """Why nothing more is taken now; empty: it is."""
        if self._stopping:
            return "the gateway ends"
        return "" if self._taker.has_room else "the disk is full"

    async def _take(self, folder: WatchedFolder, name: str, look: Look) -> None:
        answer = await self._answer(folder, name, look)
        receipt = answer.receipt
        if receipt is None or (self._stopping and is_for_now(receipt.status)):
            self._settling.again(name, self._now())
        elif is_success(receipt.status):
            await asyncio.to_thread(self._let_go, folder, name, look, answer)
        elif is_for_now(receipt.status):
            self._later(name, look, receipt.comment)
        else:
            await asyncio.to_thread(self._set_aside, folder, name, look, answer, receipt)

    async def _answer(self, folder: WatchedFolder, name: str, look: Look) -> Answer:
        if name in self._media:
            return await self._sources.medium(folder, name)
        if self._receiver.zip and matches(shown_name(name), self._receiver.zip):
            return await self._sources.archive(folder, name, look)
        return await self._sources.file(folder, name, look)

    def _let_go(self, folder: WatchedFolder, name: str, look: Look, answer: Answer) -> None:
        """Its instances are safe: it has done its duty. What cannot be removed is not taken again."""
        if self._receiver.after is After.KEEP:
            self._taken.add(name, look)
            return
        try:
            if name in self._media:
                self._let_medium_go(folder, name, look, answer)
            elif self._receiver.after is After.DELETE:
                folder.remove(name, look)
            elif self._receiver.done is not None:
                folder.move(name, look, self._receiver.done)
        except OSError as error:
            text = "a file was taken, but cannot be removed from the watched folder: it stays there"
            self._report(name, "folder.stays", Level.ERROR, text, look, _words(error))

    def _let_medium_go(self, folder: WatchedFolder, name: str, look: Look, answer: Answer) -> None:
        with closing(Medium(name, folder.fd)) as medium:
            if medium.look() != look:
                return  # it is another one by now, and is offered again
            if self._receiver.after is After.DELETE and medium.remove(answer.looks):
                text = "files of a medium that its DICOMDIR does not name were not taken and stay in the watched folder"
                self._report(name, "folder.rest", Level.WARNING, text, look)
                return
        if self._receiver.after is After.DELETE:
            os.rmdir(name, dir_fd=folder.fd)
        elif self._receiver.done is not None:
            folder.move_folder(name, self._receiver.done)

    def _set_aside(self, folder: WatchedFolder, name: str, look: Look, answer: Answer, receipt: Receipt) -> None:
        """It will never be taken as it is: to `failed`, with the reason."""
        reason = receipt.comment or receipt.verdict.value
        note = _REASON.format(
            receiver=self._receiver.name,
            at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
            reason=reason,
            status=receipt.status,
            details=answer.details,
        )
        if name in self._media:
            folder.move_folder(name, self._receiver.failed, note)
        elif not folder.move(name, look, self._receiver.failed, note):
            return
        self._report(name, "folder.failed", Level.ERROR, "a file of a watched folder was set aside", look, reason)

    def _later(self, name: str, look: Look, why: str) -> None:
        self._settling.again(name, self._now())
        self._report(name, "folder.waits", Level.WARNING, "a file cannot be taken now and is tried again", look, why)

    def _report(self, name: str, event: str, level: Level, text: str, look: Look | None = None, why: str = "") -> None:
        """Tell it once for each file. File names may hold patients' names: the inode says which file is meant."""
        if (name, event) in self._reported:
            return
        self._reported.add((name, event))
        fields: dict[str, str | int | float] = {"receiver": self._receiver.name}
        if look is not None:
            fields["inode"] = look.inode
        self._emit(Event(event, level, text, fields | ({"why": why} if why else {})))


def _words(error: OSError | SpoolError) -> str:
    """What went wrong, without the path, which may hold a patient's name."""
    return str(error) if isinstance(error, SpoolError) else error.strerror or type(error).__name__
