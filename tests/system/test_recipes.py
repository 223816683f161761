"""What config/README.md advises to set on the homeserver: single sign-on, and aliases that are reserved."""

from __future__ import annotations

import importlib.util
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml

from lab.matrix import Homeserver, Refused
from lab.message import add_room, add_user, room
from lab.process import free_port
from lab.synapse import Synapse
from stage import Stage

# Where Synapse sends a browser that has logged in.
CLIENT = "http://client.example/"
BASE = "http://matrix.example.school/"
README = Path(__file__).parents[2] / "config" / "README.md"
HEADERS = {"Host": "matrix.example.school"}
PASSWORD = "a password of the sync user"


class Provider:
    """A provider of single sign-on (OAuth 2.0, RFC 6749), at which one user is logged in."""

    def __init__(self) -> None:
        self.port = free_port()
        self.claims = {"name": "Ada at the provider"}
        answers: dict[str, Any] = {"/token": {"access_token": "token", "token_type": "Bearer"},
                                   "/userinfo": self.claims}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 (the library's name)
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                body = json.dumps(answers[urlsplit(self.path).path]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def settings(self, name: str, **more: bool) -> dict[str, Any]:
        """An entry of Synapse's oidc_providers. Without the scope openid there is nothing to be signed."""
        here = f"http://127.0.0.1:{self.port}"
        return {
            "idp_id": name, "idp_name": name, "discover": False, "skip_verification": True,
            "issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
            "userinfo_endpoint": f"{here}/userinfo", "user_profile_method": "userinfo_endpoint",
            "client_id": "synapse", "client_secret": "secret", "scopes": ["profile"],
            "user_mapping_provider": {"config": {"localpart_template": "{{ user.preferred_username }}",
                                                 "display_name_template": "{{ user.name }}"}},
            **more,
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def reserved_aliases() -> list[dict[str, str]]:
    """As they stand in the README, for the sync user of this homeserver."""
    block, = (block for block in README.read_text().split("```yaml\n")[1:] if block.startswith("alias_creation_rules"))
    rules: list[dict[str, str]] = yaml.safe_load(block.split("```")[0])["alias_creation_rules"]
    return [{**rule, "user_id": rule["user_id"].replace("example.org", "*")} if "user_id" in rule else rule
            for rule in rules]


class School:
    """A homeserver that reserves aliases, and knows a provider of single sign-on twice: with and without the recipe."""

    def __init__(self) -> None:
        self.provider = Provider()
        self.synapse = Synapse(settings={
            "alias_creation_rules": reserved_aliases(), "public_baseurl": BASE, "sso": {"client_whitelist": [CLIENT]},
            "oidc_providers": [self.provider.settings("recipe", allow_existing_users=True),
                               self.provider.settings("plain")]})
        self._give_authlib()
        self.synapse.start()
        self.synapse.register("sync", PASSWORD, admin=True)
        self.homeserver: Homeserver = self.synapse.homeserver()

    def _give_authlib(self) -> None:
        """Of Debian 12: the distribution that Synapse is taken from has no package of it."""
        found = importlib.util.find_spec("authlib")
        assert found is not None and found.origin is not None, "python3-authlib is not installed"
        for part in Path(found.origin).parent.parent.glob("[aA]uthlib*"):
            shutil.copytree(part, self.synapse.folder / part.name)

    def begin(self, stage: Stage) -> None:
        stage.start(MATRIX_MESSENGER__URI=self.synapse.url, MATRIX_MESSENGER__SYNC_USER_PASSWORD=PASSWORD)

    def log_in(self, user: str, by: str) -> str:
        """As a browser does: to the provider and back, and to the client with a login token. Returns who that is."""
        self.provider.claims.update(sub=user, preferred_username=user[1:].split(":")[0])
        start = requests.get(f"{self.synapse.url}/_matrix/client/v3/login/sso/redirect/oidc-{by}",
                             {"redirectUrl": CLIENT}, headers=HEADERS, allow_redirects=False, timeout=10)
        state = parse_qs(urlsplit(start.headers["Location"]).query)["state"][0]
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in start.cookies)
        back = requests.get(f"{self.synapse.url}/_synapse/client/oidc/callback", {"code": "code", "state": state},
                            headers={**HEADERS, "Cookie": cookies}, allow_redirects=False, timeout=10)
        token = parse_qs(urlsplit(back.headers["Location"]).query)["loginToken"][0]
        answer = requests.post(f"{self.synapse.url}/_matrix/client/v3/login",
                               json={"type": "m.login.token", "token": token}, timeout=10)
        found: str = answer.json()["user_id"]
        return found

    def destroy(self) -> None:
        self.synapse.destroy()
        self.provider.stop()


@pytest.fixture(scope="module")
def school_of_recipes() -> Iterator[School]:
    school = School()
    yield school
    school.destroy()


def test_who_was_made_by_the_sync_finds_the_account_at_the_first_login(stage: Stage, school_of_recipes: School) -> None:
    school_of_recipes.begin(stage)
    user, room_id = stage.user("sso"), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    assert school_of_recipes.log_in(user, by="recipe") == user
    account = school_of_recipes.homeserver.user(user)
    assert account is not None and account["displayname"] == "Ada"
    assert user in school_of_recipes.homeserver.room(stage.alias(room_id)).members


def test_without_the_recipe_a_second_account_is_made(stage: Stage, school_of_recipes: School) -> None:
    """Why the recipe is there; should this fail, Synapse has changed."""
    school_of_recipes.begin(stage)
    user = stage.user("sso")
    stage.done(add_user(user, name="Ada"))
    assert school_of_recipes.log_in(user, by="plain") == user.replace(":", "1:")


def test_only_the_sync_user_binds_aliases_that_are_reserved(stage: Stage, school_of_recipes: School) -> None:
    school_of_recipes.begin(stage)
    room_id = stage.room_id()
    pupil = school_of_recipes.synapse.register("pupil-of-rules", "a password")
    own = pupil.create_room(preset="private_chat")
    with pytest.raises(Refused):
        pupil.put_alias(stage.alias(room_id, "course"), own)
    pupil.put_alias(stage.homeserver.alias(f"own_{room_id}"), own)
    stage.done(add_room(room(room_id, "Course", type="course"), stage.user()))
    assert school_of_recipes.homeserver.resolve(stage.alias(room_id, "course"))
