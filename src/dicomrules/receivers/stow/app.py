"""The Store transaction of the Studies service (PS3.18 10.5) as an ASGI application.

Nothing is answered as stored that is not safe: each part that is whole goes to the inbox, and the response is made of
what the inbox has said of it. A request that breaks off is not answered; what of it was safe before stays, and is
recognised when it is sent again.
"""

import secrets
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any

from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Peer
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import StowReceiver
from dicomrules.receivers.budget import Budget
from dicomrules.receivers.room import has_room
from dicomrules.receivers.scp import Means
from dicomrules.receivers.stow.answer import Result, body_of, status_of
from dicomrules.receivers.stow.body import Body, Gone, Receive, Send, TooSlow
from dicomrules.receivers.stow.multipart import Malformed, MultipartReader, PartBegan, PartEnded
from dicomrules.receivers.stow.part import Shelf
from dicomrules.receivers.stow.request import RETRY_AFTER, Refused, Request, Rules
from dicomrules.receivers.stow.storing import Storing, Surroundings
from dicomrules.wire.limits import Deadlines

Header = tuple[bytes, bytes]

_CLOSE: Header = (b"connection", b"close")
_AGAIN: Header = (b"retry-after", str(RETRY_AFTER).encode())


@dataclass(frozen=True, slots=True)
class _Call:
    """One request on its connection."""

    id: str
    address: str
    body: Body
    send: Send
    waits: bool  # it wants to be told that it may go on (Expect: 100-continue)


class StowApp:
    """The ASGI application of one receiver."""

    def __init__(self, receiver: StowReceiver, means: Means, deadlines: Deadlines) -> None:
        self._receiver = receiver
        self._emit: Emit = means.emit
        self._deadlines = deadlines
        self._rules = Rules(receiver, partial(has_room, means.spool, receiver.limits))
        shelf = Shelf(means.spool, receiver.limits)
        self._around = Surroundings(shelf, means.inbox, means.pool, Budget(receiver.limits.memory))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Perform one request."""
        waits = any(name == b"expect" for name, _ in scope["headers"])
        client = scope["client"][0] if scope["client"] else ""
        call = _Call(secrets.token_hex(8), client, Body(receive, self._deadlines), send, waits)
        try:
            await self._store(call, self._rules.read(scope))
        except Refused as refused:
            self._note("stow.refused", Level.WARNING, "a request was refused", call, refused.status, str(refused))
            if not waits:
                await call.body.discard()
            await _answer(call, refused.status, f"{refused}\n".encode(), _TEXT, (*refused.headers, _CLOSE))

    async def _store(self, call: _Call, request: Request) -> None:
        receiver = self._receiver
        peer = Peer(receiver.calling_aet, receiver.called_aet, call.address, receiver.name)
        storing = Storing(self._around, peer, call.id, request.study)
        broken: Refused | None = None
        gone = False
        try:
            await self._read(call, request, storing)
        except Malformed as malformed:
            broken = Refused(malformed.status, f"The body is malformed: {malformed}.")
        except TooSlow:
            broken = Refused(408, "The body came too slowly.")
        except Gone:
            gone = True
        finally:  # whatever happens, no part stays half done
            results = await storing.results()
        if gone:
            text = "a request broke off and is not answered; what of it was safe before stays"
            self._note("stow.broken", Level.WARNING, text, call, 0, f"{len(results)} parts were whole")
            return
        if broken is None and not results:
            broken = Refused(400, "The body has no part.")
        await self._respond(call, request, results, broken)

    async def _read(self, call: _Call, request: Request, storing: Storing) -> None:
        """Read the body to its end. Raises Malformed, TooSlow and Gone."""
        if request.boundary is None:
            storing.began({})
            async for piece in call.body.pieces():
                await storing.came(piece)
            await storing.ended()
            return
        reader = MultipartReader(request.boundary)
        async for piece in call.body.pieces():
            for event in reader.feed(piece):
                if isinstance(event, memoryview):
                    await storing.came(event)
                elif isinstance(event, PartEnded):
                    await storing.ended()
                elif isinstance(event, PartBegan):
                    storing.began(event.headers)
        if not reader.is_whole:
            raise Malformed("it ends before its closing boundary")

    async def _respond(self, call: _Call, request: Request, results: list[Result], broken: Refused | None) -> None:
        failed = [each for each in results if not each.is_stored]
        status = broken.status if broken else status_of(results)
        if broken is not None:
            self._note("stow.refused", Level.WARNING, "a request was refused", call, status, str(broken))
            if broken.status != 408:
                await call.body.discard()
        elif failed:
            why = f"{len(failed)} of {len(results)}, the first: {failed[0].comment or hex(failed[0].reason)}"
            self._note("stow.failed", Level.WARNING, "instances of a request were not stored", call, status, why)
        more = (*((_CLOSE,) if broken else ()), *((_AGAIN,) if status == 503 else ()))
        if broken is not None and not results:
            await _answer(call, status, f"{broken}\n".encode(), _TEXT, more)
        else:
            await _answer(call, status, body_of(results, request.form), request.form, more)

    def _note(self, name: str, level: Level, text: str, call: _Call, status: int, why: str) -> None:
        fields: dict[str, str | int | float] = {
            "receiver": self._receiver.name,
            "address": call.address,
            "request": call.id,
            "status": status,
            "why": why,
        }
        self._emit(Event(name, level, text, {name: value for name, value in fields.items() if value}))


_TEXT = "text/plain; charset=utf-8"


async def _answer(call: _Call, status: int, body: bytes, kind: str, more: tuple[Header, ...]) -> None:
    headers = [
        (b"date", formatdate(usegmt=True).encode()),
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", call.id.encode()),
        *more,
    ]
    await call.send({"type": "http.response.start", "status": status, "headers": headers})
    await call.send({"type": "http.response.body", "body": body})
