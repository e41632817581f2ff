"""A local HTTP server that has the weaknesses of real ones."""

import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves ``files`` (path -> bytes) and notes the paths and ranges it was asked for.

    ``cuts``: after how many bytes each next answer ends early, ``stalls`` the same but it hangs;
    ``errors``: the status of each next answer; ``ranges=False`` answers every request in full.
    ``validator`` is a header and its value, which If-Range must repeat unless ``if_range=False``;
    ``framing`` is how the end of an answer is told: by 'length', 'chunked', or not at all by None;
    'endless' repeats the file in chunks until the client goes. ``encoding`` is a
    Content-Encoding that is named, and not applied.
    """

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.files, self.requests = {}, []
        self.cuts, self.stalls, self.errors = [], [], []
        self.ranges = self.if_range = True
        self.validator, self.framing = None, 'length'
        self.encoding = None
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'

    @property
    def asked(self) -> list[str | None]:
        """The Range header of each request."""
        return [asked for _, asked in self.requests]

    def handle_error(self, request, client_address):
        """Say nothing of clients that went away."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server, asked = self.server, self.headers.get('Range')
        server.requests.append((self.path, asked))
        content = server.files.get(self.path)
        if server.errors or content is None:
            return self.send_error(server.errors.pop(0) if server.errors else 404)
        start = 0
        condition = self.headers.get('If-Range')
        same = not (condition and server.if_range) or condition == (server.validator or [''])[-1]
        if asked and server.ranges and same:
            start = int(re.fullmatch(r'bytes=(\d+)-', asked)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header('Content-Range', f'bytes */{len(content)}')
                self.send_header('Content-Length', '0')
                return self.end_headers()
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {start}-{len(content) - 1}/{len(content)}')
        else:
            self.send_response(200)
        body = content[start:]
        if server.framing == 'length':
            self.send_header('Content-Length', str(len(body)))
        elif server.framing == 'chunked':
            self.send_header('Transfer-Encoding', 'chunked')
            body = b'%x\r\n%b\r\n0\r\n\r\n' % (len(body), body)
        elif server.framing == 'endless':
            self.send_header('Transfer-Encoding', 'chunked')
        if server.validator:
            self.send_header(*server.validator)
        if server.encoding:
            self.send_header('Content-Encoding', server.encoding)
        self.end_headers()
        if server.framing == 'endless':
            while True:  # until the connection breaks
                self.wfile.write(b'%x\r\n%b\r\n' % (len(body), body))
        elif server.cuts:
            self.wfile.write(body[: server.cuts.pop(0)])
        elif server.stalls:
            self.wfile.write(body[: server.stalls.pop(0)])
            self.wfile.flush()
            server.closing.wait(60)
        else:
            time.sleep(0.05)  # long enough for others to come and find it in progress
            self.wfile.write(body)


@contextmanager
def file_server():
    """A running :class:`FileServer`."""
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
