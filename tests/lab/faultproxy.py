"""A TCP proxy that does to connections what networks do to them.

It stands before the broker or the homeserver, knows nothing of what they say, and does harm when told: to all
connections or to some, to those that are open and to those that are made until it is told to stop. `heal` ends the
harm for what comes next; a connection that was broken stays broken.

With a certificate it speaks TLS to whoever connects, and plainly to the server behind it. So a proxy before such
a proxy can harm what is encrypted.
"""

from __future__ import annotations

import asyncio
import enum
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .process import free_port

T = TypeVar("T")


class Harm(enum.Enum):
    REFUSE = "refused"  # nobody listens, and what is open is reset
    RESET = "reset"  # RST
    CLOSE = "closed"  # FIN
    STALL = "stalled"  # nothing arrives until it is healed; then everything does
    BLACKHOLE = "blackhole"  # the same, and what was open is forgotten: neither bytes nor an end ever arrive there
    HALF_OPEN = "half-open"  # the machine is gone: no answer to a SYN; what is open answers bytes with RST at most
    LATENCY = "500 ms latency"  # in each direction
    TRICKLE = "1 kB/s"  # in each direction of each connection
    CUT = "cut in mid-frame"  # RST after so and so many bytes more
    LOSE_REPLY = "cut before the reply"  # what is sent still arrives, and instead of what comes back there is a RST
    GARBLE = "TLS record broken"  # what comes back is not what was sent; only TLS notices


LATENCY = 0.5
TRICKLE_BYTES, TRICKLE_PAUSE = 100, 0.1
LONGEST_CUT = 3000
CHUNK = 65536
TCP_REPAIR, TCP_ESTABLISHED = 19, 1  # linux/tcp.h and net/tcp_states.h; the socket module does not know them


@dataclass(eq=False)
class Direction:
    """One of the two of a connection. What is read waits in a line until it is due; so latency costs no
    throughput, and a sink that is full stops the reading."""

    source: asyncio.StreamReader
    sink: asyncio.StreamWriter
    is_reply: bool
    allowance: int = 0  # bytes that may still pass before the cut
    line: asyncio.Queue[tuple[float, bytes]] = field(default_factory=lambda: asyncio.Queue(64))


