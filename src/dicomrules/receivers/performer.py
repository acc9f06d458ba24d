"""Performs C-STORE and C-ECHO on one association (PS3.7 9.1.1, 9.1.5; PS3.4 B.2); N-ACTION and N-EVENT-REPORT are for
`commitment`.

One message at a time: a C-STORE-RQ opens an incoming file, its data set is written as it comes, its last fragment
makes an Arrival and an Envelope, and the response is what the inbox says. Everything that belongs to a message lies in
one value that is dropped with it, so nothing of one object can reach the next.

Small objects are written and indexed here and now. Of larger ones every portion goes to a worker thread, the last
portion together with the index, so that no object makes other associations wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from dicomrules.dicom import uids
from dicomrules.model.exchange import Association, CommandSet, Exchange, PresentationContext
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.ports import Inbox
from dicomrules.model.receiver import Limits
from dicomrules.net.service import Breach, Unprompted
from dicomrules.receivers.arrival import (
    CANNOT_UNDERSTAND,
    INVALID_INSTANCE,
    OUT_OF_RESOURCES,
    Arrival,
    Refusal,
    envelope,
)
from dicomrules.receivers.budget import Budget
from dicomrules.receivers.commitment import CommitmentPerformer, Committing
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.incoming import Incoming
from dicomrules.spool.spool import Spool
from dicomrules.wire import dimse
from dicomrules.wire.dimse import CommandField
from dicomrules.wire.events import CommandReceived

# Statuses of PS3.7 Annex C
SUCCESS = 0x0000
CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNISED_OPERATION = 0x0211
MISTYPED_ARGUMENT = 0x0212

_T = TypeVar("_T")

_SPOOL_FAILED = Refusal(OUT_OF_RESOURCES, "the spool cannot keep the object")
_SMALL = 1024 * 1024  # up to here an object is written and indexed at once, without a thread


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the performers of one receiver share."""

    receiver: str
    spool: Spool
    inbox: Inbox
    pool: Executor
    budget: Budget
    limits: Limits
    has_room: Callable[[], bool]
    committing: Committing | None = None


