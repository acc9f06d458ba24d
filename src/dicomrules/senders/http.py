"""One HTTP client for a destination: kept connections, deadlines for each phase and for the whole, and plain errors.

Built on httpcore. Nothing is taken from the environment: no proxy, no credentials, no trust beyond what the
destination's `tls` says. Redirects are not followed: whoever answers with one is not the peer that a person named.

A request has a deadline as a whole, because a peer that takes or gives one byte now and then would never trip the
deadline of a single read. A body may be long; it has the time that a slow line would need.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpcore

from dicomrules.model.delivery import Trouble
from dicomrules.model.destination import Timeouts
from dicomrules.model.security import ClientTls
from dicomrules.net import tls
from dicomrules.net.tls import Secured, Unusable

SLOWEST: Final = 16 * 1024  # bytes per second that a line must carry on the whole
LONGEST_ANSWER: Final = 16 * 1024 * 1024  # bytes of a response that are read
_IDLE: Final = 5.0  # seconds that an idle connection is kept; servers and firewalls close them unasked


class NoAnswer(Exception):
    """No complete response came. `trouble` is what that says about the destination."""

    def __init__(self, text: str, trouble: Trouble, status: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.trouble = trouble
        self.status = status  # of a response whose body was cut; 0: not even that


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `body` is gone through once, `length` is how many bytes it has."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Iterable[bytes] = ()
    length: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response; names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header field, empty when there is none."""
        return self.headers.get(name, "")


class Client:
    """Requests to one destination, from one thread at a time. `tell` hears why changed certificates were not taken."""

    def __init__(
        self, timeouts: Timeouts, secured_by: ClientTls | None = None, tell: Callable[[str], None] | None = None
    ) -> None:
        self._timeouts = timeouts
        self._secured = Secured(secured_by or ClientTls(), tell)
        self._backend = _Backend()
        self._pool: httpcore.ConnectionPool | None = None
        self._context: ssl.SSLContext | None = None

    def ask(self, request: Request) -> Answer:
        """The response to `request`. Raises NoAnswer; what going through the body raises passes as it is."""
        connect, wait = self._timeouts.connect.total_seconds(), self._timeouts.response.total_seconds()
        self._backend.ends_at = time.monotonic() + connect + 2 * wait + request.length / SLOWEST
        phases: dict[str, Any] = {"connect": connect, "read": wait, "write": wait, "pool": connect}
        extensions: dict[str, Any] = {"timeout": phases}
        if self._secured.name:
            extensions["sni_hostname"] = self._secured.name
        try:
            pool = self._ready(request.url)
            with pool.stream(
                request.method,
                request.url,
                headers=[*request.headers.items(), *_framing(request)],
                content=iter(request.body),
                extensions=extensions,
            ) as response:
                return _complete(response)
        except Unusable as problem:
            raise NoAnswer(str(problem), Trouble.MISCONFIGURED) from problem
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            self.close()
            raise _no_answer(error) from error

    def close(self) -> None:
        """Close all connections. The client may be used again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _ready(self, url: str) -> httpcore.ConnectionPool:
        """The pool of connections, made anew when the certificates have changed."""
        context = self._secured.context() if urlsplit(url).scheme == "https" else None
        if self._pool is None or context is not self._context:
            self.close()
            self._context = context
            self._pool = httpcore.ConnectionPool(
                ssl_context=context, max_connections=1, keepalive_expiry=_IDLE, network_backend=self._backend
            )
        return self._pool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _framing(request: Request) -> list[tuple[str, str]]:
    parts = urlsplit(request.url)
    length = [("Content-Length", str(request.length))] if request.method in ("POST", "PUT") else []
    return [("Host", parts.netloc), ("User-Agent", "dicomrules"), *length]


def _complete(response: httpcore.Response) -> Answer:
    headers = {name.decode("ascii", "replace").lower(): _text(value) for name, value in response.headers}
    pieces: list[bytes] = []
    length = 0
    try:
        for piece in response.iter_stream():
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST_ANSWER:
                raise NoAnswer("its response is longer than any that is read", Trouble.NONE, response.status)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        text = f"HTTP {response.status}, and the response ended before it was complete"
        raise NoAnswer(text, Trouble.AWAY, response.status) from error
    return Answer(response.status, headers, b"".join(pieces))


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _no_answer(error: BaseException) -> NoAnswer:
    """In words that hold nothing of what the peer sent."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLError) and isinstance(error, httpcore.ConnectError):
        return NoAnswer(f"no TLS: {tls.words(cause)}", Trouble.MISCONFIGURED)
    match error:
        case httpcore.ConnectTimeout():
            return NoAnswer("no connection in time", Trouble.AWAY)
        case httpcore.ConnectError():
            reason = (getattr(cause, "strerror", "") or "no connection").lower()
            return NoAnswer(f"cannot be reached: {reason}", Trouble.AWAY)
        case httpcore.ReadTimeout():
            return NoAnswer("no response in time", Trouble.AWAY)
        case httpcore.WriteTimeout():
            return NoAnswer("the request was not taken in time", Trouble.AWAY)
        case httpcore.RemoteProtocolError() if "disconnected" in str(error):
            return NoAnswer("the connection was closed before a response came", Trouble.AWAY)
        case httpcore.ProtocolError():
            return NoAnswer("what it answers is not HTTP", Trouble.MISCONFIGURED)
    return NoAnswer("the connection was lost before a response came", Trouble.AWAY)


def _cause(error: BaseException) -> BaseException:
    """The error of the operating system or of OpenSSL under it."""
    while (under := error.__cause__ or error.__context__) is not None:
        error = under
    return error


class _Backend(httpcore.NetworkBackend):
    """The operating system's sockets, with one deadline for all that is done until `ends_at` is set anew."""

    def __init__(self) -> None:
        self._system = httpcore.SyncBackend()
        self.ends_at = 0.0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._system.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self)

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        """Seconds that the next step may take. Raises `late` when there are none."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise late
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection under the deadline of its backend."""

    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, because the system's own loop would give each of its sends the whole time again
        for piece in _pieces(buffer):
            self._stream.write(piece, self._backend.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._backend.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _pieces(buffer: bytes, length: int = 16 * 1024) -> Iterator[bytes]:
    for start in range(0, len(buffer), length):
        yield buffer[start : start + length]
