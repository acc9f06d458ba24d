"""Audit messages to a repository: RFC 5424 records, framed by their length, over TLS (RFC 5425, PS3.15 A.6) or TCP.

Syslog has no answer. A message counts as taken when the other side's kernel has acknowledged its last byte: what a
broken connection has swallowed is then sent again, and a repository may get a message twice, never not at all.
"""

import fcntl
import os
import socket
import ssl
import struct
import termios
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from dicomrules.model.observing import Syslog
from dicomrules.net.tls import Unusable, context, words

_PRIORITY = 10 * 8 + 5  # facility security/authorization, severity notice (PS3.15 A.6)
_SECONDS = 10.0
_LONGEST = 32_768  # octets that every repository takes (PS3.15 A.6)


class NotTaken(Exception):
    """The repository is not there, or did not take everything. The text says why."""


def record(text: bytes, at: datetime, host: str, source: str) -> bytes:
    """One framed syslog record (RFC 5424 6, RFC 5425 4.3)."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = f"<{_PRIORITY}>1 {moment} {_word(host, 255)} {_word(source, 48)} {os.getpid()} DICOM+RFC3881 - "
    line = head.encode("ascii") + b"\xef\xbb\xbf" + text
    return b"%d " % len(line) + line


def _word(text: str, most: int) -> str:
    """A field of the head: printable ASCII without blanks, `-` for nothing (RFC 5424 6)."""
    kept = "".join(character if "!" <= character <= "~" else "_" for character in text)[:most]
    return kept or "-"


class Connection:
    """One connection to a repository. Raises NotTaken."""

    def __init__(self, repository: Syslog) -> None:
        place = f"{repository.host} port {repository.port}"
        try:
            plain = socket.create_connection((repository.host, repository.port), _SECONDS)
        except OSError as error:
            raise NotTaken(f"no connection to {place}: {(error.strerror or type(error).__name__).lower()}") from error
        self._raw = plain
        self._socket = plain
        if repository.tls is not None:
            try:
                name = repository.tls.name or repository.host
                self._socket = context(repository.tls).wrap_socket(plain, server_hostname=name)
            except (OSError, Unusable) as error:
                plain.close()
                raise NotTaken(f"no TLS with {place}: {words(error)}") from error

    def send(self, records: bytes) -> None:
        """Send records and wait until the other side has them all."""
        try:
            self._ask_whether_open()
            self._socket.sendall(records)
            deadline = time.monotonic() + _SECONDS
            while self._unacknowledged():
                if time.monotonic() > deadline:
                    raise NotTaken("the repository does not read")
                time.sleep(0.01)
            self._ask_whether_open()
        except OSError as error:
            raise NotTaken(f"the connection broke: {(error.strerror or type(error).__name__).lower()}") from error

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _unacknowledged(self) -> int:
        """Bytes that the other side's kernel has not acknowledged (SIOCOUTQ, tcp(7))."""
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return int(struct.unpack("i", answer)[0])

    def _ask_whether_open(self) -> None:
        """A repository never says anything; its end of file is an end."""
        self._socket.settimeout(0.0)
        try:
            if not self._socket.recv(1024):
                raise NotTaken("the repository closed the connection")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass  # as it should be: there is nothing to read
        finally:
            self._socket.settimeout(_SECONDS)
