"""A watched folder: complete DICOM files in it are taken, and leave it only when they are safe.

The steps of one file, in this order: it stands still for `settle`, and nobody has it open for writing; its data set is
copied to the spool and walked to the last byte; the inbox takes it; on a success receipt the file is removed, moved or
kept. A crash between any two of them leaves the file in the folder, or in the folder and the ledger, never in neither.
What is no whole DICOM object, or is rejected, goes to `failed` with the reason beside it; what cannot be taken now
stays and has its turn again.

Kept files (`after: keep`) are remembered in memory only: after a restart they are taken once more, and the ledger
finds that it has them.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from watchfiles import awatch

from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Envelope, Peer, Receipt, Verdict
from dicomrules.model.ports import Emit, Inbox
from dicomrules.model.receiver import After, FolderReceiver
from dicomrules.receivers import filed
from dicomrules.receivers.arrival import Refusal
from dicomrules.receivers.settling import Look, Settling
from dicomrules.receivers.watched import WatchedFolder, shown_name
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

RESCAN = 5.0  # seconds between looks when nothing calls: some file systems tell of no changes, and notices get lost
_AT_LEAST = 0.2  # seconds between two looks
_PARALLEL = 4  # files taken at once, so that they are made durable together

_REASON = """\
This file was not taken by the receiver `{receiver}`, {at}.
Reason: {reason} (status 0x{status:04X}).
Only whole DICOM objects (PS3.10) that the rules accept are taken. When the cause is removed, put the file into the
watched folder again.
"""


class FolderWatch:
    """Takes files from the folder of `receiver`, one after the other as far as anybody can see.

    `now` gives seconds of a monotonic clock.
    """

    def __init__(
        self,
        receiver: FolderReceiver,
        spool: Spool,
        inbox: Inbox,
        emit: Emit,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receiver = receiver
        self._spool = spool
        self._inbox = inbox
        self._emit = emit
        self._now = now
        self._peer = Peer(receiver.calling_aet, receiver.called_aet, "", receiver.name)
        self._settling = Settling(receiver.settle.total_seconds())
        self._reported: set[tuple[str, str]] = (
            set()
        )  # file and event: what was said already, as long as the file is there
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
        try:
            folder = await asyncio.to_thread(WatchedFolder, self._receiver.path)
            offers = iter(await asyncio.to_thread(self._offers, folder))
        except OSError as error:
            self._report("", "folder.missing", Level.ERROR, "a watched folder cannot be read", why=_words(error))
            return
        self._reported.discard(("", "folder.missing"))
        await asyncio.gather(*(self._work(folder, offers) for _ in range(_PARALLEL)))
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
        """The files that may be taken now; tells of what matches and is no file."""
        gone = {name for name, _ in self._reported}

        def files() -> Iterator[tuple[str, Look]]:
            for entry in folder.entries(self._receiver.pattern):
                gone.discard(entry.name)
                if entry.look is None:
                    text = "something in a watched folder is not a regular file and is left alone"
                    self._report(entry.name, "folder.skipped", Level.WARNING, text)
                else:
                    yield entry.name, entry.look

        offers = self._settling.look(files(), self._now())
        self._reported = {said for said in self._reported if said[0] not in gone}
        return offers

    async def _work(self, folder: WatchedFolder, offers: Iterator[tuple[str, Look]]) -> None:
        for name, look in offers:
            if self._stopping:
                return
            try:
                await self._take(folder, name, look)
            except (OSError, SpoolError) as error:
                self._later(name, look, _words(error))
            except Exception as error:  # noqa: BLE001 - one file must not end the taking of all others
                self._later(name, look, f"defect of the program: {type(error).__name__}")

    async def _take(self, folder: WatchedFolder, name: str, look: Look) -> None:
        received = await asyncio.to_thread(self._received, folder, name, look)
        if received is None:
            self._settling.again(name, self._now())
            return
        if isinstance(received, Envelope):
            receipt = await self._inbox.accept(received)
        else:
            receipt = Receipt(Verdict.REJECT, received.status, received.comment)
        if _is_success(receipt.status):
            await asyncio.to_thread(self._let_go, folder, name, look)
        elif _is_for_now(receipt.status):
            self._later(name, look, receipt.comment)
        else:
            await asyncio.to_thread(self._set_aside, folder, name, look, receipt)

    def _received(self, folder: WatchedFolder, name: str, look: Look) -> Envelope | Refusal | None:
        """The file's data set in the spool, or why not; None when somebody is still writing it."""
        file = folder.open(name)
        try:
            origin = filed.Origin(self._peer, datetime.now(UTC), _printable(shown_name(name)))
            return filed.received(filed.StillFile(file, look), origin, self._spool, self._receiver.limits)
        finally:
            os.close(file)

    def _let_go(self, folder: WatchedFolder, name: str, look: Look) -> None:
        """The instance is safe: the file has done its duty. One that cannot be removed is not taken again."""
        try:
            if self._receiver.after is After.DELETE:
                folder.remove(name, look)
            elif self._receiver.after is After.MOVE and self._receiver.done is not None:
                folder.move(name, look, self._receiver.done)
        except OSError as error:
            text = "a file was taken, but cannot be removed from the watched folder: it stays there"
            self._report(name, "folder.stays", Level.ERROR, text, look, _words(error))

    def _set_aside(self, folder: WatchedFolder, name: str, look: Look, receipt: Receipt) -> None:
        """The file will never be taken as it is: to `failed`, with the reason."""
        reason = receipt.comment or receipt.verdict.value
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        note = _REASON.format(receiver=self._receiver.name, at=at, reason=reason, status=receipt.status)
        if folder.move(name, look, self._receiver.failed, note):
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


def _is_success(status: int) -> bool:
    """Success and the warnings, which all say that the instance is safe (PS3.4 B.2.3)."""
    return status == 0 or status >> 12 == 0xB


def _is_for_now(status: int) -> bool:
    """Out of resources, processing failure, resource limitation (PS3.4 B.2.3, PS3.7 Annex C): another time may do."""
    return status >> 8 == 0xA7 or status in (0x0110, 0x0213)


def _printable(name: str) -> str:
    """A file name of any bytes as text that can be kept and shown: what is no UTF-8 becomes `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _words(error: OSError | SpoolError) -> str:
    """What went wrong, without the path, which may hold a patient's name."""
    return str(error) if isinstance(error, SpoolError) else error.strerror or type(error).__name__
