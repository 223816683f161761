"""A stub of the Matrix Authentication Service (MAS), for a real Synapse behind it.

Real MAS is not to be had here. What it is for Synapse (metadata, introspection) and what it does to Synapse
(`/_synapse/mas/…`) is little, so the homeserver is a real one; and its admin API, as far as the program under test uses
it, is written down in tests/data/mas/admin-api.json, an excerpt of MAS 1.22's own description, against which each
answer is held before it is sent.

    Accounts    what it holds and how it answers; knows no network
    Mas         the process, as a test sees it: it can be stopped, killed and frozen, and keeps what it holds

`python3 -m lab.mas PORT FOLDER` is the process itself.
"""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from .mas_spec import conform
from .process import Process, free_port

Json = dict[str, Any]
Answer = tuple[int, Any]

ADMIN = "/api/admin/v1"
CLIENT = ("01FTESTCLIENT0000000000000", "tz4QpW/9 vKc+eR7%mD2x")
SYNAPSE_SCOPE = "urn:matrix:client:api:* urn:matrix:client:device:SYNAPSESYNC urn:synapse:admin:*"
FULL_SCOPE = SYNAPSE_SCOPE + " urn:mas:admin"


@dataclass
class Behaviour:
    """What it does otherwise than it should; set by tests while it runs."""

    version: str = "1.22.0"  # before 1.18 it knows no display names
    slow: float = 0  # seconds before each answer of the admin API
    token_seconds: int = 300  # the life of a client's token
    refuses_client: bool = False
    status: int = 0  # of each answer of the admin API
    cut_creations: int = 0  # so many are provisioned, and then neither committed nor answered
    failed_creations: int = 0  # the same, answered with 500
    lost_replies: int = 0  # so many writes are carried out and not answered
    leaving_delay: float = 0  # seconds before the homeserver is told of a deactivation
    failed_leavings: int = 0  # so many jobs fail, and are not tried again
    serves_admin_api: bool = True
    server_name: str = ""  # "": that of the homeserver


@dataclass
class State:
    users: dict[str, Json] = field(default_factory=dict)  # by id
    emails: dict[str, Json] = field(default_factory=dict)
    tokens: dict[str, Json] = field(default_factory=dict)  # scope, user (None: a client's), device, ends
    passwords: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.answer: Answer = (status, {"errors": [{"title": title}]})


class Cut(Exception):
    """There is no answer."""


