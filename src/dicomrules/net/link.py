"""One accepted TCP connection: receives into one buffer while the other is worked on, and answers.

The protocol object only fills buffers. One task for each connection looks at what came, asks `wire` what it means, and
lets the service's performer act; while it is busy and both buffers are full, reading is paused: that is the
back-pressure. Everything of one association happens in that task, in order, so two objects of one peer can never
mix.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dicomrules.model.event import Level
from dicomrules.model.exchange import Association, CommandSet
from dicomrules.net import tcp
from dicomrules.net.buffers import DoubleBuffer
from dicomrules.net.service import Breach, Caller, Performer, Unprompted
from dicomrules.net.tls import names_shown
from dicomrules.net.watch import Overdue, Watch
from dicomrules.wire import pdu
from dicomrules.wire.associate import Rejection, Titles
from dicomrules.wire.connection import Connection
from dicomrules.wire.events import (
    Aborted,
    AssociateRefused,
    AssociateRequested,
    CommandReceived,
    DataFragment,
    ReleaseRequested,
    Violated,
    WireEvent,
)
from dicomrules.wire.states import Role

if TYPE_CHECKING:
    from dicomrules.net.listener import Listener

_SPEAKS_AFTER = 1.0  # seconds without a byte between two messages, after which we may say something by ourselves
_PDV_BEGINS = 12  # bytes of a PDU before the data of its first PDV
_MOST_PIECES = 512  # fragments collected at most, however short they are


class Link(asyncio.BufferedProtocol):
    """The acceptor's side of one connection, from TCP accept to TCP close."""

    def __init__(self, listener: "Listener", secure: bool = False) -> None:
        """`secure`: over TLS, and admitted before its handshake."""
        self._listener = listener
        self._secure = secure
        self.connection = Connection(Role.ACCEPTOR, listener.settings.limits, self._screen)
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(self.connection, listener.settings.deadlines, self._loop.time())
        self._buffers = DoubleBuffer(listener.buffers)
        self._pieces: list[memoryview] = []  # of the data set under way, not yet handed over
        self._context_id = 0  # of that data set
        self._performer: Performer | None = None
        self._association_id = ""
        self._titles: dict[str, str | int | float] = {}
        self._address = ""
        self._port = 0
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._wakes: asyncio.Future[None] | None = None  # the task waits for bytes
        self._room: asyncio.Future[None] | None = None  # the peer does not take our answers
        self._waiting = True  # it is the peer's turn
        self._ended = False  # the peer sends no more
        self._paused = False
        self._open_ends = 2  # the transport and the task: the connection is over when both have ended
        self._closing_since = 0.0

    # called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin, or close it at once when its address has too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        peername = transport.get_extra_info("peername") or ("", 0)
        self._address, self._port = str(peername[0]), int(peername[1])
        if not self._secure and not self._listener.admits(self._address):
            transport.abort()
            return
        self._listener.watch(self)
        if self._socket is not None:
            tcp.prepare(self._socket)
        self._task = self._loop.create_task(self._run())

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go. Called before every receive, so this is where the quick acknowledgement is asked
        for.
        """
        if self._socket is not None:
            tcp.quickack(self._socket)
        if self.connection.established and self._buffers.empty:
            self._buffers.grow()
        return self._buffers.room()

    def buffer_updated(self, nbytes: int) -> None:
        """`nbytes` were received: wake the task, or stop reading until it has time."""
        self._buffers.received(nbytes)
        self._watch.received(nbytes, self._loop.time())
        if nbytes != _PDV_BEGINS or not self._is_mere_beginning():
            self._wake()
        if self._buffers.stuck and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The peer sends no more; what it sent is still answered."""
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._ended = True
        self._wake()
        self.resume_writing()
        self._end()

    def pause_writing(self) -> None:
        """The peer does not take our answers: work on nothing more until it does."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """The peer takes answers again, or is gone."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # called by the listener

    def check(self, now: float) -> None:
        """End the connection when the peer is overdue; say what is to be said when it is silent."""
        if self._buffers.pending:
            self._wake()
        if self._closing_since:
            if self._transport is not None and now - self._closing_since >= self._listener.settings.deadlines.artim:
                self._transport.abort()  # it does not take our last words
            return
        overdue = self._watch.overdue(now, busy=not self._waiting)
        if overdue is None:
            self._let_speak(now)
            return
        self._note("association.overdue", Level.WARNING, "a peer missed a deadline", {"deadline": overdue.value})
        if overdue is Overdue.ARTIM:
            self.connection.artim_expired()
            self.close()
        else:
            self.abort()

    def rests(self, now: float, seconds: float) -> bool:
        """Whether the peer has an association, no message under way, and has said nothing for so long."""
        connection = self.connection
        between = connection.established and not connection.mid_message and not connection.mid_pdu
        return between and self._waiting and self._watch.silent_for(now) >= seconds

    def abort(self) -> None:
        """Send an A-ABORT (0, 0) where there is an association, and close."""
        self._send(self.connection.abort())
        self.close()

    def close(self) -> None:
        """Close after what was written; the task ends."""
        self._ended = True
        self._closing_since = self._closing_since or self._loop.time()
        self._wake()
        if self._transport is not None:
            self._transport.close()

    async def finished(self) -> None:
        """Wait until the task has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _is_mere_beginning(self) -> bool:
        """Whether all that is new is the beginning of a PDV whose data are to follow in the same PDU.

        DCMTK writes it by itself, and it tells the task nothing: it is looked at with the data, or by `check`.
        """
        pending = self._buffers.pending
        if len(pending) != _PDV_BEGINS or not self.connection.between_fragments:
            return False
        kind, length = pending[0], int.from_bytes(pending[2:6])
        return kind == pdu.P_DATA and _PDV_BEGINS - 6 < length <= self.connection.limits.max_pdu

    # the task

    async def _run(self) -> None:
        """Take what was received, until the association is over."""
        try:
            while (view := await self._next()) is not None:
                await self._work(self.connection.receive(view))
                await self._settle()
            await self._work(self.connection.closed())
        except Exception as error:  # noqa: BLE001 - one association's accident must not end the others
            self._note("association.failed", Level.ERROR, "an association ended by an error of ours", _where(error))
            self._send(self.connection.abort())
        finally:
            self._drop()
            self._buffers.release()
            self.close()
            self._end()

    async def _next(self) -> memoryview | None:
        """The next bytes, as soon as there are any and the peer takes our answers; None at the end."""
        if self.connection.must_close:
            return None
        self._waiting = True
        if self._room is not None:
            await self._room
        while not (view := self._buffers.unseen()).nbytes:
            if self._ended:
                return None
            self._wakes = self._loop.create_future()
            await self._wakes
            self._wakes = None
        self._waiting = False
        return view

    async def _work(self, events: Iterator[WireEvent]) -> None:
        """Act on events in order; fragments of a data set are collected until it ends or their buffer is full."""
        for event in events:
            if isinstance(event, DataFragment):
                self._context_id = event.context_id
                self._pieces.append(event.data)
                if event.is_last or len(self._pieces) == _MOST_PIECES:
                    await self._hand_over(event.is_last)
            elif isinstance(event, CommandReceived):
                assert self._performer is not None
                await self._perform(event.context_id, self._performer.command(event))
            else:
                self._act(event)

    async def _settle(self) -> None:
        """Free a buffer that was looked at to its end, so that reading may go on."""
        if self._buffers.spent:
            await self._hand_over(is_last=False)
            self._buffers.recycle()
        elif not self._pieces:
            self._buffers.rewind()
        if self._paused and not self._buffers.stuck and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    async def _hand_over(self, is_last: bool) -> None:
        """Give the performer what was collected of a data set."""
        pieces, self._pieces = self._pieces, []
        if self._performer is not None and (pieces or is_last):
            await self._perform(self._context_id, self._performer.data(pieces, is_last))

    async def _perform(self, context_id: int, operation: Awaitable[CommandSet | None]) -> None:
        """Let the performer act, and send its response if there is one and it may still be sent."""
        try:
            response = await operation
        except Breach as breach:
            self._note("association.aborted", Level.WARNING, str(breach), {"by": "us"})
            self._send(self.connection.abort())
            self._drop()
            return
        if response is not None and self.connection.may_send:
            self._send(self.connection.command(context_id, response))

    def _let_speak(self, now: float) -> None:
        performer = self._performer
        if performer is None or self._speaking is not None or not performer.has_to_say:
            return
        if self.rests(now, _SPEAKS_AFTER):
            self._speaking = self._loop.create_task(self._speak(performer))

    async def _speak(self, performer: Performer) -> None:
        """Say what the performer has to say, if the association is still there by then."""
        try:
            said = await performer.unprompted()
            if said is not None and performer is self._performer and self.connection.may_send:
                self._send(self._message(said))
        except Exception as error:  # noqa: BLE001 - as in _run
            self._note("association.failed", Level.ERROR, "an association ended by an error of ours", _where(error))
            self.abort()
        finally:
            self._speaking = None

    def _message(self, said: Unprompted) -> bytes:
        """The PDUs of a whole message."""
        most = max(self.connection.largest_fragment & ~1, 2)
        parts = [self.connection.command(said.context_id, said.command)]
        for start in range(0, len(said.data_set), most):
            part = said.data_set[start : start + most]
            parts.append(self.connection.data_header(said.context_id, len(part), start + most >= len(said.data_set)))
            parts.append(part)
        return b"".join(parts)

    def _drop(self) -> None:
        """The association is over for its performer; the connection may still wait for the peer to close."""
        if self._performer is not None:
            self._performer.ended()
            self._performer = None
        self._pieces = []

    def _act(self, event: WireEvent) -> None:
        """What concerns the association itself."""
        match event:
            case AssociateRequested(request):
                answer = self._listener.service.answer(request, self._caller())
                if isinstance(answer, Rejection):
                    self._send(self.connection.reject(answer))
                    self._rejected(request.calling_aet, request.called_aet, answer)
                else:
                    self._send(self.connection.accept(*answer))
                    self._establish(request.called_aet, request.calling_aet)
            case AssociateRefused(titles, rejection, answer):
                self._send(answer)
                self._rejected(titles.calling_aet, titles.called_aet, rejection)
            case ReleaseRequested():
                self._send(self.connection.confirm_release())
                self._note("association.released", Level.DEBUG, "an association was released", {})
            case Violated(problem, _, _, answer):
                self._drop()
                self._send(answer)
                self._note("association.aborted", Level.WARNING, problem, {"by": "us"})
            case Aborted(source, _):
                self._drop()
                text = "a peer closed the connection" if source is None else "a peer aborted the association"
                self._note("association.aborted", Level.WARNING, text, {"by": "peer"})
            case _:
                raise AssertionError("an event of the requestor's side")

    def _rejected(self, calling_aet: str, called_aet: str, rejection: Rejection) -> None:
        self._titles = {"calling_aet": calling_aet, "called_aet": called_aet}
        why: dict[str, str | int | float] = {"why": rejection.why} if rejection.why else {}
        self._note("association.rejected", Level.WARNING, rejection.meaning, why)

    def _establish(self, called_aet: str, calling_aet: str) -> None:
        peer = self.connection.peer
        assert peer is not None
        self._association_id = secrets.token_hex(8)
        self._titles = {"calling_aet": calling_aet, "called_aet": called_aet, "association": self._association_id}
        association = Association(
            id=self._association_id,
            calling_aet=calling_aet,
            called_aet=called_aet,
            address=f"{self._address}:{self._port}",
            opened_at=datetime.now(UTC),
            implementation=peer.implementation_version or peer.implementation_class,
            max_pdu=peer.max_pdu,
        )
        contexts = list(self.connection.contexts.values())
        self._performer = self._listener.service.performer(association, contexts)
        self._note(
            "association.established", Level.DEBUG, "an association was established", {"contexts": len(contexts)}
        )

    def _caller(self) -> Caller:
        return Caller(self._address, names_shown(self._socket))

    def _screen(self, titles: Titles) -> Rejection | None:
        return self._listener.screen(titles, self._caller())

    def _send(self, encoded: bytes) -> None:
        if encoded and self._transport is not None and not self._transport.is_closing():
            self._transport.write(encoded)

    def _end(self) -> None:
        self._open_ends -= 1
        if not self._open_ends:
            self._listener.forget(self, self._address)

    def _wake(self) -> None:
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_result(None)

    def _note(self, name: str, level: Level, text: str, fields: dict[str, str | int | float]) -> None:
        self._listener.note(name, level, text, {"address": self._address, **self._titles, **fields})


def _where(error: Exception) -> dict[str, str | int | float]:
    """Type and place of an error; its text might hold received bytes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
    return {"error": type(error).__name__, "place": place}
