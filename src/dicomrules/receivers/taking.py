"""One object out of a file that stands still: into the spool, to the inbox, and what becomes of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dicomrules.model.instance import Envelope, Peer, Receipt, Verdict
from dicomrules.model.ports import Inbox
from dicomrules.model.receiver import FolderReceiver
from dicomrules.receivers import filed
from dicomrules.receivers.arrival import Refusal
from dicomrules.receivers.filed import StillFile
from dicomrules.receivers.room import has_room
from dicomrules.spool.spool import Spool


@dataclass(frozen=True, slots=True)
class Taker:
    """What is needed to take objects for one receiver."""

    receiver: FolderReceiver
    spool: Spool
    inbox: Inbox

    @property
    def has_room(self) -> bool:
        """Whether more may be taken now."""
        return has_room(self.spool, self.receiver.limits)

    async def take(self, opened: Callable[[], StillFile], source_path: str) -> Receipt | None:
        """Take the object in the file that `opened` opens; it is closed again. None: somebody is writing the file.

        OSError and SpoolError: the file cannot be read, the spool cannot keep it.
        """
        received = await asyncio.to_thread(self._received, opened, source_path)
        if received is None:
            return None
        if isinstance(received, Envelope):
            return await self.inbox.accept(received)
        return Receipt(Verdict.REJECT, received.status, received.comment)

    def _received(self, opened: Callable[[], StillFile], source_path: str) -> Envelope | Refusal | None:
        peer = Peer(self.receiver.calling_aet, self.receiver.called_aet, "", self.receiver.name)
        with opened() as file:
            origin = filed.Origin(peer, datetime.now(UTC), source_path)
            return filed.received(file, origin, self.spool, self.receiver.limits)


def is_success(status: int) -> bool:
    """Success and the warnings, which all say that the instance is safe (PS3.4 B.2.3)."""
    return status == 0 or status >> 12 == 0xB


def is_for_now(status: int) -> bool:
    """Out of resources, processing failure, resource limitation (PS3.4 B.2.3, PS3.7 Annex C): another time may do."""
    return status >> 8 == 0xA7 or status in (0x0110, 0x0213)
