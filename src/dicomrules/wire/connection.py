"""One association, seen from one side, without I/O: bytes in, events out; wishes in, bytes out (PS3.8 9.2).

    connection = Connection(Role.REQUESTOR, WireLimits())
    send(connection.request(AssociateRequest(...)))
    for event in connection.receive(view): ...        # AssociateAccepted, then CommandReceived, ...
    send(connection.command(context_id, store_request(...)))
    sendmsg([connection.data_header(context_id, len(part), is_last=False), part])
    send(connection.release())                        # ... Released; then close the transport

An acceptor begins with `receive`, gets AssociateRequested, and answers with `accept` or `reject`. Whoever drives a
connection closes the transport when `must_close` is true, and runs the ARTIM timer while `artim` is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dicomrules.model.exchange import CommandSet, PresentationContext
from dicomrules.wire import contexts, dimse, pdu
from dicomrules.wire.associate import (
    APPLICATION_CONTEXT_UNKNOWN,
    VERSION_UNKNOWN,
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    Rejection,
    Titles,
    UserInformation,
)
from dicomrules.wire.errors import AbortReason, AbortSource, LocalError, Malformed
from dicomrules.wire.events import (
    Aborted,
    AssociateAccepted,
    AssociateRefused,
    AssociateRejected,
    AssociateRequested,
    Released,
    ReleaseRequested,
    Violated,
    WireEvent,
)
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.messages import MessageReader
from dicomrules.wire.reader import Piece, Reader, Take, Whole
from dicomrules.wire.states import ACTIONS, TABLE, Role, Send, State, Trigger, next_state

Screen = Callable[[Titles], Rejection | None]

_CAME = {
    pdu.ASSOCIATE_RQ: Trigger.RQ_CAME,
    pdu.ASSOCIATE_AC: Trigger.AC_CAME,
    pdu.ASSOCIATE_RJ: Trigger.RJ_CAME,
    pdu.P_DATA: Trigger.DATA_CAME,
    pdu.RELEASE_RQ: Trigger.RELEASE_RQ_CAME,
    pdu.RELEASE_RP: Trigger.RELEASE_RP_CAME,
    pdu.ABORT: Trigger.ABORT_CAME,
}
_TLS_HANDSHAKE = 0x16  # the first byte of TLS (RFC 8446 5.1)
_FIXED_LENGTH = 4  # of the four short PDUs (PS3.8 9.3.4, 9.3.6 to 9.3.8)


class Connection:
    """The protocol machine of one association.

    `screen` is asked by an acceptor with both titles before a request is decoded; a Rejection refuses it at once.
    Methods that return bytes raise `LocalError`, and change nothing, when the state does not allow them.
    """

    def __init__(self, role: Role, limits: WireLimits | None = None, screen: Screen | None = None) -> None:
        self.role = role
        self.limits = limits or WireLimits()
        self.state = State.IDLE
        self.contexts: dict[int, PresentationContext] = {}  # the accepted ones, by id
        self.peer: UserInformation | None = None  # what the other side said of itself
        self._screen = screen
        self._proposed: AssociateRequest | None = None
        self._reader = Reader(self._on_head)
        self._messages = MessageReader(self.limits, self.contexts)
        self._deaf = False  # the stream cannot be read any more
        if role is Role.ACCEPTOR:
            self._step(Trigger.TRANSPORT_INDICATED)

    # what the driver asks

    @property
    def must_close(self) -> bool:
        """Whether the association is over and the transport is to be closed."""
        return self.state is State.IDLE

    @property
    def artim(self) -> bool:
        """Whether the ARTIM timer runs (PS3.8 9.1.5): before a request came, and while waiting for the peer to
        close.
        """
        return self.state in (State.AWAITING_REQUEST, State.AWAITING_CLOSE)

    @property
    def established(self) -> bool:
        """Whether messages may be exchanged in at least one direction."""
        return State.ESTABLISHED <= self.state <= State.COLLISION_ACCEPTOR_LOCAL

    @property
    def may_send(self) -> bool:
        """Whether our side may send messages: the association is established, and we have not asked for its release."""
        return (Trigger.WANT_DATA, self.state) in TABLE

    @property
    def mid_pdu(self) -> bool:
        """Whether a PDU has begun and not ended: its deadline runs."""
        return self._reader.mid_pdu

    @property
    def pdus(self) -> int:
        """How many PDUs have begun so far: tells one PDU from the next."""
        return self._reader.begun

    @property
    def mid_message(self) -> bool:
        """Whether a command set or a data set has begun and not ended: the minimum rate counts."""
        return self._reader.mid_pdu or self._messages.unfinished

    @property
    def between_fragments(self) -> bool:
        """Whether a message has begun, and the next byte is the first of a PDU that brings more of it."""
        return self._messages.unfinished and not self._reader.mid_pdu

    @property
    def largest_fragment(self) -> int:
        """How many bytes of a message one PDV may carry to this peer (PS3.8 D.1), and never more than our own
        maximum.
        """
        sizes = [size for size in (self.peer.max_pdu if self.peer else 0, self.limits.max_pdu) if size]
        return max(min(sizes, default=128 * 1024) - 6, 1)

    # what our own side wants

    def request(self, request: AssociateRequest) -> bytes:
        """The A-ASSOCIATE-RQ. The transport must be open already. Titles must be 1 to 16 ASCII characters."""
        encoded = pdu.request(request)
        self._want(Trigger.WANT_ASSOCIATION)
        self._want(Trigger.TRANSPORT_CONFIRMED)
        self._proposed = request
        return encoded

    def accept(self, results: Sequence[ContextResult], user: UserInformation) -> bytes:
        """The A-ASSOCIATE-AC: an answer to each proposed context, and what we say of ourselves.

        From here on the maximum that `user` tells the peer (PS3.8 D.1) is the one it is held to.
        """
        if self._proposed is None:
            raise LocalError("there is no association request to accept")
        accept = AssociateAccept(tuple(results), user)
        established = contexts.accepted(self._proposed.contexts, results)
        encoded = pdu.accept(accept, self._proposed.called_aet, self._proposed.calling_aet)
        self._want(Trigger.WANT_ACCEPT)
        self.limits = replace(self.limits, max_pdu=user.max_pdu)
        self._establish(established, self._proposed.user)
        return encoded

    def reject(self, rejection: Rejection) -> bytes:
        """The A-ASSOCIATE-RJ. The peer closes the transport; ARTIM runs."""
        self._want(Trigger.WANT_REJECT)
        return pdu.rejection(rejection)

    def command(self, context_id: int, command: CommandSet) -> bytes:
        """The P-DATA-TF PDUs of a command set, in fragments that the peer takes."""
        self._want_data(context_id)
        encoded, most = dimse.encode(command), self.largest_fragment
        parts = [encoded[start : start + most] for start in range(0, len(encoded), most)]
        controls = [pdu.COMMAND_BIT] * (len(parts) - 1) + [pdu.COMMAND_BIT | pdu.LAST_BIT]
        return b"".join(
            pdu.pdv_header(context_id, len(part), control) + part for part, control in zip(parts, controls, strict=True)
        )

    def data_header(self, context_id: int, length: int, is_last: bool) -> bytes:
        """The 12 bytes to send before `length` bytes of a data set, `largest_fragment` of them at most."""
        self._want_data(context_id)
        if length > self.largest_fragment:
            raise LocalError("a fragment is longer than the peer takes")
        return pdu.pdv_header(context_id, length, pdu.LAST_BIT if is_last else 0)

    def release(self) -> bytes:
        """The A-RELEASE-RQ; `Released` follows."""
        self._want(Trigger.WANT_RELEASE)
        return pdu.release_request()

    def confirm_release(self) -> bytes:
        """The A-RELEASE-RP, the answer to `ReleaseRequested`."""
        self._want(Trigger.WANT_RELEASE_RESPONSE)
        return pdu.release_response()

    def abort(self, source: AbortSource = AbortSource.USER, reason: AbortReason = AbortReason.NOT_SPECIFIED) -> bytes:
        """The A-ABORT by which our side ends the association. Nothing is sent (b"") where the table knows no such
        wish.
        """
        if (Trigger.WANT_ABORT, self.state) not in TABLE:
            return b""
        self._step(Trigger.WANT_ABORT)
        self._deaf = True
        return pdu.abort(source, reason)

    # what happens to us

    def receive(self, view: memoryview) -> Iterator[WireEvent]:
        """What the bytes of `view` (format "B") mean, one event at a time.

        The caller may act between two of them, but must take them all before the next `receive`.
        """
        if self._deaf or self.must_close:
            return
        try:
            for part in self._reader.feed(view):
                yield from self._piece(part) if isinstance(part, Piece) else self._whole(part)
                if self._deaf or self.must_close:
                    return
        except _Unexpected as unexpected:
            yield from self._violate(unexpected, unexpected.trigger)
        except Malformed as malformed:
            yield from self._violate(malformed, Trigger.INVALID_CAME)

    def closed(self) -> Iterator[WireEvent]:
        """The transport was closed by the other side, or broke."""
        if self.must_close:
            return
        if ACTIONS[self._step(Trigger.TRANSPORT_CLOSED)].tells:
            yield Aborted(None, AbortReason.NOT_SPECIFIED)

    def artim_expired(self) -> None:
        """The ARTIM timer has expired: `must_close` becomes true, nothing is sent (PS3.8 AA-2)."""
        if self.artim:
            self._step(Trigger.ARTIM_EXPIRED)

    # inside

    def _step(self, trigger: Trigger) -> str:
        """Take the step of Table 9-10; the name of the action."""
        action = TABLE[trigger, self.state]
        self.state = next_state(action, self.role)
        return action

    def _want(self, trigger: Trigger) -> None:
        if (trigger, self.state) not in TABLE:
            raise LocalError(f"{trigger.name} is not possible in Sta{int(self.state)}")
        self._step(trigger)

    def _want_data(self, context_id: int) -> None:
        if context_id not in self.contexts:
            raise LocalError("a presentation context that was not accepted")
        self._want(Trigger.WANT_DATA)

    def _establish(self, established: Sequence[PresentationContext], peer: UserInformation) -> None:
        self.contexts.update((context.id, context) for context in established)
        self.peer = peer

    def _on_head(self, kind: int, length: int) -> Take:
        """Decide on the head alone, before a body is waited for: unknown, unexpected or too long PDUs end here."""
        trigger = _CAME.get(kind)
        if trigger is None:
            what = "TLS, on a port without TLS" if kind == _TLS_HANDSHAKE else "a PDU of unknown type"
            raise Malformed(what, AbortReason.UNRECOGNISED_PDU)
        action = TABLE[trigger, self.state]
        if action == "AA-6":
            return Take.SKIP
        if ACTIONS[action].send in (Send.ABORT_USER, Send.ABORT_PROVIDER):
            raise _Unexpected(trigger)
        if kind == pdu.P_DATA:
            if length < 6 or length > (self.limits.max_pdu or 0xFFFFFFFF):
                raise Malformed("a P-DATA-TF is empty or longer than what was agreed")
            return Take.PIECES
        if kind in (pdu.ASSOCIATE_RQ, pdu.ASSOCIATE_AC):
            if length > self.limits.associate:
                raise Malformed("an association PDU over the cap")
        elif length != _FIXED_LENGTH:
            raise Malformed("a PDU of fixed length has another length")
        return Take.WHOLE

    def _piece(self, piece: Piece) -> Iterator[WireEvent]:
        if self.state is State.AWAITING_CLOSE:
            return
        if TABLE[Trigger.DATA_CAME, self.state] not in ("DT-2", "AR-6"):
            raise _Unexpected(Trigger.DATA_CAME)
        event = self._messages.take(piece)
        if event is not None:
            yield event

    def _whole(self, part: Whole) -> Iterator[WireEvent]:
        trigger = _CAME[part.kind]
        if self.state is State.AWAITING_CLOSE and trigger is not Trigger.ABORT_CAME:
            return
        if trigger is Trigger.RQ_CAME:
            yield self._requested(part.body)
        elif trigger is Trigger.AC_CAME:
            yield self._accepted(part.body)
        else:
            if self._messages.unfinished and trigger is not Trigger.ABORT_CAME:
                raise Malformed("a PDU inside a message", AbortReason.UNEXPECTED_PDU)
            tells = ACTIONS[self._step(trigger)].tells
            if trigger is Trigger.RJ_CAME:
                yield AssociateRejected(pdu.read_rejection(part.body))
            elif trigger is Trigger.RELEASE_RQ_CAME:
                yield ReleaseRequested()
            elif trigger is Trigger.RELEASE_RP_CAME:
                yield Released()
            elif tells:
                yield Aborted(part.body[2], part.body[3])

    def _requested(self, body: bytes) -> WireEvent:
        """AE-6: what the provider refuses by itself is refused before it is decoded."""
        version = pdu.read_version(body)
        titles = pdu.read_titles(body)
        refusal = VERSION_UNKNOWN if not version & 1 else self._screen(titles) if self._screen else None
        if refusal is None:
            self._proposed = pdu.read_request(body, titles, self.limits)
            if self._proposed is not None:
                self._step(Trigger.RQ_CAME)
                return AssociateRequested(self._proposed)
            refusal = APPLICATION_CONTEXT_UNKNOWN
        self.state = next_state("AE-6R", self.role)
        return AssociateRefused(titles, refusal, pdu.rejection(refusal))

    def _accepted(self, body: bytes) -> WireEvent:
        assert self._proposed is not None
        accept = pdu.read_accept(body, self.limits)
        established = contexts.accepted(self._proposed.contexts, accept.results)
        self._step(Trigger.AC_CAME)
        self._establish(established, accept.user)
        return AssociateAccepted(accept, established)

    def _violate(self, malformed: Malformed, trigger: Trigger) -> Iterator[WireEvent]:
        """The protocol's own answer to what must not come: AA-1, AA-7 or AA-8."""
        self._deaf = True
        send = ACTIONS[self._step(trigger)].send
        if send is Send.ABORT_USER:
            source, reason = AbortSource.USER, AbortReason.NOT_SPECIFIED
        else:
            source, reason = AbortSource.PROVIDER, malformed.reason
        yield Violated(malformed.problem, source, reason, pdu.abort(source, reason))


class _Unexpected(Malformed):
    """A PDU that the state does not expect."""

    def __init__(self, trigger: Trigger) -> None:
        super().__init__("a PDU that the state of the association does not expect", AbortReason.UNEXPECTED_PDU)
        self.trigger = trigger
