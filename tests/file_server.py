"""A local HTTP server that can fail as real ones do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serve ``files`` (path -> bytes), and list the paths of all ``requests``.

    ``errors`` has the status of each next answer, ``cuts`` after how many bytes each ends early,
    ``stalls`` after how many it hangs. ``headers`` replace those of every answer.
    """

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.files, self.requests = {}, []
        self.cuts, self.stalls, self.errors = [], [], []
        self.headers = {}
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'

    def handle_error(self, request, client_address):
        """Ignore clients that went away."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append(self.path)
        body = server.files.get(self.path)
        if server.errors or body is None:
            return self.send_error(server.errors.pop(0) if server.errors else 404)
        self.send_response(200)
        for header, value in {'Content-Length': str(len(body)), **server.headers}.items():
            if value is not None:
                self.send_header(header, value)
        self.end_headers()
        if server.cuts:
            self.wfile.write(body[: server.cuts.pop(0)])
        elif server.stalls:
            self.wfile.write(body[: server.stalls.pop(0)])
            self.wfile.flush()
            server.closing.wait(60)
        else:
            time.sleep(0.05)  # long enough for other processes to find the download in progress
            self.wfile.write(body)


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Run a :class:`FileServer`."""
    server = FileServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
