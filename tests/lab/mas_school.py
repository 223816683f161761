"""A school whose accounts are kept by the Matrix Authentication Service, that is by its stub."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .mas import FULL_SCOPE, Mas
from .matrix import Client, Homeserver
from .rabbitmq import RabbitMQ
from .school import SYNC_USER, School
from .synapse import SERVER_NAME, Synapse


class MasSchool(School):
    """Broker, MAS and a real Synapse that asks it for each token."""

    def __init__(self, server_name: str = SERVER_NAME) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lab-mas-"))
        self.mas = Mas(self._folder / "mas")
        self.broker = RabbitMQ()
        self.synapse = Synapse(server_name, settings=self.mas.synapse_settings, bridge=True)
        self.mas.serve(self.synapse.url, server_name)
        self.sync_user: Client | None = None
        self.homeserver: Homeserver | None = None

    def start(self) -> School:
        self.broker.start()
        self.mas.start()
        self.synapse.start()
        self.account = self.mas.lab("provision", username=SYNC_USER, admin=True)
        self.sync_user = Client(self.synapse.url, self.synapse.user_id(SYNC_USER), self.token(FULL_SCOPE))
        operator = self.mas.lab("provision", username="operator", admin=True)
        token = self.mas.lab("issue", user=operator, scope=FULL_SCOPE.replace("SYNAPSESYNC", "THEOPERATOR"))
        self.homeserver = Homeserver(Client(self.synapse.url, self.synapse.user_id("operator"), token), SERVER_NAME)
        return self

    def token(self, scope: str) -> str:
        """Of the sync user."""
        token: str = self.mas.lab("issue", user=self.account, scope=scope)
        return token

    def log_in(self, user: str) -> Client:
        """As a person does, by MAS."""
        account = self.mas.account(user[1:].partition(":")[0])
        assert account is not None, f"{user} has no account"
        token = self.mas.lab("issue", user=account[0],
                             scope="urn:matrix:client:api:* urn:matrix:client:device:THETELEPHONE")
        return Client(self.synapse.url, user, token)

    def environment(self) -> dict[str, str]:
        assert self.sync_user is not None
        settings = {**self._common(), "MATRIX_MESSENGER__SYNC_USER_TOKEN": self.sync_user.token}
        return settings

    def destroy(self) -> None:
        super().destroy()
        self.mas.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
