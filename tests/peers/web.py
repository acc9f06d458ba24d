"""An origin server of STOW-RS for tests: takes requests apart with the standard library, and answers as it is told."""

import email.parser
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pydicom

JSON = "application/dicom+json"


@dataclass(frozen=True)
class Asked:
    """One request as it came: its parts are Part 10 files."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def parts(self) -> list[bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        return [part.get_payload(decode=True) for part in parsed.iter_parts()]

    @property
    def instances(self) -> list[tuple[str, str]]:
        """SOP class and SOP instance of each part, as its data set says."""
        return [(ds.SOPClassUID, ds.SOPInstanceUID) for ds in (pydicom.dcmread(BytesIO(part)) for part in self.parts)]


@dataclass(frozen=True)
class Say:
    """One response. `cut`: so many bytes of the body are left out; `slow`: seconds between its bytes."""

    code: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    cut: int = 0
    slow: float = 0.0


Answers = Callable[[Asked], Say | None]


def report(stored: Sequence[tuple[str, str]] = (), failed: Mapping[tuple[str, str], int | None] | None = None) -> bytes:
    """The body of a response (PS3.18 I.2) in JSON."""
    found: dict[str, Any] = {}
    if stored:
        found["00081199"] = {"vr": "SQ", "Value": [_reference(key) for key in stored]}
    if failed:
        items = [
            _reference(key) | ({} if code is None else {"00081197": {"vr": "US", "Value": [code]}})
            for key, code in failed.items()
        ]
        found["00081198"] = {"vr": "SQ", "Value": items}
    return json.dumps(found).encode()


def _reference(key: tuple[str, str]) -> dict[str, Any]:
    return {"00081150": {"vr": "UI", "Value": [key[0]]}, "00081155": {"vr": "UI", "Value": [key[1]]}}


def all_stored(asked: Asked) -> Say:
    """What an honest server says."""
    return Say(200, report(asked.instances))


class WebSink:
    """The server at work; `asked` are the requests that came whole, `torn` counts those that did not."""

    def __init__(self, answers: Answers = all_stored) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        self.torn = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dicom-web"

    def stored(self) -> list[str]:
        return [uid for each in self.asked if each.method == "POST" for _, uid in each.instances]


@contextmanager
def web_sink(answers: Answers = all_stored, context: ssl.SSLContext | None = None) -> Iterator[WebSink]:
    """A server on a free port; ended with the block."""
    sink = WebSink(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                sink.torn += 1
                self.close_connection = True
                return
            asked = Asked(self.command, self.path, dict(self.headers), body)
            sink.asked.append(asked)
            said = sink.answers(asked)
            if said is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._say(said)

        do_POST = do_GET = _answer

        def _say(self, said: Say) -> None:
            self.send_response(said.code)
            for name, value in {"Content-Type": said.content_type, **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            shown = said.body[: len(said.body) - said.cut]
            pieces = [shown[at : at + 1] for at in range(len(shown))] if said.slow else [shown]
            for piece in pieces:
                self.wfile.write(piece)
                time.sleep(said.slow)
            if said.cut:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away is what many tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
