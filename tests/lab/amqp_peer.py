"""A broker that is not one: speaks AMQP 0-9-1 to the program under test, for what a real broker cannot be made to do.

Left alone it behaves: it lets everyone log in, finds every queue that is asked for, starts consumers and confirms what
is published. A test changes an answer (`peer.answers`), or says on a session what it likes and when it likes, in whole
methods or in raw bytes. What the program sends is kept.

    Peer       listens, and knows the sessions
    Session    one connection; a thread of its own reads and answers

pika's codec turns methods into bytes and back; nothing else of pika is used.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import pika
from pika import frame, spec

from .process import PATIENCE, wait_until

T = TypeVar("T")

CONSUMER, DEAD_LETTERS = "synapse-sync consumer", "synapse-sync dead letters"  # what it calls its connections
FRAME_MAX = 131072
CAPABILITIES = {"publisher_confirms": True, "consumer_cancel_notify": True, "connection.blocked": True,
                "basic.nack": True, "authentication_failure_close": True}

Answer = Callable[["Session", Any], Iterable[Any]]  # the methods to answer with


@dataclass(frozen=True)
class Letter:
    """What was published."""

    method: Any
    raw_properties: bytes
    body: bytes

    @property
    def properties(self) -> pika.BasicProperties:
        """Not for deeply nested headers: pika decodes by recursion."""
        return pika.BasicProperties().decode(self.raw_properties)


def delivery(body: bytes, tag: int = 1, redelivered: bool = False, properties: pika.BasicProperties | None = None,
             announced: int | None = None, piece: int = FRAME_MAX - 8) -> bytes:
    """The frames of a message for the consumer. `announced`: a size that is not that of the body."""
    return _method(spec.Basic.Deliver("synapse-sync", tag, redelivered, "", "queue")) + _content(
        body, properties, announced, piece)


def got_letter(body: bytes, tag: int = 1, redelivered: bool = False, properties: pika.BasicProperties | None = None,
               announced: int | None = None) -> bytes:
    """The frames that answer basic.get."""
    return _method(spec.Basic.GetOk(tag, redelivered, "", "queue", 0)) + _content(
        body, properties, announced, FRAME_MAX - 8)


def _content(body: bytes, properties: pika.BasicProperties | None, announced: int | None, piece: int) -> bytes:
    header = frame.Header(1, len(body) if announced is None else announced, properties or pika.BasicProperties())
    return bytes(header.marshal()) + _bodies(body, piece)


def delivery_of(raw_properties: bytes, body: bytes, tag: int = 1) -> bytes:
    """The same with properties as no encoder would write them: flags, and then those that are present."""
    header = struct.pack(">HHQ", spec.Basic.INDEX, 0, len(body)) + raw_properties
    return _method(spec.Basic.Deliver("synapse-sync", tag, False, "", "queue")) + raw_frame(
        spec.FRAME_HEADER, header) + _bodies(body, FRAME_MAX - 8)


def raw_frame(kind: int, payload: bytes, channel: int = 1, end: int = spec.FRAME_END) -> bytes:
    return struct.pack(">BHL", kind, channel, len(payload)) + payload + bytes([end])


def _bodies(body: bytes, piece: int) -> bytes:
    return b"".join(frame.Body(1, body[at:at + piece]).marshal() for at in range(0, len(body), piece))


def _method(method: Any, channel: int = 1) -> bytes:
    return bytes(frame.Method(channel, method).marshal())


class Session:
    """One connection of the program."""

    def __init__(self, peer: Peer, connection: socket.socket) -> None:
        self.role = ""
        self.client_properties: dict[str, Any] = {}
        self.received: list[Any] = []  # methods and heartbeats
        self.letters: list[Letter] = []
        self.mute = False  # still there, and sends nothing by itself any more
        self.ended = threading.Event()  # the other side has closed, or we have
        self.peer = peer
        self._connection = connection
        self._sending = threading.Lock()
        self._deaf = threading.Event()
        self._unread = bytearray()
        self._publishing: Any = None  # the method of what is being published
        self._header = b""
        self._body = bytearray()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    # --- what a test says ---------------------------------------------------------------------------------------

    def send(self, *methods: Any) -> None:
        """Methods, or frames made already, all in one piece. Methods of the connection go over channel 0."""
        self.send_raw(b"".join(
            method if isinstance(method, bytes) else _method(method, 0 if method.NAME.startswith("Connection.") else 1)
            for method in methods))

    def send_raw(self, data: bytes) -> None:
        """Waits until the kernel has taken it; who is gone hears nothing."""
        with self._sending, suppress(OSError):
            self._connection.sendall(data)

    def be_deaf(self) -> None:
        """Read no more: what is sent to us piles up."""
        self._deaf.set()

    def cut(self) -> None:
        """Reset the connection."""
        with suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._connection.shutdown(socket.SHUT_RD)
        self._connection.close()
        self.ended.set()

    # --- what the program said ----------------------------------------------------------------------------------

    def got(self, kind: type[T]) -> list[T]:
        return [method for method in list(self.received) if isinstance(method, kind)]

    @property
    def names(self) -> str:
        """Of all methods, with their order."""
        return " ".join(type(one).__name__ for one in list(self.received))

    @property
    def heartbeats(self) -> int:
        return len(self.got(frame.Heartbeat))

    @property
    def acked(self) -> list[int]:
        """Each tag once, in order; of several that were acknowledged together, too."""
        tags: dict[int, None] = {}
        for ack in self.got(spec.Basic.Ack):
            tags |= dict.fromkeys(range(1 if ack.multiple else ack.delivery_tag, ack.delivery_tag + 1))
        return list(tags)

    def wait_got(self, kind: type[T], count: int = 1, patience: float = PATIENCE) -> list[T]:
        wait_until(lambda: len(self.got(kind)) >= count, f"{count} {kind.__name__} from {self.role}", patience)
        return self.got(kind)

    def wait_acked(self, *tags: int, patience: float = PATIENCE) -> None:
        wait_until(lambda: set(tags) <= set(self.acked), f"acks of {tags[:5]}…", patience)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with suppress(OSError, ssl.SSLError):
            if self.peer.greets:
                self._greet()
            while not self._deaf.is_set():
                one = self._read()
                if one is None:
                    break
                self._take(*one)
        if not self._deaf.is_set():
            self.ended.set()
            self._connection.close()

    def _greet(self) -> None:
        properties = {"product": self.peer.product, "version": self.peer.version, "capabilities": CAPABILITIES}
        self._need(8)  # AMQP, 0, 0, 9, 1
        del self._unread[:8]
        self.send(spec.Connection.Start(0, 9, properties, "PLAIN", "en_US"))

    def _read(self) -> tuple[int, bytes] | None:
        """Type and all bytes of the next frame; None: the program has closed the connection."""
        if not self._need(7):
            return None
        kind, _, size = struct.unpack(">BHL", self._unread[:7])
        if not self._need(7 + size + 1):
            return None
        one = bytes(self._unread[:7 + size + 1])
        del self._unread[:7 + size + 1]
        assert one[-1] == spec.FRAME_END, "the program sent a frame without an end"
        return kind, one

    def _need(self, size: int) -> bool:
        while len(self._unread) < size:
            try:
                data = self._connection.recv(65536)
            except TimeoutError:
                if not self.mute:
                    self.send_raw(frame.Heartbeat().marshal())
                continue
            if not data:
                return False
            self._unread += data
        return True

    def _take(self, kind: int, one: bytes) -> None:
        payload = one[7:-1]
        if kind == spec.FRAME_HEARTBEAT:
            self.received.append(frame.Heartbeat())
        elif kind == spec.FRAME_METHOD:
            self._take_method(frame.decode_frame(one)[1].method)
        elif kind == spec.FRAME_HEADER:
            self._header = payload
            self._look_at_letter()
        elif kind == spec.FRAME_BODY:
            self._body += payload
            self._look_at_letter()

    def _take_method(self, method: Any) -> None:
        if isinstance(method, spec.Connection.StartOk):
            self.client_properties = method.client_properties
            self.role = method.client_properties["connection_name"]
        if isinstance(method, spec.Connection.TuneOk):
            self._connection.settimeout(method.heartbeat / 2 or None)
        self.received.append(method)
        if isinstance(method, spec.Basic.Publish):
            self._publishing, self._body = method, bytearray()
        else:
            self._answer(method)

    def _look_at_letter(self) -> None:
        size, = struct.unpack(">Q", self._header[4:12])
        if len(self._body) == size:
            self.letters.append(Letter(self._publishing, self._header[12:], bytes(self._body)))
            self._answer(self._publishing)

    def _answer(self, method: Any) -> None:
        answer = self.peer.answers.get(type(method))
        if answer is not None:
            self.send(*answer(self, method))


class Peer:
    """The listening side. With a certificate it speaks TLS."""

    def __init__(self, heartbeat: int = 0, certificate: ssl.SSLContext | None = None) -> None:
        self.heartbeat = heartbeat  # seconds, as proposed to the program; 0: as it likes
        self.greets = True  # else whoever connects is not answered at all
        self.product, self.version = "peer", ""
        self.answers: dict[type, Answer] = dict(ANSWERS)
        self.sessions: list[Session] = []
        self._certificate = certificate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def start(self) -> Peer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def destroy(self) -> None:
        self._listener.close()
        for session in self.sessions:
            session.cut()

    @property
    def uri(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}"

    def of_role(self, role: str, ready: type) -> list[Session]:
        """Those who have got as far as asking for that, in the order in which they came."""
        return [session for session in list(self.sessions) if session.role == role and session.got(ready)]

    def wait_consumer(self, number: int = 1, patience: float = PATIENCE) -> Session:
        """The so-and-so-manieth connection that consumes, counted from the beginning."""
        wait_until(lambda: len(self.of_role(CONSUMER, spec.Basic.Consume)) >= number, f"consumer {number}", patience)
        return self.of_role(CONSUMER, spec.Basic.Consume)[number - 1]

    def wait_publisher(self, number: int = 1) -> Session:
        wait_until(lambda: len(self.of_role(DEAD_LETTERS, spec.Confirm.Select)) >= number, f"publisher {number}")
        return self.of_role(DEAD_LETTERS, spec.Confirm.Select)[number - 1]

    @property
    def letters(self) -> list[Letter]:
        return [letter for session in list(self.sessions) for letter in list(session.letters)]

    def wait_letters(self, count: int = 1) -> list[Letter]:
        wait_until(lambda: len(self.letters) >= count, f"{count} letters")
        return self.letters

    def refuse(self, kind: type, *answers: Any) -> None:
        """Answer the first such methods so, one after the other, and then as usual."""
        waiting, usual = list(answers), self.answers[kind]
        self.answers[kind] = lambda session, method: [waiting.pop(0)] if waiting else usual(session, method)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._begin, args=[connection], daemon=True).start()

    def _begin(self, connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError):
            if self._certificate is not None:
                connection = self._certificate.wrap_socket(connection, server_side=True)
            session = Session(self, connection)
            self.sessions.append(session)
            session.start()


def spec_numbers(kind: Any) -> tuple[int, int]:
    """Class and method, as they stand in the close that is the answer to one."""
    return kind.INDEX >> 16, kind.INDEX & 0xffff


def is_probe(method: Any) -> bool:
    """The program asks what a queue is like by declaring it with a type that does not exist."""
    return (method.arguments or {}).get("x-queue-type", "classic") not in ("classic", "quorum")


def _declared(session: Session, method: Any) -> Iterable[Any]:
    """Every queue is there, as a durable classic one without arguments."""
    if is_probe(method):
        return [spec.Channel.Close(406, f"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue "
                                        f"'{method.queue}' in vhost '/': received the value of type 'longstr' but "
                                        f"current is none", *spec_numbers(spec.Queue.Declare))]
    return [spec.Queue.DeclareOk(method.queue, 0, min(1, len(session.got(spec.Basic.Consume))))]


def as_a_quorum_queue(session: Session, method: Any) -> Iterable[Any]:
    """The queue called so is one, and who asks what it is like learns it from the refusal."""
    if method.passive or method.queue != "queue":
        return _declared(session, method)
    return [spec.Channel.Close(406, f"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue '{method.queue}' "
                                    "in vhost '/': received the value of type 'longstr' but current is the value "
                                    "'quorum' of type 'longstr'", *spec_numbers(spec.Queue.Declare))]


def _consuming(_: Session, method: Any) -> Iterable[Any]:
    return [] if method.nowait else [spec.Basic.ConsumeOk(method.consumer_tag)]


def _cancelled(_: Session, method: Any) -> Iterable[Any]:
    return [] if method.nowait else [spec.Basic.CancelOk(method.consumer_tag)]


def confirm(session: Session, _: Any) -> Iterable[Any]:
    return [spec.Basic.Ack(len(session.letters))]


ANSWERS: dict[type, Answer] = {
    spec.Connection.StartOk: lambda session, _: [spec.Connection.Tune(1, FRAME_MAX, session.peer.heartbeat)],
    spec.Connection.Open: lambda *_: [spec.Connection.OpenOk()],
    spec.Connection.Close: lambda *_: [spec.Connection.CloseOk()],
    spec.Channel.Open: lambda *_: [spec.Channel.OpenOk()],
    spec.Channel.Close: lambda *_: [spec.Channel.CloseOk()],
    spec.Queue.Declare: _declared,
    spec.Basic.Qos: lambda *_: [spec.Basic.QosOk()],
    spec.Basic.Consume: _consuming,
    spec.Basic.Cancel: _cancelled,
    spec.Confirm.Select: lambda *_: [spec.Confirm.SelectOk()],
    spec.Basic.Publish: confirm,
}