class Accounts:
    """Users, addresses and tokens; one method for each request."""

    def __init__(self, folder: Path, url: str, synapse: str, server_name: str, secret: str) -> None:
        self.behaviour = Behaviour()
        self.state = State()
        self.journal: list[list[Any]] = []
        self._folder = folder
        self._url, self._synapse, self._server_name, self._secret = url, synapse, server_name, secret
        self._lock = threading.RLock()
        if (folder / "state.json").exists():
            self.state = State(**json.loads((folder / "state.json").read_text()))
        if (folder / "behaviour.json").exists():
            self.behaviour = Behaviour(**json.loads((folder / "behaviour.json").read_text()))

    def save(self) -> None:
        """Whole or not at all."""
        fresh = self._folder / "state.new"
        fresh.write_text(json.dumps(asdict(self.state)))
        os.replace(fresh, self._folder / "state.json")

    def behave(self, changes: Json) -> Answer:
        with self._lock:
            self.behaviour = Behaviour(**{**asdict(self.behaviour), **changes})
            (self._folder / "behaviour.json").write_text(json.dumps(asdict(self.behaviour)))
        return 200, asdict(self.behaviour)

    def _once(self, name: str) -> bool:
        with self._lock:
            left = getattr(self.behaviour, name)
            if left > 0:
                self.behave({name: left - 1})
            return bool(left > 0)

    # --- Synapse ------------------------------------------------------------------------------------------------

    def _tell(self, method: str, name: str, **values: Any) -> requests.Response:
        given: Json = {"params": values} if method == "GET" else {"json": values}
        return requests.request(method, f"{self._synapse}/_synapse/mas/{name}", timeout=60,
                                headers={"Authorization": f"Bearer {self._secret}"}, **given)

    def _must_tell(self, name: str, **values: Any) -> None:
        reply = self._tell("POST", name, **values)
        if not reply.ok:
            raise Refusal(500, f"the homeserver: {reply.status_code} {reply.text}")

    def metadata(self) -> Answer:
        return 200, {"issuer": self._url + "/", "account_management_uri": self._url + "/account/",
                     "token_endpoint": self._url + "/oauth2/token",
                     "introspection_endpoint": self._url + "/oauth2/introspect"}

    def introspect(self, token: str) -> Answer:
        found = self.state.tokens.get(token)
        user = self.state.users.get(found["user"] or "") if found else None
        if not found or found["ends"] < time.time() or (user and (user["deactivated_at"] or user["locked_at"])):
            return 200, {"active": False}
        answer: Json = {"active": True, "scope": found["scope"], "expires_in": int(found["ends"] - time.time())}
        if user:
            answer["username"] = user["username"]
        if found["device"]:
            answer["device_id"] = found["device"]
        return 200, answer

    # --- tokens -------------------------------------------------------------------------------------------------

    def issue(self, user: str | None, scope: str, seconds: float = 86400 * 365, prefix: str = "mpt") -> str:
        token = f"{prefix}_{secrets.token_hex(15)}"
        devices = [one.rsplit(":", 1)[1] for one in scope.split() if one.startswith("urn:matrix:client:device:")]
        with self._lock:
            self.state.tokens[token] = {"user": user, "scope": scope, "device": devices[0] if devices else None,
                                        "ends": time.time() + seconds}
            self.save()
        if user and devices:
            self._must_tell("upsert_device", localpart=self.state.users[user]["username"], device_id=devices[0])
        return token

    def client_token(self, authorization: str, form: Json) -> Answer:
        expected = ":".join(_form_encoded(part) for part in CLIENT)
        if self.behaviour.refuses_client or authorization != "Basic " + base64.b64encode(expected.encode()).decode():
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        if form.get("scope") != ["urn:mas:admin"]:
            return 403, {"error": "invalid_scope"}
        token = self.issue(None, "urn:mas:admin", self.behaviour.token_seconds, "mat")
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.behaviour.token_seconds,
                     "scope": "urn:mas:admin"}

    def check_admin(self, authorization: str) -> None:
        if not authorization:
            raise Refusal(400, "Missing authorization header")
        found = self.state.tokens.get(authorization.removeprefix("Bearer "))
        user = self.state.users.get(found["user"] or "") if found else None
        if not found or found["ends"] < time.time():
            raise Refusal(401, "Unknown access token")
        if user and user["deactivated_at"]:
            raise Refusal(401, "User deactivated")
        if "urn:mas:admin" not in found["scope"].split():
            raise Refusal(401, "Missing urn:mas:admin scope")

    # --- users --------------------------------------------------------------------------------------------------

    def _single(self, kind: str, one: str, attributes: Json) -> Json:
        path = f"{ADMIN}/{kind}s/{one}"
        return {"data": {"type": kind, "id": one, "attributes": attributes, "links": {"self": path}},
                "links": {"self": path}}

    def _user(self, one: str) -> Json:
        return self._single("user", one, self.state.users[one])

    def _known(self, one: str) -> Json:
        if one not in self.state.users:
            raise Refusal(404, f"User ID {one} not found")
        return self.state.users[one]

    def _find(self, username: str) -> str | None:
        found = [one for one, user in self.state.users.items() if user["username"].lower() == username.lower()]
        return found[0] if found else None

    def enlist(self, username: str, admin: bool = False) -> str:
        one = ulid()
        with self._lock:
            self.state.users[one] = {"username": username, "created_at": now(), "locked_at": None,
                                     "deactivated_at": None, "admin": admin, "legacy_guest": False}
            self.save()
        return one

    def add_user(self, body: Json) -> Answer:
        username = body["username"]
        if self._find(username):
            raise Refusal(409, "User already exists")
        if not username or username[0] == "_" or not set(username) <= set("abcdefghijklmnopqrstuvwxyz0123456789=_-./+"):
            raise Refusal(400, "Username is not valid")
        if not self._tell("GET", "is_localpart_available", localpart=username).ok \
                and not body.get("skip_homeserver_check"):
            raise Refusal(409, "Username is reserved by the homeserver")
        named = {"set_displayname": body["displayname"]} if body.get("displayname") and self._knows_names() else {}
        self._must_tell("provision_user", localpart=username, **named)
        if self._once("cut_creations"):
            raise Cut()
        if self._once("failed_creations"):
            raise Refusal(500, "Internal server error")
        return 201, self._user(self.enlist(username))

    def _knows_names(self) -> bool:
        return tuple(map(int, self.behaviour.version.split("."))) >= (1, 18)

    def by_username(self, username: str) -> Answer:
        one = self._find(username)
        if one is None:
            raise Refusal(404, f"User with username \"{username}\" not found")
        return 200, self._user(one)

    def deactivate(self, one: str, body: Json) -> Answer:
        user = self._known(one)
        user["deactivated_at"] = user["deactivated_at"] or now()
        self.save()
        if not self._once("failed_leavings"):
            threading.Thread(target=self._leave, args=(one, not body.get("skip_erase", False)), daemon=True).start()
        return 200, self._user(one)

    def _leave(self, one: str, erase: bool) -> None:
        time.sleep(self.behaviour.leaving_delay)
        with self._lock:
            for key in [key for key, email in self.state.emails.items() if email["user_id"] == one]:
                del self.state.emails[key]
            self.save()
        self._must_tell("delete_user", localpart=self.state.users[one]["username"], erase=erase)

    def reactivate(self, one: str, _: Json) -> Answer:
        user = self._known(one)
        self._must_tell("reactivate_user", localpart=user["username"])
        user["deactivated_at"] = None
        self.save()
        return 200, self._user(one)

    def set_password(self, one: str, body: Json) -> Answer:
        self._known(one)
        if len(body["password"]) < 8 and not body.get("skip_password_check"):
            raise Refusal(400, "Password is too weak")
        self.state.passwords[one] = body["password"]
        self.save()
        return 204, None

    # --- addresses ----------------------------------------------------------------------------------------------

    def list_emails(self, query: Json) -> Answer:
        wanted = query.get("filter[email]", [""])[0]
        found = [self._single("user-email", one, email)["data"] for one, email in self.state.emails.items()
                 if email["email"].lower() == wanted.lower()]
        return 200, {"meta": {"count": len(found)}, "data": found, "links": {
            "self": f"{ADMIN}/user-emails", "first": f"{ADMIN}/user-emails", "last": f"{ADMIN}/user-emails"}}

    def add_email(self, body: Json) -> Answer:
        user = self._known(body["user_id"])
        if "@" not in body["email"]:
            raise Refusal(400, "Email \"…\" is not valid")
        if any(email["email"].lower() == body["email"].lower() for email in self.state.emails.values()):
            raise Refusal(409, "User email already in use")
        one = ulid()
        self.state.emails[one] = {"created_at": now(), "user_id": body["user_id"], "email": body["email"]}
        self.save()
        addresses = [email["email"] for email in self.state.emails.values() if email["user_id"] == body["user_id"]]
        threading.Thread(target=self._tell, args=("POST", "provision_user"), daemon=True,
                         kwargs={"localpart": user["username"], "set_emails": addresses}).start()
        return 201, self._single("user-email", one, self.state.emails[one])

    def site_config(self) -> Answer:
        flags = ("password_login_enabled", "password_registration_enabled", "password_registration_email_required",
                 "registration_token_required", "password_registration_token_required", "email_change_allowed",
                 "displayname_change_allowed", "password_change_allowed", "account_recovery_allowed",
                 "account_deactivation_allowed", "captcha_enabled")
        return 200, {"server_name": self.behaviour.server_name or self._server_name, "minimum_password_complexity": 3,
                     **dict.fromkeys(flags, False)}

    # --- requests -----------------------------------------------------------------------------------------------

    def admin(self, method: str, path: str, query: Json, body: Json, authorization: str) -> Answer:
        time.sleep(self.behaviour.slow)
        if not self.behaviour.serves_admin_api:
            return 404, None
        try:
            self.check_admin(authorization)
            if self.behaviour.status:
                raise Refusal(self.behaviour.status, "as it was told")
            answer = self._route(method, path.strip("/").split("/"), query, body)
        except Refusal as refusal:
            answer = refusal.answer
        if method != "GET" and answer[0] < 300 and self._once("lost_replies"):
            raise Cut()
        return answer

    def _route(self, method: str, parts: list[str], query: Json, body: Json) -> Answer:
        actions: dict[str, Callable[[str, Json], Answer]] = {
            "deactivate": self.deactivate, "reactivate": self.reactivate, "set-password": self.set_password}
        with self._lock:
            match method, parts:
                case "GET", ["site-config"]:
                    return self.site_config()
                case "GET", ["version"]:
                    return 200, {"version": "v" + self.behaviour.version}
                case "GET", ["users", "by-username", name]:
                    return self.by_username(unquote(name))
                case "POST", ["users"]:
                    return self.add_user(body)
                case "POST", ["users", one, action] if action in actions:
                    return actions[action](one, body)
                case "GET", ["user-emails"]:
                    return self.list_emails(query)
                case "POST", ["user-emails"]:
                    return self.add_email(body)
        return 404, None

    def lab(self, name: str, body: Json) -> Answer:
        """What tests do to it."""
        match name:
            case "behave":
                return self.behave(body)
            case "state":
                return 200, asdict(self.state)
            case "journal":
                return 200, self.journal
            case "forget":
                self.journal.clear()
            case "enlist":
                return 200, self.enlist(body["username"], body.get("admin", False))
            case "provision":
                self._must_tell("provision_user", localpart=body["username"])
                return 200, self.enlist(body["username"], body.get("admin", False))
            case "issue":
                return 200, self.issue(body["user"], body["scope"], body.get("seconds", 86400))
            case "revoke":
                self.state.tokens.pop(body["token"], None)
            case "revoke-clients":
                self.state.tokens = {key: one for key, one in self.state.tokens.items() if one["user"]}
            case "edit":
                self.state.users[body["user"]].update(body["values"])
        self.save()
        return 200, {}


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def ulid() -> str:
    return "01" + "".join(random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))


