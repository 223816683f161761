"""As much of the Redis client `txredisapi` as Synapse uses (synapse/replication/tcp/redis.py, external_cache.py).

Debian has no package of it, and without one of that name Synapse has no workers. This is a module of our own over
Twisted, with the real Redis behind it; Synapse finds it on its PYTHONPATH (see synapse_workers.py). It speaks RESP 2
(redis.io, "Redis serialization protocol specification"), and knows neither passwords nor numbered databases.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure


class ResponseError(Exception):
    """Redis answered with an error."""


class _Incomplete(Exception):
    """The rest of the reply has not come yet."""


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\r\n", at)
    if end < 0:
        raise _Incomplete
    return data[at:end], end + 2


def _reply(data: bytes, at: int) -> tuple[Any, int]:
    """The reply that begins there, and where the next one does."""
    head, at = _line(data, at)
    kind, rest = head[:1], head[1:]
    if kind == b"+":
        return rest.decode(), at
    if kind == b"-":
        return ResponseError(rest.decode()), at
    if kind == b":":
        return int(rest), at
    if kind == b"$":
        size = int(rest)
        if size < 0:
            return None, at
        if len(data) < at + size + 2:
            raise _Incomplete
        return data[at:at + size].decode(), at + size + 2
    if kind == b"*":
        parts = []
        for _ in range(int(rest)):
            part, at = _reply(data, at)
            parts.append(part)
        return parts, at
    raise ValueError(f"this is no reply of Redis: {head!r}")


def _command(words: tuple[Any, ...]) -> bytes:
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class RedisProtocol(protocol.Protocol):
    """One connection: replies come in the order of the commands."""

    factory: Any

    def __init__(self, *_: Any, **__: Any) -> None:
        self._data = b""
        self._asked: deque[tuple[Deferred[Any], int]] = deque()  # and how many more replies each is to get

    def execute(self, *words: Any, replies: int = 1) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self._asked.append((answer, replies))
        self.transport.write(_command(words))
        return answer

    def connectionMade(self) -> None:
        self.factory.connected(self)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:
        self.factory.disconnected(self)
        while self._asked:
            self._asked.popleft()[0].errback(reason)

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        at = 0
        try:
            while at < len(self._data):
                reply, at = _reply(self._data, at)
                self.replyReceived(reply)
        except _Incomplete:
            pass
        self._data = self._data[at:]

    def replyReceived(self, reply: Any) -> None:
        answer, replies = self._asked.popleft()
        if replies > 1:
            self._asked.appendleft((answer, replies - 1))
        elif isinstance(reply, ResponseError):
            answer.errback(reply)
        else:
            answer.callback(reply)

    def ping(self) -> Deferred[Any]:
        return self.execute("PING")

    def publish(self, channel: str, message: bytes) -> Deferred[Any]:
        return self.execute("PUBLISH", channel, message)

    def get(self, key: str) -> Deferred[Any]:
        return self.execute("GET", key)

    def set(self, key: str, value: str, pexpire: int) -> Deferred[Any]:
        return self.execute("SET", key, value, "PX", pexpire)


class SubscriberProtocol(RedisProtocol):
    """A connection that is told what others publish; it may say nothing but SUBSCRIBE and PING."""

    def subscribe(self, channels: list[str]) -> Deferred[Any]:
        return self.execute("SUBSCRIBE", *channels, replies=len(channels))

    def replyReceived(self, reply: Any) -> None:
        if isinstance(reply, list) and reply[0] == "message":
            self.messageReceived(None, reply[1], reply[2])
        else:
            super().replyReceived(reply)

    def messageReceived(self, pattern: Any, channel: str, message: str) -> None:
        """For who inherits from us."""


class ConnectionHandler:
    """Gives what is asked of it to a connection; where there is none, it waits for one."""

    def __init__(self, factory: RedisFactory) -> None:
        self._factory = factory

    def __getattr__(self, name: str) -> Any:
        def ask(*args: Any, **kwargs: Any) -> Deferred[Any]:
            def on(connection: RedisProtocol) -> Deferred[Any]:
                answer: Deferred[Any] = getattr(connection, name)(*args, **kwargs)
                return answer

            return self._factory.connection().addCallback(on)

        return ask


class UnixConnectionHandler(ConnectionHandler):
    """The same."""


class RedisFactory(protocol.ReconnectingClientFactory):
    """Keeps one connection, and makes it again when it is lost."""

    maxDelay = 10
    protocol: Any = RedisProtocol

    def __init__(self, handler: type[ConnectionHandler] = ConnectionHandler, **_: Any) -> None:
        self.pool: list[RedisProtocol] = []
        self.handler = handler(self)
        self._waiting: list[Deferred[RedisProtocol]] = []

    def connection(self) -> Deferred[RedisProtocol]:
        """The one there is, or the next one."""
        soon: Deferred[RedisProtocol] = Deferred()
        if self.pool:
            soon.callback(self.pool[0])
        else:
            self._waiting.append(soon)
        return soon

    def connected(self, connection: RedisProtocol) -> None:
        self.resetDelay()
        self.pool.append(connection)
        waiting, self._waiting = self._waiting, []
        for soon in waiting:
            soon.callback(connection)

    def disconnected(self, connection: RedisProtocol) -> None:
        if connection in self.pool:
            self.pool.remove(connection)
