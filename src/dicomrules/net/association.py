"""An association that we request, one thread and one socket: request, C-ECHO, C-STORE, release (PS3.8 7; PS3.7 9.1).

    with Association(target, proposed) as association:
        exchange = association.store(context, sop_class, sop_instance, windows)

Whatever the peer does ends in a matched response or in an `AssociationError`; after an error the association is over
and its socket closed. One operation at a time, for one thread.
"""

import time
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from dicomrules.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomrules.model.exchange import Association as Established
from dicomrules.model.exchange import CommandSet, Exchange, PresentationContext
from dicomrules.net import answers
from dicomrules.net.failures import AssociationError, Lost, ProtocolViolation, Rejected, TimedOut
from dicomrules.net.secure import secure
from dicomrules.net.tls import Secured
from dicomrules.net.transport import Part, Transport, connect
from dicomrules.wire import dimse
from dicomrules.wire.associate import (
    AssociateRequest,
    ContextResult,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomrules.wire.connection import Connection
from dicomrules.wire.events import (
    Aborted,
    AssociateAccepted,
    AssociateRejected,
    CommandReceived,
    DataFragment,
    Released,
    ReleaseRequested,
    Violated,
    WireEvent,
)
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.states import Role

# The least Maximum Length (PS3.8 D.1) that is worth an association: one PDV head and a few bytes.
LEAST_MAX_PDU = 12
# What is best written at once: many PDUs when the peer takes only short ones.
WINDOW = 256 * 1024
_MOST_PDUS = 500
_LAST_WORDS = 1.0  # seconds for an A-ABORT to be read before we close

# A piece of a data set, as long as the sender likes, and whether it is the last. Its view may be reused afterwards.
Window = tuple[memoryview, bool]


@dataclass(frozen=True, slots=True)
class Target:
    """An application to be called, and as whom. Times in seconds; `max_pdu` in bytes, for both directions (PS3.8 D.1).

    `connect` covers TCP and the association request; `response` is the wait for one answer, and for the peer to take
    one window.
    """

    host: str
    port: int
    called_aet: str
    calling_aet: str
    connect: float = 10.0
    response: float = 60.0
    max_pdu: int = 128 * 1024
    secured: Secured | None = None  # None: without TLS
    user: UserIdentity | None = None  # who we say we are (PS3.7 D.3.3.7)
    roles: tuple[RoleSelection, ...] = ()  # where we are not simply the SCU (PS3.7 D.3.3.4)

    def __post_init__(self) -> None:
        """ValueError for a title that cannot be one (PS3.5 6.2: 1 to 16 printable ASCII characters)."""
        for title in (self.called_aet, self.calling_aet):
            if not (title.strip(" ") and len(title) <= 16 and title.isascii() and title.isprintable()):
                raise ValueError("an AE title must be 1 to 16 printable ASCII characters")


class Association:
    """One established association. `results` are the peer's answers to `proposed`, `contexts` the accepted ones."""

    def __init__(self, target: Target, proposed: Sequence[ProposedContext]) -> None:
        """Connect and request. Raises Unreachable, Insecure, Rejected, TimedOut, Lost or ProtocolViolation."""
        deadline = time.monotonic() + target.connect
        self.target = target
        self.proposed = tuple(proposed)
        self.results: tuple[ContextResult, ...] = ()
        self.contexts: tuple[PresentationContext, ...] = ()
        self._fragment = 0  # bytes of a data set in one PDV
        self._message_id = 0
        self._inbox: deque[WireEvent] = deque()
        self._end: AssociationError | None = None  # how the peer ended it
        self._connection = Connection(Role.REQUESTOR, WireLimits(max_pdu=target.max_pdu))
        sock = connect(target.host, target.port, deadline)
        secured = target.secured
        self._transport = secure(sock, secured, target.host, deadline) if secured else Transport(sock)
        with self._ending_on_error():
            user = UserInformation(
                target.max_pdu,
                IMPLEMENTATION_CLASS_UID,
                IMPLEMENTATION_VERSION_NAME,
                roles=target.roles,
                identity=target.user,
            )
            request = AssociateRequest(target.called_aet, target.calling_aet, self.proposed, user)
            self._send([self._connection.request(request)], deadline)
            self.established = self._accepted(deadline)

    # what is agreed

    @property
    def window(self) -> int:
        """The best length of a window of a data set, in bytes: a whole number of PDUs that this peer takes."""
        return self._fragment * max(1, min(WINDOW // self._fragment, _MOST_PDUS))

    @property
    def is_open(self) -> bool:
        """Whether neither side has ended it, as far as we have heard."""
        return self._connection.established

    def verify(self) -> None:
        """Whether it can still be used, as far as the peer has told. Raises AssociationError when the peer has ended
        it, or said something unasked.
        """
        with self._ending_on_error():
            if self.is_open and self._transport.has_input():
                self._take_input(time.monotonic())
            self._refuse_unasked()
            if self._end:
                raise self._end

    # operations

    def echo(self, context: PresentationContext) -> Exchange:
        """C-ECHO (PS3.7 9.1.5). The response's status is for the caller to judge."""
        return self._exchange(context, dimse.echo_request(self._next_message_id()), ())

    def store(
        self, context: PresentationContext, sop_class: str, sop_instance: str, windows: Iterable[Window]
    ) -> Exchange:
        """C-STORE (PS3.7 9.1.1): the request, the data set window by window, and the response that answers them.

        An exception of `windows` itself aborts the association before the last fragment has left, and is passed on.
        """
        return self._exchange(context, dimse.store_request(self._next_message_id(), sop_class, sop_instance), windows)

    def event_report(
        self, context: PresentationContext, sop_instance: str, event_type: int, data_set: bytes
    ) -> Exchange:
        """N-EVENT-REPORT about an instance of the context's SOP class (PS3.7 10.1.1)."""
        sop_class = context.abstract_syntax
        request = dimse.event_report_request(self._next_message_id(), sop_class, sop_instance, event_type)
        return self._exchange(context, request, [(memoryview(data_set), True)])

    def action(self, context: PresentationContext, sop_instance: str, action_type: int, data_set: bytes) -> Exchange:
        """N-ACTION on an instance of the context's SOP class (PS3.7 10.1.4)."""
        sop_class = context.abstract_syntax
        request = dimse.action_request(self._next_message_id(), sop_class, sop_instance, action_type)
        return self._exchange(context, request, [(memoryview(data_set), True)])

    def release(self) -> None:
        """Release in order and close; a peer that does not answer is left alone. Never raises, may be called twice."""
        with suppress(AssociationError), self._ending_on_error():
            if self._connection.established:
                deadline = time.monotonic() + self.target.connect
                self._send([self._connection.release()], deadline)
                while not self._connection.must_close:
                    self._next_event(deadline)
        self._transport.close()

    def abort(self) -> None:
        """A-ABORT and close. Never raises, may be called twice."""
        self._say_last(self._connection.abort())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.release()
        else:
            self.abort()

    # inside

    def _exchange(self, context: PresentationContext, request: CommandSet, windows: Iterable[Window]) -> Exchange:
        exchange = Exchange(self.established, context, request, started_at=datetime.now(UTC))
        try:
            with self._ending_on_error():
                self._refuse_unasked()
                if not self.is_open:
                    raise self._end or Lost("the association is over")
                self._send_message(context, request, windows)
                answer = self._answer()
                exchange = replace(exchange, response=answer.command, ended_at=datetime.now(UTC))
                answers.check(request, answer)
                return exchange
        except AssociationError as error:
            error.exchange = replace(exchange, ended_at=datetime.now(UTC))
            raise

    def _send_message(self, context: PresentationContext, request: CommandSet, windows: Iterable[Window]) -> None:
        """The command set leaves in one write with the first window, each window in one more."""
        head = [self._connection.command(context.id, request)]
        for view, is_last in windows:
            self._refuse_unasked()
            self._send(head + self._pdus(context.id, view, is_last), time.monotonic() + self.target.response)
            head = []
        if head:
            self._send(head, time.monotonic() + self.target.response)

    def _pdus(self, context_id: int, view: memoryview, is_last: bool) -> list[Part]:
        """One P-DATA-TF a fragment; all but the last have the same head."""
        size = self._fragment
        tail = max(len(view) - 1, 0) // size * size
        parts: list[Part] = []
        if tail:
            head = self._connection.data_header(context_id, size, is_last=False)
            for start in range(0, tail, size):
                parts += (head, view[start : start + size])
        return [*parts, self._connection.data_header(context_id, len(view) - tail, is_last), view[tail:]]

    def _send(self, parts: Sequence[Part], deadline: float) -> None:
        try:
            self._transport.send(parts, deadline, when_input=self._interrupted)
        except Lost as lost:
            raise self._last_words() or lost from lost

    def _interrupted(self) -> None:
        """Bytes came while we were sending: go on, unless they ended the association."""
        self._take_input(time.monotonic())
        if self._end:
            raise self._end

    def _last_words(self) -> AssociationError | None:
        """The connection broke while we were sending: an A-ABORT may lie unread, and says more than that."""
        with suppress(TimedOut, Lost):
            while not self._end:
                self._take_input(time.monotonic())
        return self._end

    def _answer(self) -> CommandReceived:
        deadline = time.monotonic() + self.target.response
        event = self._next_event(deadline)
        if isinstance(event, CommandReceived):
            return event
        raise ProtocolViolation("the peer sent something else than the response that was due")

    def _accepted(self, deadline: float) -> Established:
        event = self._next_event(deadline)
        if isinstance(event, AssociateRejected):
            raise Rejected(event.rejection, self.target.calling_aet, self.target.called_aet)
        if not isinstance(event, AssociateAccepted):
            raise ProtocolViolation("the peer did not answer the association request")
        user = event.accept.user
        if 0 < user.max_pdu < LEAST_MAX_PDU:
            raise ProtocolViolation(f"the peer takes PDUs of {user.max_pdu} bytes at most, too short to carry anything")
        self.results, self.contexts = event.accept.results, event.contexts
        self._fragment = self._even_fragment()
        return Established(
            id=uuid.uuid4().hex,
            calling_aet=self.target.calling_aet,
            called_aet=self.target.called_aet,
            address=f"{self.target.host}:{self.target.port}",
            opened_at=datetime.now(UTC),
            implementation=user.implementation_version or user.implementation_class,
            max_pdu=user.max_pdu,
        )

    def _even_fragment(self) -> int:
        """Bytes of a data set in one PDV: even, as peers expect of everything in a data set."""
        return max(self._connection.largest_fragment & ~1, 2)

    def _next_message_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def _next_event(self, deadline: float) -> WireEvent:
        """What the peer said next. What it said before it ended the association still counts."""
        while not self._inbox:
            if self._end:
                raise self._end
            self._take_input(deadline)
        return self._inbox.popleft()

    def _refuse_unasked(self) -> None:
        if self._inbox:
            raise ProtocolViolation("the peer sent a message that nothing had asked for")

    def _take_input(self, deadline: float) -> None:
        """Receive once; what it means goes into the inbox, or is the end. Raises TimedOut when nothing comes."""
        view = self._transport.receive(deadline)
        if view is None:
            raise TimedOut("the peer did not answer in time")
        for event in self._connection.receive(view) if view else self._connection.closed():
            self._on(event)
        if not view and not self._end:
            self._end = Lost("the peer closed the connection")

    def _on(self, event: WireEvent) -> None:
        match event:
            case AssociateAccepted() | AssociateRejected() | CommandReceived() | Released():
                self._inbox.append(event)
            case Aborted(source=None):
                self._end = Lost("the peer closed the connection without an answer")
            case Aborted():
                self._end = Lost(f"the peer aborted the association (source {event.source}, reason {event.reason})")
            case ReleaseRequested():
                self._say_last(self._connection.confirm_release())
                self._end = Lost("the peer released the association without an answer")
            case Violated():
                self._say_last(event.answer)
                self._end = ProtocolViolation(f"the peer broke the protocol: {event.problem}")
            case DataFragment() | _:
                self._end = ProtocolViolation("the peer sent a data set that nothing had asked for")

    def _say_last(self, pdu: bytes) -> None:
        """Send a PDU after which nothing follows, and close; give the peer a moment to read it."""
        if pdu:
            with suppress(AssociationError):
                self._transport.send([pdu], time.monotonic() + _LAST_WORDS, when_input=self._transport.discard)
        self._transport.close(_LAST_WORDS if pdu else 0)

    def _ending_on_error(self) -> "_Ending":
        return _Ending(self)


class _Ending:
    """Whatever leaves this block by an exception ends the association: A-ABORT where it may be said, and close."""

    def __init__(self, association: Association) -> None:
        self._association = association

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._association.abort()
