"""A STOW-RS request of any kind: it is answered, nothing is raised, and what is called stored is what was sent.

The first byte says in which pieces the body comes, and whether the connection breaks off behind it; the line that
follows is the Content-Type; the rest is the body. What is promised: the same answer whatever the pieces are, no more
held than the caps allow, nothing left in the spool, and in the response exactly what the inbox has taken, byte for byte
as it stands in the body.

The reader of parts gets the body cut at every character that delimiters and heads are made of, the application whole
and in a few pieces, because each costs it a deadline. No socket, thread or disk is in the way.
"""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from dicomrules.dicom import part10
from dicomrules.model.instance import Envelope, Receipt, Verdict
from dicomrules.model.receiver import Limits, StowReceiver
from dicomrules.receivers.scp import Means
from dicomrules.receivers.stow.app import StowApp
from dicomrules.receivers.stow.multipart import LONGEST_HEAD, Malformed, MultipartReader
from dicomrules.spool.spool import Room
from dicomrules.wire.limits import Deadlines
from tests.fuzz.fuzz_upper_layer import _File, _Spool
from tests.fuzz.octets import edit
from tests.objects import ct, data_set_bytes

LONGEST = 4_000
STEPS = (1, 2, 3, 5, 7, 11, 64, 500)
MOST_PIECES = 12  # for the application
EXPLICIT, CT = "1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.2"
LIMITS = Limits(object=2048, free_space=0, free_inodes=0)
RELATED = b'multipart/related; type="application/dicom"; boundary=bb'
EDGES = (
    b"\r\n",
    b"\r",
    b"\n",
    b"--",
    b"--bb",
    b"\r\n--bb",
    b"\r\n--bb--",
    b"\r\n--bb\r\n\r\n",
    b"\r\n\r\n",
    b"Content-Type: application/dicom\r\n",
    b"DICM",
    b"\2\0\0\0UL\4\0",
    b";",
    b'"',
    b"\\",
    b"\xff\xff\xff\xff",
    b"\0",
)


class _Kept(_Spool):
    """A spool with room, whose files are remembered."""

    def room(self) -> Room:
        return Room(1 << 40, 1 << 20)


class _Inbox:
    """Takes everything, and remembers it."""

    def __init__(self, spool: _Kept) -> None:
        self._spool = spool
        self.taken: dict[str, bytes] = {}
        self.count = 0

    async def accept(self, envelope: Envelope) -> Receipt:
        """Take it over."""
        file: _File = self._spool.open[envelope.spool_ref]
        self.taken[envelope.key.sop_instance] = bytes(file.content)
        self.count += 1
        for name in filter(None, (envelope.spool_ref, envelope.derived_ref)):
            self._spool.discard(name)
        return Receipt(Verdict.SEND)


class _Told(NamedTuple):
    """What came of a request."""

    status: int
    body: bytes
    taken: dict[str, bytes]


def check(data: bytes) -> int:
    """Send it whole and in pieces; how many objects were stored. AssertionError: a promise is broken."""
    how, rest = data[:1].ljust(1, b"\0")[0], data[1:]
    kind, _, body = rest.partition(b"\n")
    step, breaks = STEPS[how % len(STEPS)], bool(how & 8)
    assert _read([body]) == _read(_cut(body, rb"[\r\n-]", (0, 1, step))), "the parts depend on how the body was cut"
    whole = _sent(kind, body, [body], breaks)
    few = _cut(body, rb"\r\n", (step,), MOST_PIECES)
    assert whole == _sent(kind, body, few, breaks), "the answer depends on how the body was cut"
    return len(whole.taken)


