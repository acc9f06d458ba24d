"""Writes deliveries as Part 10 files into a folder (PS3.10 7).

Each file is written under a hidden name, hashed against what was received, named by the attributes that are in it, and
appears whole or not at all. What the file system cannot do now is tried again: a full, read-only or unmounted one
comes back.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.destination import FolderDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.senders import naming
from dicomrules.senders.attributes import Attributes
from dicomrules.senders.cstore import Files
from dicomrules.senders.received import Corrupt, Received, Windows, head_of, of
from dicomrules.senders.tree import Tree, Unfinished
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.file import FileBytes

_WINDOW = 1024 * 1024


class FolderSender:
    """The model's `Sender` for one FolderDestination. Made before threads start: it asks the process for its umask."""

    def __init__(self, destination: FolderDestination, spool: Files, emit: Emit) -> None:
        self._destination = destination
        self._files = spool
        self._emit = emit
        self._mode = 0o666 & ~_umask()
        self._tree: Tree | None = None

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """Write each in turn; yields one outcome for each of them, as soon as it is known."""
        for delivery in deliveries:
            started = datetime.now(UTC)
            outcome = self._attempt(delivery)
            yield delivery, replace(outcome, started_at=started, ended_at=datetime.now(UTC))

    def close(self) -> None:
        """Let go of the folder, so that its file system can be unmounted."""
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _attempt(self, delivery: Delivery) -> Outcome:
        try:
            return self._written(delivery)
        except Corrupt as corrupt:
            return self._unfit(Kind.CORRUPT, str(corrupt), delivery)
        except SpoolError as error:
            # Without a system call that failed, it is the file that is not what we wrote.
            return self._unfit(Kind.DEFERRED if error.errno else Kind.CORRUPT, str(error), delivery)
        except MalformedDataSet as malformed:
            return self._unfit(Kind.FAILED, f"what would leave is no whole data set: {malformed}", delivery)
        except OSError as error:
            self.close()  # the folder may be another one when it is back
            why = f"the folder takes nothing now: {error.strerror or type(error).__name__}"
            return Outcome(Kind.DEFERRED, why, trouble=Trouble.AWAY)

    def _written(self, delivery: Delivery) -> Outcome:
        if self._tree is None:
            self._tree = Tree(self._destination.path)
            self._tree.sweep()
        with self._files.open(delivery.spool_ref) as stored:
            received, head = of(stored), head_of(delivery, stored)
            file = Unfinished(self._tree.root)
            try:
                file.write(head)
                return self._placed(self._tree, file, self._names(file, delivery, received))
            finally:
                file.discard()

    def _names(self, file: Unfinished, delivery: Delivery, received: Received) -> tuple[str, ...]:
        """Write the data set; the path that the template gives it. Raises Corrupt when the spool's bytes are others."""
        start = file.length
        buffer = memoryview(bytearray(_WINDOW))
        for window, _ in Windows(received, delivery.patch, delivery.digest, buffer):
            file.write(window)
        file.finish(self._mode)
        attributes = Attributes(FileBytes(file.fd, start, file.length - start), delivery.transfer_syntax)
        return naming.path(self._destination.template, attributes.value)

    def _placed(self, tree: Tree, file: Unfinished, names: tuple[str, ...]) -> Outcome:
        name = tree.place(file, names)
        if name == names[-1]:
            return Outcome(Kind.SENT, "written")
        return Outcome(Kind.SENT, "written under a name with a number: another file has the name, with other content")

    def _unfit(self, kind: Kind, why: str, delivery: Delivery) -> Outcome:
        fields = {"destination": delivery.destination, "sop_instance": delivery.sop_instance, "why": why}
        text = "the bytes of an instance could not be written as received"
        self._emit(Event("delivery.unfit", Level.ERROR, text, fields))
        return Outcome(kind, why)


def _umask() -> int:
    """The process's umask, which can only be asked for by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
