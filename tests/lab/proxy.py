"""An HTTP proxy in front of Synapse: it remembers requests and does harm on demand.

The program under test talks to it instead of to Synapse. It keeps connections alive on both sides and never sends
a request twice, so a cut connection is a cut connection for the program too.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from .process import PATIENCE, free_port, wait_until

Answer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass
class Request:
    """What was asked and what came back; status 0: nothing did."""

    method: str
    path: str  # without the query, still percent-encoded
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 0
    arrived: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.method} {unquote(self.path)} -> {self.status}"


@dataclass
class Fault:
    """What happens to requests that match. Without a status they are forwarded after all."""

    method: str
    path: re.Pattern[str]
    status: int | None = None
    body: Any = None  # bytes as they are, of a function what it gives, anything else as JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    hold: bool = False  # wait, before anything else, until release() is called
    hold_reply: bool = False  # forward, then wait with the reply until release() is called
    remembers: float = 0  # for so many seconds, what was answered to a question is answered to it again
    lose_reply: bool = False  # forward, then cut the connection instead of replying
    cut: bool = False  # cut the connection instead of forwarding
    raw: bytes | None = None  # these bytes instead of a reply of the proxy's making, and then cut the connection
    times: int | None = None  # how many requests; None: all
    hits: int = 0
    replies_held: int = 0
    _released: threading.Event = field(default_factory=threading.Event)
    _old: dict[str, tuple[float, Answer]] = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        exhausted = self.times is not None and self.hits >= self.times
        return not exhausted and self.method in ("*", method) and bool(self.path.search(path))

    def release(self) -> None:
        """Let go of what is held, and do no more harm."""
        self.times = 0
        self._released.set()

    def wait_hit(self, hits: int = 1, patience: float = PATIENCE) -> None:
        """Until that many requests came; with `hold_reply` also were carried out."""
        def hit() -> bool:
            return (self.replies_held if self.hold_reply else self.hits) >= hits

        wait_until(hit, f"a request that matches {self.path.pattern}", patience)

    def remember(self, question: str, answer: Answer) -> None:
        if self.remembers:
            self._old[unquote(question)] = (time.monotonic(), answer)

    def old_answer(self, question: str) -> Answer | None:
        """As a process gives it that has not heard of what others did since."""
        at, answer = self._old.get(unquote(question), (0.0, None))
        return answer if time.monotonic() < at + self.remembers else None

    def before(self) -> None:
        time.sleep(self.delay)
        if self.hold:
            self._released.wait(PATIENCE * 5)

    def before_reply(self) -> None:
        if self.hold_reply:
            self.replies_held += 1
            self._released.wait(PATIENCE * 5)


NO_FAULT = Fault("", re.compile(""))


class Proxy:
    """Start it in front of a homeserver's port; `pause` refuses connections, as a server that is down does."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.target_port = target_port
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faults: list[Fault] = []
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Proxy:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def pause(self) -> None:
        """Refuse connections and cut those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_all()
            self._server = None

    def resume(self) -> None:
        self.start()

    def destroy(self) -> None:
        self.clear()
        self.pause()

    def clear(self) -> None:
        """Forget requests and end faults."""
        with self._lock:
            self._requests.clear()
            for fault in self._faults:
                fault.release()
            self._faults.clear()

    def fault(self, path: str, method: str = "*", **harm: Any) -> Fault:
        """Do harm to requests whose decoded path is found by the regular expression; see Fault."""
        fault = Fault(method, re.compile(path), **harm)
        with self._lock:
            self._faults.append(fault)
        return fault

    def forget(self) -> None:
        """Count from here."""
        with self._lock:
            self._requests.clear()

    def requests(self, method: str = "*", path: str = "") -> list[Request]:
        with self._lock:
            return [request for request in self._requests
                    if method in ("*", request.method) and re.search(path, unquote(request.path))]

    def writes(self) -> list[Request]:
        """What may have changed something: a request that was refused did not."""
        return [request for request in self.requests() if request.method != "GET" and request.status < 400]

    # --- for the handler ----------------------------------------------------------------------------------------

    def remember(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, unquote(path)):
                    fault.hits += 1
                    return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", proxy.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The peer went away: tests do that on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per reply
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection("127.0.0.1", self.server.proxy.target_port, timeout=300)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def handle_request(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, path, query, dict(self.headers.items()), body)
        self.server.proxy.remember(request)
        fault = self.server.proxy.fault_for(self.command, path) or NO_FAULT
        fault.before()
        if fault.raw is not None:
            self.wfile.write(fault.raw)
            self.wfile.flush()
        if fault.cut or fault.raw is not None:
            self._cut()
        elif fault.status is not None:
            self._reply(request, fault.status, list(fault.headers.items()), _as_bytes(fault.body))
        elif (old := fault.old_answer(self.path)) is not None:
            self._reply(request, *old)
        else:
            self._forward(request, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = handle_request

    def _forward(self, request: Request, fault: Fault) -> None:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            self._upstream.request(request.method, self.path, body=request.body, headers=headers)
            reply = self._upstream.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException):
            self._upstream.close()
            self._cut()
            return
        fault.remember(self.path, (reply.status, reply.getheaders(), body))
        fault.before_reply()
        if fault.lose_reply:
            self._cut()
        else:
            self._reply(request, reply.status, reply.getheaders(), body)

    def _reply(self, request: Request, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        request.status = status
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are remembered, not printed."""


def _as_bytes(body: Any) -> bytes:
    if callable(body):
        body = body()
    return body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
