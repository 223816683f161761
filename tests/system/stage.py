"""What a test has in its hands: the servers, a queue of its own, and daemons for it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from lab import message
from lab.daemon import Daemon, Line
from lab.matrix import Client, Homeserver
from lab.proxy import Proxy
from lab.queue import DeadLetter, Queue
from lab.school import School


def unique(prefix: str) -> str:
    """Tests share one homeserver, so each uses names of its own."""
    return f"{prefix}-{secrets.token_hex(4)}"


class Stage:
    """One test's view of the world. Its first daemon starts when it is first needed."""

    def __init__(self, school: School, proxy: Proxy) -> None:
        assert school.homeserver is not None and school.sync_user is not None
        self.school = school
        self.proxy = proxy
        self.homeserver: Homeserver = school.homeserver
        self.sync: Client = school.sync_user
        self.queue: Queue = school.queue(unique("queue"))
        self.daemons: list[Daemon] = []
        self._ended = 0

    # --- names --------------------------------------------------------------------------------------------------

    def user(self, prefix: str = "user") -> str:
        """The id of a user who does not exist yet."""
        return self.homeserver.user_id(unique(prefix))

    def person(self, prefix: str = "person", **fields: Any) -> str:
        """The id of a user who was there before us."""
        user = self.user(prefix)
        self.homeserver.put_user(user, **fields)
        return user

    def puppet(self) -> str:
        """The id of a user whom a bridge has made."""
        return self.school.synapse.register_puppet(unique("puppet"))

    def room_id(self) -> str:
        return unique("r")

    def alias(self, room_id: str, kind: str = "room") -> str:
        return self.homeserver.alias(f"{kind}_{room_id}")

    # --- daemons ------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        return {**self.school.environment(), "MATRIX_MESSENGER__URI": self.proxy.url,
                "RABBITMQ_MATRIX_QUEUE_EXTERNAL": self.queue.name}

    def new_daemon(self, drop: Sequence[str] = (), **settings: str) -> Daemon:
        """A daemon that is not started yet, with other settings or without some."""
        env = {name: value for name, value in {**self.environment, **settings}.items() if name not in drop}
        secret_values = [value for name, value in env.items()
                         if name.endswith(("PASSWORD", "TOKEN", "__SECRET"))]
        daemon = Daemon(env, secrets=secret_values)
        self.daemons.append(daemon)
        return daemon

    def start(self, drop: Sequence[str] = (), **settings: str) -> Daemon:
        """Start the daemon with which the messages that follow are handled."""
        self._ended = 0
        return self.new_daemon(drop, **settings).start()

    @property
    def daemon(self) -> Daemon:
        return self.daemons[-1] if self.daemons else self.start()

    # --- messages -----------------------------------------------------------------------------------------------

    def publish(self, *requests: Any, **properties: Any) -> None:
        if not self.queue.exists():
            self.queue.declare()
        self.queue.publish(*requests, **properties)

    def ends(self, count: int = 1) -> list[Line]:
        """Wait until so many more messages have ended, and return how."""
        daemon = self.daemon
        before, self._ended = self._ended, self._ended + count
        ends = daemon.wait_ends(self._ended)
        assert len(ends) == self._ended, f"more messages ended than were sent:\n{daemon.log}"
        return ends[before:]

    def done(self, *requests: Any) -> list[Line]:
        """Send messages and see them done."""
        self.publish(*requests)
        ends = self.ends(len(requests))
        outcomes = [end.outcome for end in ends]
        assert outcomes == ["done"] * len(requests), f"expected all done, got {outcomes}; log:\n{self.daemon.log}"
        return ends

    def done_with_warning(self, *requests: Any) -> None:
        """A warning says why Synapse rightly does not match the request."""
        before = len(self.daemon.warnings())
        self.done(*requests)
        assert len(self.daemon.warnings()) > before, f"expected a warning; log:\n{self.daemon.log}"

    def rejected(self, request: Any, code: str, **properties: Any) -> DeadLetter:
        """Send a message and see it dead-lettered."""
        before = self.queue.waiting(self.queue.dlq) if self.queue.exists(self.queue.dlq) else 0
        self.publish(request, **properties)
        end, = self.ends()
        assert end.outcome == "rejected", f"expected rejected, got {end.outcome}; log:\n{self.daemon.log}"
        letter = self.queue.wait_dead_letters(before + 1)[-1]
        assert letter.code == code, f"expected {code}, got {letter.code}: {letter.detail}"
        return letter

    def warm_up(self) -> None:
        """Have the daemon past logging in and whatever else it does at its start."""
        if not self.daemon.ends():
            self.done(message.add_user(self.person(displayname="Scout"), name="Scout"))
        self.proxy.forget()

    def writes_of(self, *requests: Any) -> list[str]:
        """What is written on Synapse while these are handled."""
        self.warm_up()
        self.done(*requests)
        return [str(request) for request in self.proxy.writes()]

    # --- the end ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends daemons in the orderly way, and looks whether that worked."""
        try:
            self.proxy.clear()
            for daemon in self.daemons:
                if daemon.alive():
                    status = daemon.stop()
                    assert status == 0, f"SIGTERM ended the daemon with status {status}; log:\n{daemon.log}"
                daemon.assert_no_secret_shown()
        finally:
            for daemon in self.daemons:
                daemon.destroy()
            if self.queue.exists():
                self.queue.delete()

    def assert_all_acked(self) -> None:
        """After the daemon's end the broker has taken back whatever was not acked."""
        for daemon in self.daemons:
            if daemon.alive():
                assert daemon.stop() == 0
        assert self.queue.waiting() == 0, f"{self.queue.waiting()} messages were not acked"