def _form_encoded(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-._~" else f"%{ord(c):02X}" for c in text)


# ---- the process -------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    accounts: Accounts

    def _serve(self) -> None:
        with self.server.at_work():  # type: ignore[attr-defined]
            self._serve_one()

    def _serve_one(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, answer = self._answer(parts.path, parse_qs(parts.query), body)
        except Cut:
            self.close_connection = True
            return
        if not parts.path.startswith("/lab/"):
            self.accounts.journal.append([self.command, parts.path, status])
        if parts.path.startswith(ADMIN) and answer is not None:
            conform(self.command, parts.path, status, answer)
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    def _answer(self, path: str, query: Json, body: bytes) -> Answer:
        authorization = self.headers.get("Authorization") or ""
        if path.startswith(ADMIN + "/"):
            return self.accounts.admin(self.command, path.removeprefix(ADMIN), query, json.loads(body or b"{}"),
                                       authorization)
        if path == "/.well-known/openid-configuration":
            return self.accounts.metadata()
        if path == "/oauth2/introspect":
            return self.accounts.introspect(parse_qs(body.decode())["token"][0])
        if path == "/oauth2/token":
            return self.accounts.client_token(authorization, parse_qs(body.decode()))
        if path.startswith("/lab/"):
            return self.accounts.lab(path.removeprefix("/lab/"), json.loads(body or b"{}"))
        return 404, None

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """On one request, until it is answered."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def serve_until_told(self) -> None:
        """SIGTERM: takes nobody in any more, and answers what is under way."""
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self.shutdown).start())
        self.serve_forever(poll_interval=0.1)
        self.socket.close()
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0, timeout=10)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may be gone: tests kill the daemon on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main(port: int, folder: Path) -> None:
    Handler.accounts = Accounts(folder, **json.loads((folder / "settings.json").read_text()))
    Server(port).serve_until_told()


# ---- as a test sees it -------------------------------------------------------------------------------------------


class Mas:
    """Whose settings Synapse is to be made with; start it after Synapse's port is known."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.secret = secrets.token_hex(16)
        self._folder = folder
        self._process: Process | None = None
        folder.mkdir()

    def serve(self, synapse: str, server_name: str) -> None:
        """For that homeserver."""
        (self._folder / "settings.json").write_text(json.dumps({
            "url": self.url, "synapse": synapse, "server_name": server_name,
            "secret": self.secret}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def synapse_settings(self) -> Json:
        return {"matrix_authentication_service": {"enabled": True, "endpoint": self.url, "secret": self.secret},
                "enable_registration": False, "password_config": {"enabled": False}}

    def start(self) -> Mas:
        self._process = Process([sys.executable, "-B", "-m", "lab.mas", str(self.port), str(self._folder)],
                                env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
                                cwd=self._folder, log=self._folder / "mas.log")
        self._process.wait_ready(self._answers, "the stub of MAS")
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(self.url + "/lab/state", timeout=5).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        assert self._process is not None
        self._process.stop()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.freeze()

    def thaw(self) -> None:
        assert self._process is not None
        self._process.thaw()

    def log(self) -> str:
        return (self._folder / "mas.log").read_text()

    def lab(self, name: str, **values: Any) -> Any:
        reply = requests.post(f"{self.url}/lab/{name}", json=values, timeout=60)
        reply.raise_for_status()
        return reply.json()

    def behave(self, **changes: Any) -> None:
        self.lab("behave", **changes)

    def account(self, localpart: str) -> tuple[str, Json] | None:
        found = [(one, user) for one, user in self.lab("state")["users"].items() if user["username"] == localpart]
        return found[0] if found else None

    def journal(self) -> list[list[Any]]:
        answer: list[list[Any]] = self.lab("journal")
        return answer


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
