"""A proxy before a real Prefect that writes down what passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Exchange:
    """One request that passed, and the status that it got."""

    method: str
    path: str
    body: Any
    status: int

    @property
    def writes(self) -> bool:
        """Whether it could change the server, judged here anew, so that the tested code cannot hide one."""
        reads = ("/filter", "/paginate", "/count")
        return self.method != "GET" and not self.path.endswith(reads)


@dataclass
class Recorder:
    """The proxy's API URL, and all exchanges since the last `clear`."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def writes(self) -> list[Exchange]:
        """The exchanges that could have changed the server, which 503 says it did not."""
        return [one for one in self.exchanges if one.writes and one.status != 503]

    def clear(self) -> None:
        """Forgets all exchanges."""
        self.exchanges.clear()


@contextmanager
def recording(api_url: str) -> Iterator[Recorder]:
    """A proxy on a free loopback port, until the block ends."""
    target = urlsplit(api_url)
    exchanges: list[Exchange] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            connection = HTTPConnection(target.hostname or "", target.port, timeout=120)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            sent = json.loads(body) if body else None
            exchanges.append(Exchange(self.command, self.path.removeprefix(target.path), sent, answer.status))
            self.send_response(answer.status)
            for name in ("content-type", "content-encoding", "retry-after"):
                if value := answer.getheader(name):
                    self.send_header(name, value)
            if answer.status != 204:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Recorder(f"http://127.0.0.1:{server.server_address[1]}{target.path}", exchanges)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