class Connection:
    """One client, and the connection to the server that was made for it."""

    def __init__(self, proxy: FaultProxy, client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
                 server: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._proxy = proxy
        self._client, self._server = client[1], server[1]
        self._directions = [Direction(client[0], server[1], is_reply=False),
                            Direction(server[0], client[1], is_reply=True)]
        self._harm: Harm | None = None
        self._is_silent = False  # nothing passes any more, for good

    async def run(self) -> None:
        """Until both directions have ended."""
        ways = [way for direction in self._directions for way in (self._read(direction), self._write(direction))]
        try:
            await asyncio.gather(*ways)
        finally:
            for writer in (self._client, self._server):
                writer.close()

    def strike(self, harm: Harm | None) -> None:
        if self._is_silent:
            return
        self._harm = harm
        action = {Harm.REFUSE: self.reset, Harm.RESET: self.reset, Harm.CLOSE: self._close,
                  Harm.BLACKHOLE: self._fall_silent, Harm.HALF_OPEN: self._vanish}.get(harm) if harm else None
        if action:
            action()
        for direction in self._directions:
            direction.allowance = self._proxy.chance.randint(1, LONGEST_CUT)

    def reset(self) -> None:
        self._is_silent = True
        for writer in (self._client, self._server):
            _reset(writer)

    def _close(self) -> None:
        for writer in (self._client, self._server):
            writer.close()

    def _fall_silent(self) -> None:
        self._is_silent = True

    def _vanish(self) -> None:
        """The server keeps its end and hears nothing any more; the client's peer forgets that there was anything."""
        self._is_silent = True
        _forget(self._client)

    async def _read(self, direction: Direction) -> None:
        now = asyncio.get_running_loop().time
        try:
            while data := await direction.source.read(CHUNK):
                await direction.line.put((now() + (LATENCY if self._harm is Harm.LATENCY else 0), data))
        except (OSError, ssl.SSLError):
            self._hand_on_reset()
        finally:
            await direction.line.put((now(), b""))

    async def _write(self, direction: Direction) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due, data = await direction.line.get()
            await asyncio.sleep(max(0.0, due - now()))
            await self._until_it_flows()
            if not data:
                break
            try:
                while data and not self._is_silent:
                    data = await self._pass_on(direction, data)
            except (OSError, ssl.SSLError):
                self._hand_on_reset()
        if not self._is_silent and direction.sink.can_write_eof():
            direction.sink.write_eof()

    async def _until_it_flows(self) -> None:
        while self._harm is Harm.STALL and not self._is_silent:
            await self._proxy.healed.wait()

    async def _pass_on(self, direction: Direction, data: bytes) -> bytes:
        """Returns what is left for another turn, when the harm may be another one."""
        sink, left = direction.sink, b""
        if self._harm is Harm.TRICKLE:
            data, left = data[:TRICKLE_BYTES], data[TRICKLE_BYTES:]
            await asyncio.sleep(TRICKLE_PAUSE)
        elif self._harm is Harm.LOSE_REPLY and direction.is_reply:
            return self._break_off()
        elif self._harm is Harm.GARBLE and direction.is_reply:
            data = bytes(byte ^ 0x55 for byte in data)
        elif self._harm is Harm.CUT:
            data = data[:direction.allowance]
            direction.allowance -= len(data)
        sink.write(data)
        await sink.drain()
        return self._break_off() if self._harm is Harm.CUT and direction.allowance == 0 else left

    def _break_off(self) -> bytes:
        self.reset()
        return b""

    def _hand_on_reset(self) -> None:
        if not self._is_silent:
            self.reset()


class FaultProxy:
    """Runs in a thread of its own; what is told to it is done when the call returns."""

    def __init__(self, target_port: int, certificate: ssl.SSLContext | None = None, seed: int = 0) -> None:
        self.port = free_port()
        self.target_port = target_port  # new connections go there
        self.chance = random.Random(seed)
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._listener: asyncio.Server | None = None
        self._clog: list[socket.socket] = []
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._harm: Harm | None = None
        self._share = 1.0
        self.healed = asyncio.Event()
        self.healed.set()

    def start(self) -> FaultProxy:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._do(self._listen())
        return self

    def destroy(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def strike(self, harm: Harm, share: float = 1.0, new_ones: bool = True) -> None:
        """Harm that part of the connections, chosen by chance; also of those to come, unless told otherwise.
        Whoever refuses or is not there at all is so to everyone who comes."""
        self._do(self._strike(harm, share, new_ones))

    def heal(self) -> None:
        self._do(self._heal())

    # --- in the loop --------------------------------------------------------------------------------------------

    def _do(self, action: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        # Reset connections may be handshakes that have not come to an end; nobody wants to read of that.
        self._loop.set_exception_handler(lambda *_: None)
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._certificate,
                                                    backlog=64)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _clog_up(self) -> None:
        """Listen with a line of length one, and fill it: the kernel drops all further SYNs."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0)
        self._clog = [listener]
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._clog.append(filler)

    async def _strike(self, harm: Harm, share: float, new_ones: bool) -> None:
        self._harm, self._share = (harm if new_ones else None), share
        self.healed.clear()
        if new_ones and harm in (Harm.REFUSE, Harm.HALF_OPEN):
            self._stop_listening()
            if harm is Harm.HALF_OPEN:
                self._clog_up()
        for connection in list(self._connections):
            if self.chance.random() < share:
                connection.strike(harm)

    async def _heal(self) -> None:
        self._harm = None
        for blocked in self._clog:
            blocked.close()
        self._clog = []
        if self._listener is None:
            await self._listen()
        for connection in list(self._connections):
            connection.strike(None)
        self.healed.set()

    async def _end(self) -> None:
        await self._heal()
        self._stop_listening()
        for connection in list(self._connections):
            connection.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        harm = self._harm if self.chance.random() < self._share else None
        if harm is Harm.RESET:
            _reset(writer)
        elif harm is Harm.CLOSE:
            writer.close()
        else:
            # A SYN is repeated until somebody hears it: who comes into a black hole is served after it.
            if harm is Harm.BLACKHOLE:
                await self.healed.wait()
            if harm is Harm.BLACKHOLE and _has_given_up(writer):
                writer.close()
            else:
                await self._connect(reader, writer, harm)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm | None) -> None:
        try:
            server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _reset(writer)
            return
        connection = Connection(self, (reader, writer), server)
        connection.strike(self._harm if harm else None)  # it may be over by now
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


def _has_given_up(writer: asyncio.StreamWriter) -> bool:
    """Its requests were never sent: there was no connection."""
    connection = writer.get_extra_info("socket")
    return (connection is None or connection.fileno() < 0
            or connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != TCP_ESTABLISHED)


def _with_socket(writer: asyncio.StreamWriter, action: Callable[[Any], None]) -> None:
    """Do something to the socket, and be rid of the connection."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        action(connection)
    writer.transport.abort()


def _reset(writer: asyncio.StreamWriter) -> None:
    _with_socket(writer, lambda connection: connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)))


def _forget(writer: asyncio.StreamWriter) -> None:
    """Closed while it is under repair, a socket leaves without a word. That takes CAP_NET_ADMIN; without it
    the connection falls silent, which is the same until the client says something."""
    def leave(connection: Any) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)

    try:
        _with_socket(writer, leave)
    except PermissionError:
        pass
