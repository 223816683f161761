"""A private RabbitMQ node."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import pika
import pika.exceptions

from .install import find_or_make_rabbitmq
from .process import Process, accepts_connections, free_port, wait_until

# The wrappers in /usr/sbin insist on the user rabbitmq and on the system's folders; the scripts behind them
# run as anybody, anywhere.
SCRIPTS = Path("/usr/lib/rabbitmq/bin")


def binary(text: str) -> str:
    """As Erlang writes it."""
    return '<<"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"/utf8>>'


class Broker:
    """A broker somewhere, known by its URI."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def connect(self) -> pika.BlockingConnection:
        # Heartbeats are off: the test's connection is often idle while it waits for something.
        return pika.BlockingConnection(pika.URLParameters(f"{self.uri}/%2F?heartbeat=0"))

    def ctl(self, *args: str) -> str:
        """Administer the node; only possible with one of our own."""
        raise NotImplementedError

    def evaluate(self, expression: str) -> str:
        """Have the node evaluate Erlang; only possible with one of our own."""
        raise NotImplementedError


class RabbitMQ(Broker):
    """One node with its own name, ports, data and port mapper (epmd): no other Erlang program is touched."""

    def __init__(self, settings: str = "") -> None:
        self.port = free_port()
        super().__init__(f"amqp://guest:guest@127.0.0.1:{self.port}")
        self._root = find_or_make_rabbitmq()
        self.folder = Path(tempfile.mkdtemp(prefix="lab-rabbitmq-", dir=self._root and self._root / "srv"))
        self._settings = settings
        self._epmd: Process | None = None
        self._node: Process | None = None
        self._env = self._environment(epmd_port=free_port(), dist_port=free_port())

    def start(self) -> RabbitMQ:
        self._write_configuration()
        if self._epmd is None:
            self._start_epmd()
        self._node = Process(self._command("rabbitmq-server"), env=self._env, cwd=self.folder,
                             log=self.folder / "server.log")
        self._node.wait_ready(self._answers, "RabbitMQ", patience=120)
        return self

    def stop(self) -> None:
        """End the node; its data stay for another start()."""
        if self._node is not None:
            self._node.stop()

    def kill(self) -> None:
        """What a power cut does."""
        if self._node is not None:
            self._node.kill()

    def freeze(self) -> None:
        assert self._node is not None
        self._node.freeze()

    def thaw(self) -> None:
        assert self._node is not None
        self._node.thaw()

    def destroy(self) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> RabbitMQ:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.destroy()

    def ctl(self, *args: str) -> str:
        """Run rabbitmqctl against this node, for what AMQP cannot do."""
        done = subprocess.run(self._command("rabbitmqctl", *args), env=self._env, cwd=self.folder, text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {args[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def evaluate(self, expression: str) -> str:
        """What the Erlang expression comes to in this node. A hundred times as quick as rabbitmqctl, which starts an
        Erlang machine of its own for it."""
        return wait_until(lambda: self._evaluate_once(expression), "the node to evaluate Erlang")

    def _evaluate_once(self, expression: str) -> str | None:
        """None if the node did not let it in, which a busy one does now and then: nothing was evaluated."""
        cookie = (self.folder / ".erlang.cookie").read_text().strip()
        done = subprocess.run([*self._root_first(), "erl_call", "-sname", self._env["RABBITMQ_NODENAME"], "-c", cookie,
                               "-e"], env=self._env, cwd=self.folder, text=True, capture_output=True, timeout=120,
                              check=False, input=f"{expression}.\n")
        if "failed to connect to node" in done.stderr:
            return None
        if not done.stdout.startswith("{ok, "):
            raise RuntimeError(f"{expression}: {done.stdout}{done.stderr}")
        return done.stdout[len("{ok, "):-1]

    def add_user(self, name: str, password: str) -> None:
        """Without any permission."""
        self.evaluate(f"ok = rabbit_auth_backend_internal:add_user({binary(name)}, {binary(password)}, <<>>)")

    def permit(self, name: str, configure: str, write: str, read: str) -> None:
        """Patterns of names, as rabbitmqctl set_permissions takes them."""
        patterns = ", ".join(map(binary, (configure, write, read)))
        self.evaluate(f'ok = rabbit_auth_backend_internal:set_permissions({binary(name)}, <<"/">>, {patterns}, <<>>)')

    def remove_user(self, name: str) -> None:
        self.evaluate(f"ok = rabbit_auth_backend_internal:delete_user({binary(name)}, <<>>)")

    def version(self) -> tuple[int, ...]:
        """Major and minor number."""
        return tuple(int(part) for part in self.ctl("version").strip().split(".")[:2])

    def close_connections(self) -> None:
        self.evaluate('[rabbit_networking:close_connection(One, "closed by the test")'
                      ' || One <- rabbit_networking:connections()]')

    def _answers(self) -> bool:
        if not accepts_connections(self.port):
            return False
        try:
            self.connect().close()
        except (pika.exceptions.AMQPError, OSError):
            return False
        return True

    def _command(self, script: str, *args: str) -> list[str]:
        return [*self._root_first(), str(SCRIPTS / script), *args]

    def _root_first(self) -> list[str]:
        return ["chroot", str(self._root)] if self._root else []

    def _inside(self, name: str = "") -> str:
        """A path of our folder as the node sees it."""
        path = self.folder / name
        return "/" + str(path.relative_to(self._root)) if self._root else str(path)

    def _environment(self, epmd_port: int, dist_port: int) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": self._inside(),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"lab{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist_port),
            "RABBITMQ_MNESIA_BASE": self._inside("data"),
            "RABBITMQ_LOG_BASE": self._inside("log"),
            "RABBITMQ_CONFIG_FILE": self._inside("rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._inside("plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # Makes the start script become the Erlang machine instead of waiting for it in between, so that a
            # signal to the process reaches the broker itself.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _write_configuration(self) -> None:
        settings = f"loopback_users = none\nlog.console = true\n{self._settings}\n"
        (self.folder / "rabbitmq.conf").write_text(settings)
        (self.folder / "plugins").write_text("[].\n")

    def _start_epmd(self) -> None:
        # Started here and in the foreground: otherwise the node starts one as a daemon, which nobody ends.
        port = int(self._env["ERL_EPMD_PORT"])
        self._epmd = Process([shutil.which("epmd") or "/usr/bin/epmd"], env=self._env, cwd=self.folder,
                             log=self.folder / "epmd.log")
        self._epmd.wait_ready(lambda: accepts_connections(port), "epmd")
