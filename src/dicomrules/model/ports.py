"""What a room must ask of one it may not import. Wired once, by `service`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from dicomrules.dicom.commitment import Report
from dicomrules.model.commitment import Answer, Asked
from dicomrules.model.delivery import Delivery, Outcome
from dicomrules.model.event import Event
from dicomrules.model.instance import Envelope, Receipt

# Tells the sinks that something happened. Never raises and never blocks.
Emit = Callable[[Event], None]


class Inbox(Protocol):
    """Takes over one complete instance."""

    async def accept(self, envelope: Envelope) -> Receipt:
        """Decide it, make it durable, say what to answer. A success status means that bytes and deliveries are safe.

        Takes over the incoming file `envelope.spool_ref` whatever the outcome. Does not raise: what goes wrong is a
        failure status in the Receipt.
        """
        ...


class Commitments(Protocol):
    """Takes over what peers ask and report. Does not raise: what goes wrong is a failure status."""

    async def asked(self, asked: Asked) -> Answer:
        """An N-ACTION came. A success status means that the request would survive a power cut."""
        ...

    async def due(self, request_id: int) -> Report | None:
        """The report on a request that was asked on this association and is still open; None: not yet, or it is made
        elsewhere. Whoever gets one has half a minute to send it.
        """
        ...

    async def reported(self, request_id: int, status: int) -> None:
        """The peer has answered that report."""
        ...

    def left(self, request_ids: Sequence[int]) -> None:
        """The association on which these were asked is over: they are reported on another one. Does not block."""
        ...

    async def told(self, report: Report, calling_aet: str) -> int:
        """An N-EVENT-REPORT came from the peer of that title; the status to answer.

        Success: what it says is durable, or concerns nothing of ours.
        """
        ...


class Sender(Protocol):
    """Sends to one destination, from one thread at a time."""

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """Try each in turn; yields one outcome for each of them, as soon as it is known.

        Whatever a peer or a file system does ends in an Outcome, never in an exception; after a connection is lost, the
        remaining deliveries are yielded as deferred.
        """
        ...

    def close(self) -> None:
        """Release the association or whatever is kept open between batches. The sender may be used again."""
        ...


class TakenFiles(Protocol):
    """Remembers, over a restart, which files of watched folders were taken and still lie there. Blocks on the disk."""

    def taken_files(self, receiver: str) -> set[bytes]:
        """The fingerprints of those of one receiver."""
        ...

    def change_taken_files(self, receiver: str, taken: Sequence[bytes], gone: Sequence[bytes]) -> None:
        """Remember files that were taken, forget those that are gone."""
        ...
