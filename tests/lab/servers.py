"""What a larger Synapse stands on: PostgreSQL, Redis and nginx. Each is a private one of Debian's, with a folder and a
port of its own; none of the system's services is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .process import Process, accepts_connections, free_port

# Of use for as long as the test runs, so nothing waits for a disk.
POSTGRES_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": "127.0.0.1",
                     "unix_socket_directories": "", "max_connections": "120", "shared_buffers": "64MB"}


class Server:
    """A server of one process."""

    name = "server"
    ending = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"lab-{self.name}-"))
        self._process: Process | None = None

    def start(self) -> None:
        """Does nothing if it runs."""
        if self._process is None:
            self.prepare()
            self._process = Process(self.command(), env=environment(), cwd=self.folder, log=self.folder / "log")
            self._process.wait_ready(self.answers, self.name)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def destroy(self) -> None:
        if self._process is not None:
            self._process.stop(ending=self.ending)
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self) -> None:
        """Whatever has to be there before it starts."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        return accepts_connections(self.port)


class PostgreSQL(Server):
    """A cluster with one database. It refuses to be root's, so there it is the user's of Debian's package."""

    name = "postgresql"
    ending = signal.SIGINT  # does not wait for those who are connected
    user = "postgres"
    database = "synapse"

    def prepare(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "--pgdata", str(self._data), "--username", self.user, "--auth", "trust", "--encoding",
                  "UTF8", "--locale", "C", "--no-sync")

    def command(self) -> list[str]:
        settings = [word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
        return self._as_user("postgres", "-D", str(self._data), "-p", str(self.port), *settings)

    def answers(self) -> bool:
        return subprocess.run([_program("pg_isready"), "-q", *self._address], check=False).returncode == 0

    def start(self) -> None:
        new = self._process is None
        super().start()
        if new:
            self._run("createdb", *self._address, "--username", self.user, self.database)

    def settings(self) -> dict[str, object]:
        """For Synapse's configuration."""
        return {"name": "psycopg2", "args": {"user": self.user, "dbname": self.database, "host": "127.0.0.1",
                                             "port": self.port, "cp_min": 1, "cp_max": 10}}

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _address(self) -> list[str]:
        return ["--host", "127.0.0.1", "--port", str(self.port)]

    def _as_user(self, program: str, *args: str) -> list[str]:
        own = [_program(program), *args]
        if os.geteuid() != 0:
            return own
        # Who becomes another user must say again that it is to end with us.
        return ["setpriv", "--reuid", self.user, "--regid", str(pwd.getpwnam(self.user).pw_gid), "--clear-groups",
                "--pdeathsig", "KILL", "--", *own]

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(self._as_user(program, *args), cwd=self.folder, env=environment(), text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")


class Redis(Server):
    """Keeps nothing on disk."""

    name = "redis"

    def command(self) -> list[str]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", str(self.folder)]


class Nginx(Server):
    """Spreads requests over workers as docs/workers.md of Synapse says (section "Available worker applications"):
    those that any worker can answer go to the workers in turn, /sync by whose it is, /messages by room, and all
    others to the main process."""

    name = "nginx"

    def __init__(self, main: int, workers: Sequence[int]) -> None:
        super().__init__()
        self._main = main
        self._workers = workers

    def prepare(self) -> None:
        (self.folder / "nginx.conf").write_text(self._configuration())

    def command(self) -> list[str]:
        return ["nginx", "-p", str(self.folder), "-e", "stderr", "-c", "nginx.conf"]

    def _configuration(self) -> str:
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self._workers)
        anybody = "".join(f'    location ~ "{path}" {{ proxy_pass http://workers; }}\n' for path in ANY_WORKER)
        reading = "".join(f'    location ~ "{path}" {{ proxy_pass http://$reader; }}\n' for path in ANY_WORKER_READS)
        folders = "".join(f"  {kind}_temp_path {kind};\n"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # In one process, which ends when we do.
        return f"""daemon off; master_process off; pid nginx.pid;
events {{ worker_connections 1000; }}
http {{
{folders}  access_log off; client_max_body_size 60m;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host:$server_port;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_read_timeout 600s; proxy_next_upstream off;
  upstream main {{ server 127.0.0.1:{self._main}; keepalive 32; }}
  upstream workers {{ {servers} keepalive 32; }}
  upstream of_user {{ hash $http_authorization; {servers} }}
  upstream of_room {{ hash $uri; {servers} }}
  map $request_method $reader {{ GET workers; default main; }}
  server {{
    listen 127.0.0.1:{self.port};
    location ~ "^/_matrix/client/(r0|v3)/sync$" {{ proxy_pass http://of_user; }}
    location ~ "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/messages$" {{ proxy_pass http://of_room; }}
{anybody}{reading}    location / {{ proxy_pass http://main; }}
  }}
}}
"""


ANY_WORKER = (
    "^/_matrix/client/(api/v1|r0|v3|unstable)/createRoom$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/joined_members$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/members$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/state$",
    "^/_matrix/client/(r0|v3|unstable)/account/whoami$",
    "^/_matrix/client/versions$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/event/",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/joined_rooms$",
    "^/_matrix/client/(api/v1|r0|v3|unstable/.*)/rooms/.*/aliases",
    "^/_matrix/client/(r0|v3|unstable)/user/.*/filter(/|$)",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/directory/room/.*$",
    "^/_matrix/client/(r0|v3|unstable)/capabilities$",
    "^/_synapse/admin/v1/rooms/[^/]+$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/login$",
    "^/_matrix/client/(r0|v3|unstable)/register$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/redact",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/send",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/state/",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/rooms/.*/(join|invite|leave|ban|unban|kick)$",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/join/",
    "^/_matrix/client/(api/v1|r0|v3|unstable)/profile/",
)
# Only what is read there.
ANY_WORKER_READS = (
    "^/_matrix/client/(r0|v3|unstable)/.*/account_data",
    "^/_synapse/admin/v2/users/[^/]+$",
)


def environment() -> dict[str, str]:
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def _program(name: str) -> str:
    """Of PostgreSQL, the newest that is installed: Debian keeps them apart by version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed (tests/install.sh installs it)")
    return str(found[-1])
