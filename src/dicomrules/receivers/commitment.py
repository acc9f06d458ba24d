"""Storage commitment on an association that a peer has made (PS3.4 Annex J).

The peer asks (N-ACTION): the request is durable before it is answered. The peer reports (N-EVENT-REPORT) what we have
asked of it as a destination. And we report what the peer has asked, when it keeps its association open for that, but
only after it has been silent for a while: many peers release at once, and are not to be met by a message of ours.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dicomrules.dicom import commitment
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.model.commitment import Asked, CommitmentPolicy
from dicomrules.model.exchange import CommandSet, PresentationContext
from dicomrules.model.instance import Peer
from dicomrules.model.ports import Commitments
from dicomrules.net.service import Breach, Unprompted
from dicomrules.wire import dimse
from dicomrules.wire.dimse import CommandField
from dicomrules.wire.events import CommandReceived

# Statuses of N-ACTION and N-EVENT-REPORT (PS3.7 10.1.1.1.8, 10.1.4.1.10, Annex C)
SUCCESS = 0x0000
NO_SUCH_INSTANCE = 0x0112
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_ARGUMENT = 0x0115
NO_SUCH_CLASS = 0x0118
NO_SUCH_ACTION_TYPE = 0x0123
UNRECOGNISED_OPERATION = 0x0211
RESOURCE_LIMITATION = 0x0213

_SELDOM = 30.0  # seconds: a report that waits for deliveries is looked at ever more seldom, and at least so often


@dataclass(frozen=True, slots=True)
class Committing:
    """What a receiver says of storage commitment."""

    policy: CommitmentPolicy
    takes_reports: bool
    commitments: Commitments


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request of this association that is not reported yet."""

    request_id: int
    context: PresentationContext


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int
    comment: str


