"""A test destination: a C-STORE and C-ECHO SCP on a real socket that remembers what it got and misbehaves by script.

It reads and writes PDUs by hand and shares no code with the gateway, so that an error there cannot hide here. Data
sets are kept as SHA-256 and length (and whole with `keep=True`). `with Sink(Behaviour(status=0xA700)) as sink: ...
sink.port`
"""

import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Behaviour:
    """What the sink does. The plain one is a good SCP.

    `answer`, `status` and `then` apply to responses whose number within the association (from 1) is at least
    `from_message`; before that the sink is good.
    """

    # accept | silent (takes the TCP connection and says nothing) | close | garbage
    connect: str = "accept"
    # result, source and reason of an A-ASSOCIATE-RJ
    reject: tuple[int, int, int] | None = None
    # the only titles that are accepted
    called: str | None = None
    calling: str | None = None
    # the Maximum Length advertised; 0: any
    max_length: int = 16384
    # abstract syntaxes refused with result 3; ("*",): all
    refuse_classes: tuple[str, ...] = ()
    # the transfer syntaxes accepted, best first; None: the first that is proposed; and the result for all others
    syntaxes: tuple[str, ...] | None = None
    context_result: int = 4
    # respond | silent | close | reset | abort | release | garbage | wrong message id | wrong instance | wrong class |
    # echo response | no status | twice | data set
    answer: str = "respond"
    status: int = 0x0000
    from_message: int = 1
    # after so many bytes of a data set `answer` comes at once, as close, reset, abort, release or garbage; 0: after all
    cut_after: int = 0
    # seconds before each response
    delay: float = 0.0
    # bytes read a second once there is an association; 0: as fast as they come
    read_rate: int = 0
    # after a response: stay | close | abort | release
    then: str = "stay"


@dataclass
class Stored:
    """One data set that came whole, and what it came with. `answered` is the status sent back; None: no usable one."""

    association: int
    calling_aet: str
    called_aet: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    sha256: str
    length: int
    answered: int | None
    data_set: bytes = b""


@dataclass
class Seen:
    """One association as the sink saw it. `ended` is released, aborted, or closed; `max_pdu` the longest P-DATA-TF
    that came.
    """

    number: int
    calling_aet: str = ""
    called_aet: str = ""
    contexts: dict[int, tuple[str, str]] = field(default_factory=dict)
    ended: str = ""
    echoes: int = 0
    max_pdu: int = 0
    incomplete: int = 0  # data sets of which the last fragment never came


class _Over(Exception):
    """This connection is done with."""