@dataclass(slots=True)
class _Message:
    """The message under way. `incoming` is None when it is refused: its data set is then read and thrown away."""

    context: PresentationContext
    request: CommandSet
    incoming: Incoming | None = None
    refusal: Refusal | None = None
    answered: bool = False
    length: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class StoragePerformer:
    """The performing side of one association (see net.service.Performer)."""

    def __init__(
        self, surroundings: Surroundings, association: Association, contexts: Sequence[PresentationContext]
    ) -> None:
        self._around = surroundings
        self._association = association
        self._contexts = {context.id: context for context in contexts}
        host = association.address.rpartition(":")[0]
        self._peer = Peer(association.calling_aet, association.called_aet, host, surroundings.receiver)
        self._message: _Message | None = None
        committing = surroundings.committing
        self._commitment = CommitmentPerformer(committing, self._peer) if committing is not None else None

    async def command(self, received: CommandReceived) -> CommandSet | None:
        """Begin a message; a response at once when no data set follows."""
        if self._commitment and self._commitment.performs(self._contexts[received.context_id]):
            return await self._commitment.command(received, self._contexts[received.context_id])
        message = _Message(self._contexts[received.context_id], received.command)
        operation = received.command["CommandField"]
        if operation == CommandField.C_STORE_RQ:
            message.refusal = _unacceptable(message, received.has_data_set) or self._open(message)
        elif operation == CommandField.C_CANCEL_RQ and not received.has_data_set:
            return None  # there is nothing to cancel, and it has no response (PS3.7 9.3.2.3)
        elif int(operation) & 0x8000:
            raise Breach("a response that nobody asked for")
        elif operation != CommandField.C_ECHO_RQ:
            message.refusal = Refusal(UNRECOGNISED_OPERATION, "only C-STORE and C-ECHO are performed here")
        if received.has_data_set:
            self._message = message
            return None
        return _response(message)

    async def data(self, pieces: Sequence[memoryview], is_last: bool) -> CommandSet | None:
        """Write what came; at the end, the response."""
        if self._commitment and self._commitment.is_busy:
            return await self._commitment.data(pieces, is_last)
        message = self._message
        assert message is not None
        message.length += sum(piece.nbytes for piece in pieces)
        early = self._check_length(message)
        if is_last:
            try:
                return await self._complete(message, pieces) or early
            finally:
                self._message = None
        if message.incoming is not None:
            await self._blocking(message, lambda: self._write(message, pieces))
        return early

    @property
    def has_to_say(self) -> bool:
        """Whether a report on storage commitment may be due."""
        return self._commitment is not None and self._commitment.has_to_say

    async def unprompted(self) -> Unprompted | None:
        """A report on storage commitment that was asked for on this association."""
        return await self._commitment.unprompted() if self._commitment is not None else None

    def ended(self) -> None:
        """Remove the file of an object that is not whole."""
        if self._message is not None:
            self._give_up(self._message)
            self._message = None
        if self._commitment is not None:
            self._commitment.ended()

    def _open(self, message: _Message) -> Refusal | None:
        """Begin an incoming file."""
        if not self._around.has_room():
            return Refusal(OUT_OF_RESOURCES, "the disk is full")
        request = message.request
        try:
            message.incoming = self._around.spool.receive(
                str(request["AffectedSOPClassUID"]),
                str(request["AffectedSOPInstanceUID"]),
                message.context.transfer_syntax,
                self._association.calling_aet,
            )
        except SpoolError:
            return _SPOOL_FAILED
        return None

    def _check_length(self, message: _Message) -> CommandSet | None:
        """An object over the limit is refused early (PS3.7 9.3.1), and the peer that goes on for as long again is
        aborted.
        """
        if message.length <= self._around.limits.object:
            return None
        self._give_up(message)
        if message.length > 2 * self._around.limits.object:
            raise Breach("a data set that does not end")
        if message.answered:
            return None
        message.refusal = Refusal(OUT_OF_RESOURCES, "the object is longer than the limit")
        response, message.answered = _response(message), True
        return response

    async def _complete(self, message: _Message, pieces: Sequence[memoryview]) -> CommandSet | None:
        """The last fragment is there: what the sender is answered."""
        if message.incoming is None:
            return None if message.answered else _response(message)
        async with self._around.budget.hold(message.length):
            outcome = await self._blocking(message, lambda: self._arrive(message, pieces))
            message.incoming = None  # removed when refused; else the inbox takes it over, whatever it decides
            if isinstance(outcome, Refusal):
                message.refusal = outcome
                return _response(message)
            receipt = await self._around.inbox.accept(outcome)
        return dimse.response(message.request, receipt.status, receipt.comment)

    def _arrive(self, message: _Message, pieces: Sequence[memoryview]) -> Envelope | Refusal:
        """Write the last portion and make an Envelope."""
        self._write(message, pieces)
        if message.incoming is None:
            return _SPOOL_FAILED
        request = message.request
        arrival = Arrival(
            incoming=message.incoming,
            transfer_syntax=message.context.transfer_syntax,
            peer=self._peer,
            received_at=datetime.now(UTC),
            announced=(str(request["AffectedSOPClassUID"]), str(request["AffectedSOPInstanceUID"])),
            exchange=self._exchange(message),
        )
        return envelope(arrival, self._around.spool, self._around.limits)

    def _exchange(self, message: _Message) -> Exchange:
        """The exchange as it will stand when the instance is accepted."""
        response = dimse.response(message.request, SUCCESS)
        now = datetime.now(UTC)
        return Exchange(self._association, message.context, message.request, response, message.started_at, now)

    def _write(self, message: _Message, pieces: Sequence[memoryview]) -> None:
        try:
            if message.incoming is not None:
                message.incoming.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        except SpoolError:
            self._give_up(message)
            message.refusal = _SPOOL_FAILED

    def _give_up(self, message: _Message) -> None:
        if message.incoming is not None:
            self._around.spool.discard(message.incoming.name)
            message.incoming = None

    async def _blocking(self, message: _Message, work: Callable[[], _T]) -> _T:
        if message.length <= _SMALL:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._around.pool, work)


def _unacceptable(message: _Message, has_data_set: bool) -> Refusal | None:
    """What is wrong with a C-STORE-RQ by itself (PS3.7 9.3.1.1)."""
    request = message.request
    sop_class, sop_instance = request.get("AffectedSOPClassUID", ""), request.get("AffectedSOPInstanceUID", "")
    if "MessageID" not in request:
        return Refusal(MISTYPED_ARGUMENT, "Message ID is absent", "(0000,0110)")
    if not sop_class:
        return Refusal(CANNOT_UNDERSTAND, "Affected SOP Class UID is absent", "(0000,0002)")
    if not sop_instance:
        return Refusal(CANNOT_UNDERSTAND, "Affected SOP Instance UID is absent", "(0000,1000)")
    if sop_class != message.context.abstract_syntax:
        return Refusal(CLASS_NOT_SUPPORTED, "SOP class is not that of the presentation context", "(0000,0002)")
    if not uids.is_uid(str(sop_instance)):
        return Refusal(INVALID_INSTANCE, "Affected SOP Instance UID is not a UID", "(0000,1000)")
    if sop_class == dimse.VERIFICATION:
        return Refusal(CLASS_NOT_SUPPORTED, "nothing can be stored in the Verification SOP class", "(0000,0002)")
    if not has_data_set:
        return Refusal(CANNOT_UNDERSTAND, "there is no data set", "(0000,0800)")
    return None


def _response(message: _Message) -> CommandSet:
    refusal = message.refusal
    if refusal is None:
        return dimse.response(message.request, SUCCESS)
    return dimse.response(message.request, refusal.status, refusal.comment, refusal.offending)
