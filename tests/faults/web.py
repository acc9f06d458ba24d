"""A STOW-RS receiver in a thread, and bodies and bytes that are sent to it by hand."""

import json
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dicomrules.dicom import part10
from dicomrules.model.receiver import StowReceiver
from dicomrules.receivers.scp import Means
from dicomrules.receivers.stow.server import StowServer
from tests.faults.senders import image
from tests.wire.running import LIMITS, RunningScp

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
BOUNDARY = "b0undary-5e0f"
TOKEN = "a-token-for-tests-only"
RECEIVER = StowReceiver("web", 0, limits=LIMITS, connections=1000, per_address=1000)
STORED, FAILED, OTHERS = "00081199", "00081198", "0008119A"


class RunningStow(RunningScp):
    """Starts a STOW-RS receiver on a free port."""

    def receiver(self, means: Means) -> StowServer:
        """What runs."""
        self._receiver = replace(RECEIVER, **{key: value for key, value in self._said.items() if value is not None})
        return StowServer(self._receiver, means, self._deadlines)

    def __init__(self, folder: Path, deadlines: Any = None, **said: Any) -> None:
        super().__init__(folder, deadlines)
        self._said = said

    def post(self, body: bytes, *headers: str, path: str = "/dicom-web/studies") -> "Answer":
        """One POST on a connection of its own."""
        return post(self.port, body, *headers, path=path)


@dataclass
class Answer:
    """What a request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def uids(self, sequence: str) -> list[str]:
        """The SOP Instance UIDs of a sequence of the response."""
        items = json.loads(self.body).get(sequence, {"Value": []})["Value"]
        return [item["00081155"]["Value"][0] for item in items]

    def reasons(self, sequence: str = FAILED) -> list[int]:
        """The failure reasons of a sequence of the response."""
        return [item["00081197"]["Value"][0] for item in json.loads(self.body)[sequence]["Value"]]


def file(patient: str, number: int, size: int = 600) -> tuple[str, bytes]:
    """SOP Instance UID and DICOM file of a small CT."""
    uid, data = image(patient, number, size)
    return uid, part10.plain_head((CT, uid), EXPLICIT, "TESTS") + data


def multipart(*parts: bytes, head: str = "Content-Type: application/dicom\r\n") -> bytes:
    """A body of such parts."""
    delimiter = f"--{BOUNDARY}\r\n{head}\r\n".encode()
    return b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def head(length: int | str | None, *headers: str, path: str = "/dicom-web/studies", method: str = "POST") -> bytes:
    """The head of a request; a Content-Type that is not said is that of `multipart`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway", *headers]
    if not any(line.lower().startswith("content-type:") for line in headers):
        lines.append(f'Content-Type: multipart/related; type="application/dicom"; boundary={BOUNDARY}')
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def connect(port: int) -> socket.socket:
    """A connection to the receiver."""
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def post(port: int, body: bytes, *headers: str, path: str = "/dicom-web/studies") -> Answer:
    """One POST on a connection of its own."""
    return talk(port, head(len(body), *headers, path=path) + body)


def talk(port: int, raw: bytes) -> Answer:
    """Send bytes, and read what is answered."""
    with connect(port) as sock:
        try:
            sock.sendall(raw)
        except OSError:  # it has said enough; what it said is still to be read
            time.sleep(0.1)
        return answer(sock)


def answer(sock: socket.socket) -> Answer:
    """Read one answer."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = sock.recv(65536)
        assert piece, f"closed without an answer, after {raw!r}"
        raw += piece
    top, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 1 << 30)):
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:  # we were sending still, and it had no more to say
            break
        if not piece:
            break
        body += piece
    return Answer(int(first.split()[1]), headers, body)