class Sink:
    """The SCP: listens as soon as it is made. `behaviour` may be replaced while it runs, or be a function of the
    association's number.
    """

    def __init__(
        self,
        behaviour: Behaviour | Callable[[int], Behaviour] = Behaviour(),
        port: int = 0,
        keep: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.behaviour = behaviour
        self.stored: list[Stored] = []
        self.associations: list[Seen] = []
        self.connections = 0
        self.keeps = keep
        self._tls = tls
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut the connections there are now, as a restarted peer would."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def digests(self) -> list[str]:
        """SHA-256 of every data set that came whole, in order."""
        with self._lock:
            return [stored.sha256 for stored in self.stored]

    def acknowledged(self) -> list[Stored]:
        """The data sets that were answered with success or a warning."""
        with self._lock:
            return [s for s in self.stored if s.answered is not None and s.answered >> 12 in (0x0, 0xB)]

    def wait(self, condition: Callable[["Sink"], bool], seconds: float = 5.0) -> None:
        """Wait until `condition` holds, or fail."""
        deadline = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < deadline, "the sink did not see what was expected"
            time.sleep(0.005)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(_Over, OSError):
                if self._tls:
                    connection = self._secure(connection, self._tls)
                with connection:
                    _Conversation(self, connection).run()
        with self._lock:
            self._open.discard(connection)

    def _secure(self, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        """The handshake; the TLS socket takes the place of the plain one."""
        secured = tls.wrap_socket(connection, server_side=True)
        with self._lock:
            self._open.discard(connection)
            self._open.add(secured)
        return secured

    def begin(self) -> tuple[Seen, Behaviour]:
        """A new association, and how to behave on it."""
        with self._lock:
            seen = Seen(len(self.associations) + 1)
            self.associations.append(seen)
        behaviour = self.behaviour
        return seen, behaviour if isinstance(behaviour, Behaviour) else behaviour(seen.number)

    def keep(self, stored: Stored) -> None:
        """Remember one data set."""
        with self._lock:
            self.stored.append(stored)


class _Conversation:
    """One connection, from the first PDU to the last."""

    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        self._sink = sink
        self._connection = connection
        self._seen, self._behave = sink.begin()
        self._responses = 0

    def run(self) -> None:
        if self._behave.connect == "silent":
            while self._connection.recv(65536):
                continue
        if self._behave.connect == "garbage":
            self._connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if self._behave.connect != "accept":
            return
        try:
            self._associate()
            while True:
                self._message()
        finally:
            self._seen.ended = self._seen.ended or "closed"

    # association

    def _associate(self) -> None:
        kind, body = self._pdu()
        if kind != 0x01:
            raise _Over
        seen, behave = self._seen, self._behave
        seen.called_aet, seen.calling_aet = body[4:20].decode().strip(), body[20:36].decode().strip()
        rejection = behave.reject
        if behave.called is not None and seen.called_aet != behave.called:
            rejection = (1, 1, 7)
        elif behave.calling is not None and seen.calling_aet != behave.calling:
            rejection = (1, 1, 3)
        if rejection:
            self._connection.sendall(struct.pack(">BxL4B", 0x03, 4, 0, *rejection))
            seen.ended = "rejected"
            raise _Over
        results = b"".join(self._context(value) for item, value in _items(body[68:]) if item == 0x20)
        user = _item(0x51, struct.pack(">L", behave.max_length)) + _item(0x52, b"1.2.3.4") + _item(0x55, b"SINK")
        accept = body[:68] + _item(0x10, b"1.2.840.10008.3.1.1.1") + results + _item(0x50, user)
        self._connection.sendall(struct.pack(">BxL", 0x02, len(accept)) + accept)

    def _context(self, value: bytes) -> bytes:
        uids = [uid.decode() for _, uid in _items(value[4:])]
        abstract, proposed = uids[0], uids[1:]
        behave = self._behave
        accepted = [uid for uid in behave.syntaxes if uid in proposed] if behave.syntaxes is not None else proposed
        result = 0
        if abstract in behave.refuse_classes or "*" in behave.refuse_classes:
            result = 3
        elif not accepted:
            result = behave.context_result
        else:
            self._seen.contexts[value[0]] = (abstract, accepted[0])
        syntax = accepted[0] if accepted else proposed[0]
        return _item(0x21, bytes((value[0], 0, result, 0)) + _item(0x40, syntax.encode()))

    # messages

    def _message(self) -> None:
        """One command set and, for C-STORE, its data set; then the answer."""
        context_id, encoded = self._fragments(is_command=True)
        command = dict(_elements(encoded))
        field_ = command[0x0100]
        if field_ == 0x0030:
            self._seen.echoes += 1
            self._answer(context_id, command)
            return
        self._seen.incomplete += 1
        _, data_set = self._fragments(is_command=False)
        self._seen.incomplete -= 1
        self._answer(context_id, command, self._stored(context_id, command, data_set))

    def _stored(self, context_id: int, command: dict[int, int | str], data_set: bytes) -> Stored:
        return Stored(
            association=self._seen.number,
            calling_aet=self._seen.calling_aet,
            called_aet=self._seen.called_aet,
            sop_class=str(command[0x0002]),
            sop_instance=str(command[0x1000]),
            transfer_syntax=self._seen.contexts[context_id][1],
            sha256=hashlib.sha256(data_set).hexdigest(),
            length=len(data_set),
            answered=None,
            data_set=data_set if self._sink.keeps else b"",
        )

    def _answer(self, context_id: int, command: dict[int, int | str], stored: Stored | None = None) -> None:
        """Answer as scripted."""
        self._responses += 1
        scripted = self._responses >= self._behave.from_message
        answer = self._behave.answer if scripted else "respond"
        status = self._behave.status if scripted else 0x0000
        time.sleep(self._behave.delay)
        if stored is not None:
            stored.answered = status if answer in ("respond", "twice") else None
            self._sink.keep(stored)
        self._refuse_to_answer(answer)
        response = _data_pdu(context_id, 0x03, _response(command, answer, status))
        self._connection.sendall(response * (2 if answer == "twice" else 1))
        if scripted:
            self._leave(self._behave.then)

    def _refuse_to_answer(self, answer: str) -> None:
        if answer == "silent":
            while self._connection.recv(65536):
                continue
            raise _Over
        if answer == "garbage":
            self._connection.sendall(b"\x99" * 64)
            raise _Over
        self._leave(answer)

    def _leave(self, how: str) -> None:
        """End the association in this way; any other word: stay."""
        if how == "abort":
            self._connection.sendall(struct.pack(">BxL4B", 0x07, 4, 0, 0, 2, 0))
        elif how == "release":
            self._connection.sendall(struct.pack(">BxL4x", 0x05, 4))
            self._pdu()
        elif how == "reset":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how != "close":
            return
        raise _Over

    # bytes

    def _fragments(self, is_command: bool) -> tuple[int, bytes]:
        """The PDVs up to the last fragment of a command set or data set."""
        whole = bytearray()
        while True:
            kind, body = self._pdu()
            if kind != 0x04:
                self._other(kind)
            self._seen.max_pdu = max(self._seen.max_pdu, len(body))
            for context_id, control, value in _pdvs(body):
                assert bool(control & 1) is is_command, "a command where data was due, or the other way round"
                assert context_id in self._seen.contexts, "a context that was not accepted"
                whole += value
                if not is_command and 0 < self._behave.cut_after < len(whole):
                    self._refuse_to_answer(self._behave.answer)
                if control & 2:
                    return context_id, bytes(whole)

    def _other(self, kind: int) -> None:
        if kind == 0x05:
            self._connection.sendall(struct.pack(">BxL4x", 0x06, 4))
            self._seen.ended = "released"
        elif kind == 0x07:
            self._seen.ended = "aborted"
        raise _Over

    def _pdu(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxL", self._exactly(6))
        return kind, self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        whole = bytearray()
        rate = self._behave.read_rate if self._seen.contexts else 0
        while len(whole) < length:
            got = self._connection.recv(min(length - len(whole), rate or 1 << 20))
            if not got:
                raise _Over
            whole += got
            if rate:
                time.sleep(1)
        return bytes(whole)


def _items(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(encoded):
        kind, length = struct.unpack_from(">BxH", encoded, position)
        yield kind, encoded[position + 4 : position + 4 + length]
        position += 4 + length


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _pdvs(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    position = 0
    while position < len(body):
        length, context_id, control = struct.unpack_from(">LBB", body, position)
        yield context_id, control, body[position + 6 : position + 4 + length]
        position += 4 + length


def _data_pdu(context_id: int, control: int, value: bytes) -> bytes:
    return struct.pack(">BxLLBB", 0x04, len(value) + 6, len(value) + 2, context_id, control) + value


_TEXTS = (0x0002, 0x1000)


def _elements(encoded: bytes) -> Iterator[tuple[int, int | str]]:
    """The elements of a command set, Implicit VR Little Endian: UIDs as text, the rest as numbers."""
    position = 0
    while position < len(encoded):
        group, element, length = struct.unpack_from("<HHL", encoded, position)
        value = encoded[position + 8 : position + 8 + length]
        assert group == 0
        yield element, value.decode().strip("\0 ") if element in _TEXTS else int.from_bytes(value, "little")
        position += 8 + length


def _element(number: int, value: int | str) -> bytes:
    raw = struct.pack("<H", value) if isinstance(value, int) else value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HHL", 0, number, len(raw)) + raw


def _response(command: dict[int, int | str], answer: str, status: int) -> bytes:
    field_ = int(command[0x0100]) | 0x8000
    elements: dict[int, int | str] = {
        0x0002: "1.2.3.4.5" if answer == "wrong class" else command[0x0002],
        0x0100: 0x8030 if answer == "echo response" else field_,
        0x0120: (int(command[0x0110]) + (answer == "wrong message id")) & 0xFFFF,
        0x0800: 0x0001 if answer == "data set" else 0x0101,
        0x0900: status,
    }
    if 0x1000 in command:
        elements[0x1000] = "1.2.3.4.5.6" if answer == "wrong instance" else command[0x1000]
    if answer == "no status":
        del elements[0x0900]
    body = b"".join(_element(number, value) for number, value in elements.items())
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body
