"""A few small pages over HTTP for programs on this machine: read only, no names or values of anybody in them."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Path -> status, media type, body; None: there is no such page. Called from several threads at once.
Page = Callable[[str], tuple[int, str, bytes] | None]

_SECONDS = 5.0  # that one request may take to arrive


class Pages:
    """Serves until `close`. OSError: the port is taken or may not be used."""

    def __init__(self, place: tuple[str, int], page: Page) -> None:
        self._server = _Server(place, page)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.5,), name="pages", daemon=True)
        self._thread.start()

    @property
    def place(self) -> str:
        """Where, as `address:port`."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, place: tuple[str, int], page: Page) -> None:
        super().__init__(place, _Request)
        self.page = page


class _Request(BaseHTTPRequestHandler):
    timeout = _SECONDS
    server_version = "dicomrules"
    sys_version = ""

    def do_GET(self) -> None:
        """One page."""
        assert isinstance(self.server, _Server)
        found = self.server.page(self.path.partition("?")[0])
        status, kind, body = found or (404, "text/plain; charset=utf-8", b"there are /health and /metrics\n")
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Who asks is not written down."""