class CommitmentPerformer:
    """What one association does in the presentation contexts of storage commitment."""

    def __init__(self, committing: Committing, peer: Peer) -> None:
        self._committing = committing
        self._peer = peer
        self._received: CommandReceived | None = None  # whose data set is on its way
        self._context: PresentationContext | None = None
        self._refusal: _Refusal | None = None
        self._data_set = bytearray()
        self._length = 0  # of it, kept or not
        self._waiting: list[_Waiting] = []
        self._sent: dict[int, _Waiting] = {}  # by Message ID, until the peer has answered
        self._message_id = 0
        self._look_at = 0.0
        self._pause = 1.0

    @staticmethod
    def performs(context: PresentationContext) -> bool:
        """Whether messages in this context are for it."""
        return context.abstract_syntax == commitment.SOP_CLASS

    @property
    def is_busy(self) -> bool:
        """Whether a data set for it is on its way."""
        return self._received is not None

    @property
    def has_to_say(self) -> bool:
        """Whether a report may be due."""
        return bool(self._waiting) and time.monotonic() >= self._look_at

    async def command(self, received: CommandReceived, context: PresentationContext) -> CommandSet | None:
        """Begin a message; a response at once when no data set follows. Raises Breach."""
        operation = int(received.command["CommandField"])
        if operation == CommandField.N_EVENT_REPORT_RSP:
            await self._answered(received.command)
            return None
        if operation & 0x8000:
            raise Breach("a response that nobody asked for")
        refusal = self._unacceptable(received.command)
        if not received.has_data_set:
            refusal = refusal or _Refusal(INVALID_ARGUMENT, "there is no data set")
            return dimse.response(received.command, refusal.status, refusal.comment)
        self._received, self._context, self._refusal = received, context, refusal
        return None

    async def data(self, pieces: Sequence[memoryview], is_last: bool) -> CommandSet | None:
        """Collect a data set; at its end, the response. Raises Breach for one without end."""
        assert self._received is not None
        self._length += sum(piece.nbytes for piece in pieces)
        if self._length > 2 * commitment.MOST_BYTES:
            raise Breach("a data set that does not end")
        if self._length > commitment.MOST_BYTES:
            self._data_set.clear()
            self._refusal = _Refusal(RESOURCE_LIMITATION, "the list of instances is too long")
        elif self._refusal is None:
            self._data_set += b"".join(pieces)
        if not is_last:
            return None
        request, data_set = self._received.command, bytes(self._data_set)
        self._received, self._length = None, 0
        self._data_set.clear()
        refusal = self._refusal or await self._whole(request, data_set)
        return dimse.response(request, refusal.status, refusal.comment) if refusal else dimse.response(request, SUCCESS)

    async def unprompted(self) -> Unprompted | None:
        """A report that can be made now."""
        for waiting in self._waiting:
            report = await self._committing.commitments.due(waiting.request_id)
            if report is None:
                continue
            self._waiting.remove(waiting)
            self._message_id = self._message_id % 0xFFFF + 1
            self._sent[self._message_id] = waiting
            names = (commitment.SOP_CLASS, commitment.SOP_INSTANCE, report.event_type)
            command = dimse.event_report_request(self._message_id, *names)
            data_set = commitment.write_report(report, waiting.context.transfer_syntax)
            return Unprompted(waiting.context.id, command, data_set)
        self._look_at, self._pause = time.monotonic() + self._pause, min(2 * self._pause, _SELDOM)
        return None

    def ended(self) -> None:
        """The association is over."""
        left = [waiting.request_id for waiting in self._waiting]
        if left:
            self._committing.commitments.left(left)

    def _unacceptable(self, request: CommandSet) -> _Refusal | None:
        """What is wrong with a request by itself."""
        operation = request["CommandField"]
        asks, reports = operation == CommandField.N_ACTION_RQ, operation == CommandField.N_EVENT_REPORT_RQ
        asks = asks and self._committing.policy is not CommitmentPolicy.NO
        if not asks and not (reports and self._committing.takes_reports):
            return _Refusal(UNRECOGNISED_OPERATION, "this operation is not performed here")
        prefix = "Requested" if asks else "Affected"
        if request.get(f"{prefix}SOPClassUID") != commitment.SOP_CLASS:
            return _Refusal(NO_SUCH_CLASS, "SOP class is not Storage Commitment Push Model")
        if request.get(f"{prefix}SOPInstanceUID") != commitment.SOP_INSTANCE:
            return _Refusal(NO_SUCH_INSTANCE, "SOP instance is not the well-known one")
        if asks and request.get("ActionTypeID") != 1:
            return _Refusal(NO_SUCH_ACTION_TYPE, "the only action type is 1")
        if reports and request.get("EventTypeID") not in (1, 2):
            return _Refusal(NO_SUCH_EVENT_TYPE, "the event types are 1 and 2")
        return None

    async def _whole(self, request: CommandSet, data_set: bytes) -> _Refusal | None:
        """A whole message: pass it on."""
        assert self._context is not None
        try:
            if request["CommandField"] == CommandField.N_ACTION_RQ:
                return await self._asked(data_set, self._context)
            report = commitment.read_report(data_set, self._context.transfer_syntax)
        except commitment.TooMuch:
            return _Refusal(RESOURCE_LIMITATION, "the list of instances is too long")
        except MalformedDataSet as malformed:
            return _Refusal(INVALID_ARGUMENT, malformed.reason)
        status = await self._committing.commitments.told(report, self._peer.calling_aet)
        return _Refusal(status, "the report could not be kept") if status else None

    async def _asked(self, data_set: bytes, context: PresentationContext) -> _Refusal | None:
        asked = commitment.read_request(data_set, context.transfer_syntax)
        answer = await self._committing.commitments.asked(
            Asked(asked, self._peer, self._committing.policy, datetime.now(UTC))
        )
        if answer.status:
            return _Refusal(answer.status, answer.comment)
        if all(each.request_id != answer.request_id for each in self._waiting):
            self._waiting.append(_Waiting(answer.request_id, context))
        self._look_at, self._pause = 0.0, 1.0
        return None

    async def _answered(self, response: CommandSet) -> None:
        """The peer has answered a report. Raises Breach when there was none."""
        sent = self._sent.pop(int(response.get("MessageIDBeingRespondedTo", 0)), None)
        if sent is None:
            raise Breach("a response that nobody asked for")
        status = response.get("Status")
        await self._committing.commitments.reported(sent.request_id, status if isinstance(status, int) else -1)
