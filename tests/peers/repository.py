"""An audit repository: takes syslog over TLS (RFC 5425) and keeps what came, one record after the other."""

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path


class Repository:
    """`with Repository(certificate, key) as repository: ... repository.records`; may be begun again on its port."""

    def __init__(self, certificate: Path, key: Path, port: int = 0) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self.port = port
        self.records: list[bytes] = []

    def __enter__(self) -> "Repository":
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError), self._context.wrap_socket(raw, server_side=True) as secured:
            self._open.append(secured)
            reading = secured.makefile("rb")
            while length := self._length(reading.read(1), reading):
                self.records.append(reading.read(length))

    @staticmethod
    def _length(first: bytes, reading: object) -> int:
        digits = first
        while digits and not digits.endswith(b" "):
            digits += reading.read(1)  # type: ignore[attr-defined]
        return int(digits) if digits else 0
