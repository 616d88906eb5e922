"""HTTP/1.1 with persistent connections (keep-alive) for the demo's WSGI applications, as AWS has it.

werkzeug's own handler closes the connection after each answer and waits 10 ms for more of the request: every call of a
client was a new connection and a new thread.
"""

from __future__ import annotations

import io
import os
import sys
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from studbook.demo.cloud.protocols import Answer, Wsgi, collect


class PersistentHandler(WSGIRequestHandler):
    """Reads a request to its end, whatever the application reads of it, and says how long the answer is."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one segment
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answers one request. Raises ConnectionError where the client or a fault ended the connection."""
        environ = self.make_environ()
        size = None if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        try:
            answer = collect(self.server.app, environ)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - a bug in one call is that call's answer
            answer = Answer(500, b"", "text/plain")
        head = self.command == "HEAD"
        self.send_response(answer.status, "-")
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            if name.lower() != "content-length" or head:
                self.send_header(name, value)
        if not head:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not head:
            self.wfile.write(answer.body)

    def handle_expect_100(self) -> bool:
        """A client that asks whether to go on waits for this line."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""


def start(application: Wsgi, port: int = 0) -> str:
    """Serves in threads of this process from now on; the address, http://127.0.0.1:<port>."""
    server = make_server("127.0.0.1", port, application, True, 1, PersistentHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def tell_and_wait(address: str) -> None:
    """Writes the address to standard output and ends the process when its standard input closes: it never outlives who
    started it."""
    sys.stdout.write(address + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)