def _cut(body: bytes, pattern: bytes, behind: tuple[int, ...], most: int = 1 << 20) -> list[bytes]:
    """Cut so many bytes behind the first and the last places of a pattern."""
    places = [min(found.start() + far, len(body)) for found in re.finditer(pattern, body) for far in behind]
    cuts = sorted({0, *places[: most // 2], *places[-most // 2 :], len(body)})
    return [body[at:end] for at, end in pairwise(cuts)]


def _read(pieces: list[bytes]) -> tuple[list[object], str]:
    """What the reader of parts tells of it: header fields, contents, and how it ends. It must hold little."""
    reader = MultipartReader(b"bb")
    told: list[object] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                if not isinstance(event, memoryview):
                    told.append(event)
                elif told and isinstance(told[-1], bytes):
                    told[-1] += bytes(event)
                else:
                    told.append(bytes(event))
            assert len(reader._held) - reader._at <= LONGEST_HEAD + 64
    except Malformed as malformed:
        return told, str(malformed)
    return told, "whole" if reader.is_whole else "not ended"


def _sent(kind: bytes, body: bytes, pieces: list[bytes], breaks: bool) -> _Told:
    spool = _Kept()
    inbox = _Inbox(spool)
    means = Means(spool, inbox, lambda event: None, _pool())  # type: ignore[arg-type]
    app = StowApp(StowReceiver("fuzzed", 0, limits=LIMITS), means, Deadlines())
    answered = _loop().run_until_complete(_perform(app, kind, list(pieces), breaks))
    assert not spool.open, "an incoming file is left"
    for content in inbox.taken.values():
        assert content in body, "something else was taken than was sent"
    if breaks:
        assert answered.status in (0, 400, 415, 413, 431)
    else:
        assert 200 <= answered.status < 504
        _is_true(answered, inbox)
    return answered._replace(taken=inbox.taken)


def _is_true(answered: _Told, inbox: _Inbox) -> None:
    """The answer lists what was taken, and nothing else."""
    if not answered.body.startswith(b"{"):
        assert answered.status >= 400
        assert not inbox.taken
        return
    told = json.loads(answered.body)
    stored = [item["00081155"]["Value"][0] for item in told.get("00081199", {"Value": []})["Value"]]
    failed = any(sequence in told for sequence in ("00081198", "0008119A"))
    assert set(stored) == set(inbox.taken), "the answer is not what was taken"
    assert len(stored) == inbox.count
    assert (answered.status == 200) == (bool(stored) and not failed) or answered.status == 400


async def _perform(app: StowApp, kind: bytes, pieces: list[bytes], breaks: bool) -> _Told:
    length = str(sum(map(len, pieces))).encode()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces and breaks:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces) or breaks}

    async def send(event: Any) -> None:
        sent.append(event)

    headers = [(b"content-length", length), (b"content-type", kind.strip(b" \t\r"))]
    scope = {"method": "POST", "raw_path": b"/dicom-web/studies", "headers": headers, "client": ("192.0.2.7", 1)}
    await app(scope, receive, send)
    if not sent:
        return _Told(0, b"", {})
    return _Told(sent[0]["status"], sent[1]["body"], {})


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def corpus() -> tuple[bytes, ...]:
    """Requests as senders make them."""
    files = []
    for number in range(2):
        made = ct(size=4)
        made.SOPInstanceUID = f"1.2.3.{number}"
        head = part10.plain_head((CT, str(made.SOPInstanceUID)), EXPLICIT, "PEER")
        files.append(head + data_set_bytes(made, EXPLICIT))
    one, other = files
    part = b"--bb\r\nContent-Type: application/dicom\r\n\r\n%b\r\n"
    bodies = (
        part % one + b"--bb--\r\n",
        part % one + part % other + b"--bb--",
        part % one + part % b"garbage" + b"--bb--",
        part % one + part % one[:-9] + part % b"" + b"--bb--",
        b"\r\n--bb \t\r\n\r\n%b\r\n--bb--\r\n\r\n" % one,
        part % (b"--bb" + one) + b"--bb--",
        part % (one * 8) + b"--bb--",
        part % one,
        b"--bb--",
        b"",
    )
    related = [bytes((number,)) + RELATED + b"\n" + body for number, body in enumerate(bodies)]
    single = [b"\0application/dicom\n" + one, b"\x0bapplication/dicom\n" + one, b"\1text/plain\nx"]
    return (*related, *single)


def mutated(data: bytes, random: Random) -> bytes:
    """The request with a few places changed: bits, delimiters, pieces dropped, doubled, or of other requests."""
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        if made and random.random() < 0.1:
            made[0] = random.randrange(16)  # how it is fed
        else:
            edit(made, (1, 2, 4, 6, 40, 300, 900), EDGES, corpus(), random)
    return bytes(made[:LONGEST])
