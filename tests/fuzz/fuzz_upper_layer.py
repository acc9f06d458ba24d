"""A peer's bytes of any kind, in both roles: the upper layer and the storage service answer or abort, and never raise.

The first bytes say how the rest is fed: in which role, and in pieces of which length. What is promised: the same events
whatever the pieces are, one abort at most and nothing after it, no more held than the caps allow, and 0x0000 only for
an object that was accepted byte for byte as it was sent.
"""

import hashlib
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

from dicomrules.dicom.source import MemoryBytes
from dicomrules.model.exchange import Association, CommandSet
from dicomrules.model.instance import Envelope, Receipt, Verdict
from dicomrules.model.receiver import Limits
from dicomrules.net.service import Breach
from dicomrules.receivers.budget import Budget
from dicomrules.receivers.performer import StoragePerformer, Surroundings
from dicomrules.wire import pdu
from dicomrules.wire.associate import (
    LIMIT_EXCEEDED,
    AssociateAccept,
    AssociateRequest,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomrules.wire.connection import Connection
from dicomrules.wire.contexts import ContextPolicy, negotiate
from dicomrules.wire.dimse import CommandField, encode, store_request
from dicomrules.wire.events import (
    Aborted,
    AssociateAccepted,
    AssociateRefused,
    AssociateRequested,
    CommandReceived,
    DataFragment,
    ReleaseRequested,
    Violated,
    WireEvent,
)
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.states import Role
from tests.fuzz.octets import edit
from tests.objects import ct, data_set_bytes
from tests.peers import raw_dul as raw

LONGEST = 8_000
LIMITS = WireLimits(max_pdu=16 * 1024, associate=4096, contexts=16, transfer_syntaxes=8, command=1024)
MOST_HELD = 8192
STEPS = (1, 2, 3, 5, 7, 11, 64, 1 << 20)
EDGES = (
    b"\0",
    b"\xff",
    b"\0\0",
    b"\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x01\0",
    b"\0\x04",
)
REQUEST = AssociateRequest(
    "ROUTER",
    "RAW",
    (
        ProposedContext(1, raw.CT, (raw.EXPLICIT, raw.IMPLICIT)),
        ProposedContext(3, raw.VERIFICATION, (raw.IMPLICIT,)),
    ),
    UserInformation(16384, "1.2.3.4", "TEST"),
)
_ASSOCIATION = Association("0", "RAW", "ROUTER", "192.0.2.7:4711", datetime(2026, 1, 1, tzinfo=UTC), "1.2.3.4", 16384)


def check(data: bytes) -> int:
    """Feed the bytes as they say; whether an association came of them. AssertionError: a promise is broken."""
    how, stream = data[:2].ljust(2, b"\0"), data[2:]
    role = Role.REQUESTOR if how[0] & 1 else Role.ACCEPTOR
    whole, pieces = _Side(role), _Side(role)
    whole.feed(stream, 1 << 20)
    pieces.feed(stream, STEPS[how[1] % len(STEPS)])
    assert whole.told == pieces.told, "what a stream means depends on how it was cut"
    assert whole.sent == pieces.sent, "what is answered depends on how the stream was cut"
    return whole.associations


@dataclass
class _File:
    """Stands in for an incoming file of the spool."""

    name: str
    content: bytearray = field(default_factory=bytearray)

    def write(self, chunk: bytes | memoryview) -> None:
        self.content += chunk

    @property
    def length(self) -> int:
        return len(self.content)

    def finish(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def source(self) -> MemoryBytes:
        return MemoryBytes(bytes(self.content))


class _Spool:
    """Stands in for the spool: what is open, and what became of it."""

    def __init__(self) -> None:
        self.open: dict[str, _File] = {}

    def receive(self, *_: str) -> _File:
        made = _File(str(len(self.open)))
        self.open[made.name] = made
        return made

    def discard(self, name: str) -> None:
        self.open.pop(name)


class _Side:
    """Our side of one association, driven as `net.link` drives it."""

    def __init__(self, role: Role) -> None:
        self.connection = Connection(role, LIMITS)
        self.told: list[object] = []  # events, neighbouring fragments joined
        self.sent = b""
        self.associations = 0
        self._aborts = 0
        self._spool = _Spool()
        self._accepted: dict[str, str] = {}  # SOP Instance UID -> digest
        self._performer: StoragePerformer | None = None
        self._fragments = bytearray()  # of the data set under way
        self._stored: CommandSet | None = None  # the C-STORE-RQ under way
        if role is Role.REQUESTOR:
            self.sent += self.connection.request(REQUEST)

    def feed(self, stream: bytes, step: int) -> None:
        """All of it, in pieces of `step` bytes; then the transport is closed."""
        for start in range(0, len(stream), step):
            for event in self.connection.receive(memoryview(bytearray(stream[start : start + step]))):
                self._on(event)
            assert self._held() <= MOST_HELD
            if self.connection.must_close:
                break
        for event in self.connection.closed():
            self._on(event)
        self._end()
        assert self.connection.must_close
        assert not self._spool.open, "an incoming file is left"

    def _held(self) -> int:
        connection = self.connection
        return len(connection._reader._held) + len(connection._messages._command)

    def _on(self, event: WireEvent) -> None:
        assert not self._aborts, "something came after an abort"
        self._tell(event)
        match event:
            case AssociateRequested(request):
                results = negotiate(request.contexts, ContextPolicy(unknown_classes=True))
                self.sent += self.connection.accept(results, REQUEST.user)
                self._begin()
            case AssociateAccepted():
                self._begin()
            case AssociateRefused(_, _, answer):
                self.sent += answer
            case Violated(_, source, reason, answer):
                assert answer == pdu.abort(source, reason)
                self.sent += answer
                self._aborts += 1
                self._end()
            case Aborted():
                self._end()
            case ReleaseRequested():
                self.sent += self.connection.confirm_release()
            case CommandReceived():
                self._command(event)
            case DataFragment(context_id, view, last):
                self._data(context_id, view, last)

    def _tell(self, event: WireEvent) -> None:
        if isinstance(event, DataFragment):
            if self.told and isinstance(self.told[-1], bytes):
                self.told[-1] += bytes(event.data)
            else:
                self.told.append(bytes(event.data))
            if event.is_last:
                self.told.append("last")
        else:
            self.told.append(event)

    def _begin(self) -> None:
        self.associations += 1
        assert all(context.id % 2 for context in self.connection.contexts.values())
        surroundings = Surroundings(
            "fuzzed",
            self._spool,
            self,
            _pool(),
            Budget(1 << 30),
            Limits(),
            lambda: True,  # type: ignore[arg-type]
        )
        self._performer = StoragePerformer(surroundings, _ASSOCIATION, list(self.connection.contexts.values()))

    async def accept(self, envelope: Envelope) -> Receipt:
        """The inbox: remembers what was accepted."""
        self._accepted[envelope.key.sop_instance] = envelope.digest
        self._spool.discard(envelope.spool_ref)
        if envelope.derived_ref:
            self._spool.discard(envelope.derived_ref)
        return Receipt(Verdict.SEND)

    def _command(self, event: CommandReceived) -> None:
        assert self._performer is not None
        is_store = event.command["CommandField"] == CommandField.C_STORE_RQ
        self._stored = event.command if is_store else None
        self._fragments.clear()
        self._perform(event.context_id, self._performer.command(event))

    def _data(self, context_id: int, view: memoryview, last: bool) -> None:
        if self._performer is None:
            return
        self._fragments += view
        self._perform(context_id, self._performer.data([view], last))

    def _perform(self, context_id: int, operation: Coroutine[Any, Any, CommandSet | None]) -> None:
        try:
            response = _run(operation)
        except Breach:
            self.sent += self.connection.abort()
            self._end()
            return
        if response is not None:
            self._answered(response)
            if self.connection.may_send:
                self.sent += self.connection.command(context_id, response)

    def _answered(self, response: CommandSet) -> None:
        """0x0000 to a C-STORE-RQ: only for what was accepted, whole."""
        if response["CommandField"] != CommandField.C_STORE_RSP or response["Status"]:
            return
        assert self._stored is not None
        instance = str(self._stored["AffectedSOPInstanceUID"])
        assert self._accepted[instance] == hashlib.sha256(self._fragments).hexdigest(), "a false 0x0000"

    def _end(self) -> None:
        if self._performer is not None:
            self._performer.ended()
            self._performer = None


def _run(operation: Coroutine[Any, Any, CommandSet | None]) -> CommandSet | None:
    """Run what never has to wait: small objects need no thread."""
    try:
        operation.send(None)
    except StopIteration as done:
        result: CommandSet | None = done.value
        return result
    raise AssertionError("an operation on a small object waits for something")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@cache
def corpus() -> tuple[bytes, ...]:
    """Whole associations as a peer would hold them, in both roles."""
    return tuple(bytes((role, number)) + stream for role in (0, 1) for number, stream in enumerate(_streams(role)))


def _streams(role: int) -> Iterator[bytes]:
    user = UserInformation(
        16384,
        "1.2.3.4",
        "PEER",
        (0, 0),
        (RoleSelection(raw.CT, True, True),),
        UserIdentity(2, True, b"user", b"passcode") if not role else None,
    )
    request = AssociateRequest("ROUTER", "RAW", REQUEST.contexts, user)
    results = negotiate(REQUEST.contexts, ContextPolicy())
    opened = pdu.accept(AssociateAccept(results, user), "ROUTER", "RAW") if role else pdu.request(request)
    made = ct(size=4)
    dataset = data_set_bytes(made, raw.EXPLICIT)
    store = encode(store_request(1, raw.CT, str(made.SOPInstanceUID)))
    stored = raw.p_data(raw.pdv(1, 3, store)) + raw.p_data(raw.pdv(1, 2, dataset))
    parts = raw.p_data(raw.pdv(1, 1, store[:20]), raw.pdv(1, 3, store[20:]), raw.pdv(1, 0, dataset[:100]))
    parts += raw.p_data(raw.pdv(1, 0, b""), raw.pdv(1, 0, dataset[100:-2])) + raw.p_data(raw.pdv(1, 2, dataset[-2:]))
    echo = raw.p_data(raw.pdv(3, 3, raw.c_echo_rq()))
    yield opened + echo + raw.RELEASE_RQ
    yield opened + stored + echo + stored + raw.RELEASE_RQ
    yield opened + parts + raw.RELEASE_RQ + raw.RELEASE_RQ
    yield opened + raw.p_data(raw.pdv(1, 3, store)) + raw.p_data(raw.pdv(1, 0, dataset[:50])) + pdu.abort(0, 0)
    yield opened + raw.p_data(raw.pdv(3, 3, raw.c_echo_rq(field=0x0020))) + echo
    yield opened + raw.p_data(raw.pdv(3, 3, raw.c_echo_rq(field=0x8001)))
    yield pdu.rejection(LIMIT_EXCEEDED) if role else raw.associate_rq(extra=raw.item(0x58, b"\x01\0\0\x04name\0\0"))
    yield opened + raw.RELEASE_RP
    yield opened + opened


def mutated(data: bytes, random: Random) -> bytes:
    """The bytes with a few places changed: bits, lengths, pieces dropped, doubled, moved, or of other associations."""
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        chance = random.random()
        if chance < 0.1 and made:
            at = random.randrange(len(made))
            made[at] = (made[at] + random.choice([-1, 1, 2, 4])) % 256  # a length that is not quite right
        elif chance < 0.2 and len(made) > 1:
            made[1] = random.randrange(256)  # how it is fed
        else:
            edit(made, (1, 2, 4, 6, 10, 74, 200, 400), EDGES, corpus(), random)
    return bytes(made[:LONGEST])
