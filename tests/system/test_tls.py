"""Secure connections to the broker, to the homeserver, and to the Matrix Authentication Service (MAS).

Most of it is tried on all: a front that speaks TLS stands before the one in question, in plain text behind it. Who is
refused must say why in words that help, hold what it has, and go on by itself once that is mended: certificates are
renewed while programs run.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.daemon import Daemon, executable, run_to_end
from lab.mas_school import MasSchool
from lab.message import add_user
from lab.proxy import Proxy
from lab.queue import Queue
from lab.school import School
from lab.tls import Authority, ConnectProxy, Front, Identity, TlsRabbitMQ
from stage import Stage, unique

NO_PEM = "This is no certificate.\n"
PASSWORD = secrets.token_hex(16)  # of the broker's user


@dataclass(frozen=True)
class Names:
    """What a test needs to know of one of the peers."""

    complaint: str  # beginning of the line of the log that says that there is no connection
    prefix: str  # of the settings of files

    def setting(self, name: str) -> str:
        return f"{self.prefix}{name}_FILE"


NAMES = {"broker": Names("event=connection-lost reason=", "RABBITMQ_"),
         "homeserver": Names("event=homeserver-(unavailable problem|paused reason)=", "HTTP__"),
         "MAS": Names("event=homeserver-(unavailable problem|paused reason)=", "HTTP__")}


class Certificates:
    """The cast. An authority takes a moment to make, so there is one for all tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ours, self.strangers = Authority(folder, "ours"), Authority(folder, "strangers")
        self.server = self.ours.identity("server", "DNS:localhost", "IP:127.0.0.1", "IP:::1")
        self.named = self.ours.identity("named", "DNS:localhost")
        self.client = self.ours.identity("client")
        self.bad_servers = {
            "unknown authority": self.strangers.identity("server", "DNS:localhost"),
            "wrong name": self.ours.identity("elsewhere", "DNS:elsewhere.example", "IP:127.0.0.2"),
            "expired": self.ours.identity("expired", "DNS:localhost", days=(-2, -1)),
            "not yet valid": self.ours.identity("early", "DNS:localhost", days=(1, 2)),
            "self-signed": self.ours.self_signed("self", "DNS:localhost"),
            "nothing but old TLS": self.server,
            "no TLS": None,
        }
        stranger, another = self.strangers.identity("client"), self.ours.identity("another")
        self.bad_clients = {
            "unknown authority": stranger,
            "expired": self.ours.identity("client-expired", days=(-2, -1)),
            "another's key": self.client.with_key_of(another),
            "no key at all": self.client.with_key(NO_PEM),
            "a key with a password": self.client.with_locked_key("open sesame"),
            "no certificate at all": Identity(_text(folder / "no.pem", NO_PEM), self.client.key),
        }


def _text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def broker_user(school: School) -> str:
    """With a password that is found nowhere by chance."""
    school.broker.add_user("secured", PASSWORD)
    school.broker.permit("secured", ".*", ".*", ".*")
    return f"secured:{PASSWORD}"


class Scene:
    """One peer behind a front, and a message for a user who tells by appearing that all is well."""

    def __init__(self, stage: Stage, peer: str, certificates: Certificates, broker_user: str) -> None:
        self.stage = stage
        self.peer = peer
        self.names = NAMES[peer]
        self.certificates = certificates
        self.target_port = {"broker": stage.school.broker, "homeserver": stage.proxy,
                            "MAS": getattr(stage.school, "mas", None)}[peer].port
        self.front = Front(self.target_port, certificates.server).start()
        self._broker_user = broker_user

    def settings(self, host: str = "localhost", ca: Path | None = None, client: Identity | None = None,
                 port: int | None = None) -> dict[str, str]:
        address = f"{host}:{port or self.front.port}"
        settings = {self.names.setting("CA"): str(ca or self.certificates.ours.file)}
        if client is not None:
            settings |= {self.names.setting("CERTIFICATE"): str(client.certificate),
                         self.names.setting("KEY"): str(client.key)}
        if self.peer == "broker":
            return {**settings, "RABBITMQ_URI": f"amqps://{self._broker_user}@{address}"}
        return {**settings, f"MATRIX_MESSENGER__{'MAS_' if self.peer == 'MAS' else ''}URI": f"https://{address}"}

    def publish(self) -> str:
        user = self.stage.user()
        self.stage.publish(add_user(user, name="Ada"))
        return user

    def refused(self, words: str, **settings: str) -> Daemon:
        """A daemon that says so, and the message stays."""
        daemon = self.stage.start(**settings)
        self.expect_complaint(words)
        assert not daemon.ends(), daemon.log
        return daemon

    def expect_complaint(self, words: str) -> None:
        self.stage.daemon.wait_line(f"{self.names.complaint}.*({words})")

    def expect_done(self) -> None:
        end, = self.stage.ends()
        assert end.outcome == "done", self.stage.daemon.log
        self.stage.assert_all_acked()
        for daemon in self.stage.daemons:
            assert PASSWORD not in daemon.log

    def close(self) -> None:
        self.front.destroy()


@pytest.fixture(params=["broker", "homeserver"])
def scene(request: pytest.FixtureRequest, stage: Stage, certificates: Certificates,
          broker_user: str) -> Iterator[Scene]:
    one = Scene(stage, request.param, certificates, broker_user)
    yield one
    one.close()


@pytest.fixture(scope="module")
def mas_school() -> Iterator[School]:
    with MasSchool() as everything:
        yield everything


@pytest.fixture
def mas_scene(mas_school: School, certificates: Certificates) -> Iterator[Scene]:
    between = Proxy(mas_school.synapse.port).start()
    stage = Stage(mas_school, between)
    one = Scene(stage, "MAS", certificates, "")
    try:
        yield one
    finally:
        stage.close()
        one.close()
        between.destroy()


@pytest.fixture(params=NAMES)
def any_scene(request: pytest.FixtureRequest) -> Scene:
    """That of any of the three peers; MAS has a homeserver of its own."""
    if request.param == "MAS":
        found: Scene = request.getfixturevalue("mas_scene")
    else:
        found = Scene(request.getfixturevalue("stage"), request.param, request.getfixturevalue("certificates"),
                      request.getfixturevalue("broker_user"))
        request.addfinalizer(found.close)
    return found


# --- the server's certificate -----------------------------------------------------------------------------------------

NOT_ACCEPTED = {
    "unknown authority": "unable to get local issuer certificate|self-signed certificate in certificate chain",
    "wrong name": "hostname mismatch|no alternative certificate subject name matches target host ?name 'localhost'",
    "expired": "certificate has expired",
    "not yet valid": "certificate is not yet valid",
    "self-signed": "self-signed certificate",
    "nothing but old TLS": "protocol version|unsupported protocol",
    "no TLS": "wrong version number|packet length too long|unexpected eof|connection closed",
}
TO_DO = {
    "unknown authority": "name the authority that signed it",
    "wrong name": "use a name in the URI that is in the certificate",
    "expired": "have it renewed",
    "not yet valid": "set the clocks of both machines",
    "self-signed": "name the authority that signed it",
    "nothing but old TLS": "it must speak TLS there, 1.2 or later",
    "no TLS": "use its port for TLS",
}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_good_certificate_is_accepted(any_scene: Scene, host: str) -> None:
    any_scene.publish()
    any_scene.stage.start(**any_scene.settings(host))
    any_scene.expect_done()


@pytest.mark.parametrize("what", NOT_ACCEPTED)
def test_what_is_not_secure_is_refused_with_what_to_do_and_its_mending_noticed(any_scene: Scene, what: str,
                                                                              tmp_path: Path) -> None:
    any_scene.front.become(any_scene.certificates.bad_servers[what], oldest=what == "nothing but old TLS")
    any_scene.publish()
    any_scene.refused(f"({NOT_ACCEPTED[what]}).*{TO_DO[what]}", **any_scene.settings(), **_any_tls(tmp_path))
    any_scene.front.become(any_scene.certificates.server)
    any_scene.expect_done()


def _any_tls(folder: Path) -> dict[str, str]:
    """OpenSSL itself is to have nothing against old TLS, lest it be the one who refuses."""
    file = _text(folder / "openssl.cnf", "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
                                         "[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n")
    return {"OPENSSL_CONF": str(file)}


def test_an_address_is_looked_for_in_the_certificate(scene: Scene) -> None:
    scene.front.become(scene.certificates.named)
    scene.publish()
    scene.refused("IP address mismatch|no alternative certificate subject name matches .*'127.0.0.1'",
                  **scene.settings("127.0.0.1"))
    scene.front.become(scene.certificates.server)
    scene.expect_done()


def test_an_ipv6_address(scene: Scene) -> None:
    front = Front(scene.target_port, scene.certificates.named, host="::1").start()
    try:
        scene.publish()
        scene.refused("IP address mismatch|no alternative certificate subject name matches .*'::1'",
                      **scene.settings("[::1]", port=front.port))
        front.become(scene.certificates.server)
        scene.expect_done()
    finally:
        front.destroy()


# --- being sent elsewhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("peer", ["homeserver", "MAS"])
def test_nobody_is_sent_elsewhere(request: pytest.FixtureRequest, peer: str, status: int) -> None:
    """AMQP 0-9-1 has no such answer. What is asked carries a token, or the way to one."""
    stage: Stage = request.getfixturevalue("mas_scene").stage if peer == "MAS" else request.getfixturevalue("stage")
    target = stage.school.mas if peer == "MAS" else stage.school.synapse  # type: ignore[attr-defined]
    elsewhere, front = Proxy(target.port).start(), Proxy(target.port).start()
    try:
        front.fault(".*", status=status, headers={"Location": f"{elsewhere.url}/_matrix/client/v3/login"})
        stage.publish(add_user(stage.user(), name="Ada"))
        name = f"MATRIX_MESSENGER__{'MAS_' if peer == 'MAS' else ''}URI"
        daemon = stage.start(**{name: front.url})
        daemon.wait_line(f"{NAMES[peer].complaint}.*: {status}")
        assert not daemon.ends() and not elsewhere.requests()
        front.clear()
        stage.ends()
        stage.assert_all_acked()
        assert not elsewhere.requests()
    finally:
        front.destroy()
        elsewhere.destroy()


# --- whom the daemon trusts -------------------------------------------------------------------------------------------

UNUSABLE = r"cannot use \S+/trusted.pem as trusted authorities: |error setting certificate .*trusted.pem"
BAD_AUTHORITIES = {"a stranger's": NOT_ACCEPTED["unknown authority"], "no PEM": UNUSABLE, "missing": UNUSABLE}


@pytest.mark.parametrize("what", BAD_AUTHORITIES)
def test_replaced_authorities_are_read(scene: Scene, what: str, tmp_path: Path) -> None:
    """What is wrong with the file only when the daemon runs is told, and mended, at run time."""
    ours, trusted = scene.certificates.ours.file, tmp_path / "trusted.pem"
    trusted.write_bytes(ours.read_bytes())
    scene.publish()
    scene.stage.start(**scene.settings(ca=trusted))
    scene.stage.ends()
    if what == "missing":
        trusted.unlink()
    else:
        trusted.write_text(NO_PEM if what == "no PEM" else scene.certificates.strangers.file.read_text())
    scene.front.cut()
    scene.publish()
    scene.expect_complaint(BAD_AUTHORITIES[what])
    assert len(scene.stage.daemon.ends()) == 1
    trusted.write_bytes(ours.read_bytes())
    scene.expect_done()


def test_a_stranger_is_not_trusted_without_a_file(scene: Scene) -> None:
    scene.publish()
    scene.refused(NOT_ACCEPTED["unknown authority"], **{**scene.settings(), scene.names.setting("CA"): ""})


def test_the_authorities_of_the_system_are_trusted(scene: Scene, tmp_path: Path) -> None:
    """In a view of the file system of its own, in which the system trusts our authority."""
    apart = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no view of the file system of one's own is to be had here")
    system = scene.certificates.ours.as_system(tmp_path / "certs")
    program = _text(tmp_path / "program", f"""#!/bin/sh
exec {' '.join(apart)} sh -c 'mount --bind {system} /etc/ssl/certs && exec {executable()}'
""")
    program.chmod(0o755)
    scene.publish()
    daemon = Daemon({**scene.stage.environment, **scene.settings(), scene.names.setting("CA"): ""}, program=program)
    scene.stage.daemons.append(daemon)
    daemon.start()
    scene.expect_done()


# --- the client's certificate -----------------------------------------------------------------------------------------

KEY_UNUSABLE = (r"cannot use \S+/key.pem as its key \(PEM, without a password\): "
                r"|certificate or its key \(PEM, without a password\) cannot be used: .*key.pem")
CLIENT_NOT_ACCEPTED = {
    "unknown authority": "alert unknown ca",
    "expired": "alert certificate expired",
    "another's key": "as its key .*: key values mismatch|or its key .* cannot be used: .*key.pem",
    "no key at all": KEY_UNUSABLE,
    "a key with a password": KEY_UNUSABLE,
    "no certificate at all": r"cannot use \S+/certificate.pem as the client certificate: no start line"
                             r"|certificate or its key \S+ .* cannot be used: .*certificate.pem",
}


def test_a_client_certificate_is_shown(scene: Scene) -> None:
    scene.front.become(scene.certificates.server, clients=scene.certificates.ours)
    scene.publish()
    scene.stage.start(**scene.settings(client=scene.certificates.client))
    scene.expect_done()


def test_a_client_certificate_is_missing(scene: Scene) -> None:
    scene.front.become(scene.certificates.server, clients=scene.certificates.ours)
    scene.publish()
    scene.refused("alert certificate required", **scene.settings())
    scene.front.become(scene.certificates.server)
    scene.expect_done()


@pytest.mark.parametrize("what", CLIENT_NOT_ACCEPTED)
def test_a_bad_client_certificate_is_refused_and_its_renewal_used(scene: Scene, what: str, tmp_path: Path) -> None:
    scene.front.become(scene.certificates.server, clients=scene.certificates.ours)
    shown = scene.certificates.bad_clients[what].copy_to(tmp_path)
    scene.publish()
    scene.refused(CLIENT_NOT_ACCEPTED[what], **scene.settings(client=shown))
    scene.certificates.client.replace(shown)
    scene.expect_done()


# --- a broker that speaks TLS itself ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls_broker(certificates: Certificates) -> Iterator[TlsRabbitMQ]:
    with TlsRabbitMQ(certificates.server, certificates.ours) as broker:
        yield broker


def test_rabbitmq_with_client_certificates(stage: Stage, certificates: Certificates, tls_broker: TlsRabbitMQ,
                                           tmp_path: Path) -> None:
    stage.queue = Queue(tls_broker, unique("queue"))
    settings = {"RABBITMQ_URI": f"amqps://guest:guest@localhost:{tls_broker.tls_port}",
                "RABBITMQ_CA_FILE": str(certificates.ours.file)}
    complaint = NAMES["broker"].complaint
    stage.publish(add_user(stage.user(), name="Ada"))

    stage.start(**settings).wait_line(f"{complaint}.*alert certificate required")
    stage.daemon.stop()

    shown = certificates.bad_clients["unknown authority"].copy_to(tmp_path)
    stage.start(**settings, RABBITMQ_CERTIFICATE_FILE=str(shown.certificate), RABBITMQ_KEY_FILE=str(shown.key))
    stage.daemon.wait_line(f"{complaint}.*alert unknown ca")
    certificates.client.replace(shown)
    stage.ends()

    certificates.bad_servers["expired"].replace(tls_broker.identity)
    tls_broker.forget_certificates()
    tls_broker.close_connections()
    stage.daemon.wait_line(f"{complaint}.*certificate has expired")
    certificates.server.replace(tls_broker.identity)
    tls_broker.forget_certificates()
    stage.publish(add_user(stage.user(), name="Alan"))
    stage.ends()
    stage.assert_all_acked()


# --- through a proxy --------------------------------------------------------------------------------------------------


def test_https_through_a_proxy_that_wants_a_password(stage: Stage, certificates: Certificates,
                                                     broker_user: str) -> None:
    scene = Scene(stage, "homeserver", certificates, broker_user)
    proxy = ConnectProxy("daemon", PASSWORD).start()
    try:
        scene.publish()
        scene.refused("407", HTTP__PROXY=f"http://daemon:wrong-one@127.0.0.1:{proxy.port}", **scene.settings())
        assert scene.stage.daemon.stop() == 0
        assert "wrong-one" not in scene.stage.daemon.log
        scene.stage.start(HTTP__PROXY=f"http://daemon:{PASSWORD}@127.0.0.1:{proxy.port}", **scene.settings())
        scene.expect_done()
        for request in proxy.requests:
            assert request.startswith(f"CONNECT localhost:{scene.front.port} ")
            assert "Bearer" not in request
    finally:
        proxy.destroy()
        scene.close()


# --- mistakes that are there from the start ---------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["RABBITMQ_", "HTTP__"])
@pytest.mark.parametrize(("what", "named"), [
    ({"CA_FILE": "/no/such/file"}, "CA_FILE"),
    ({"CERTIFICATE_FILE": "/dev/null", "KEY_FILE": "/no/such/file"}, "KEY_FILE"),
    ({"CERTIFICATE_FILE": "/dev/null"}, "KEY_FILE: expected both or neither"),
    ({"KEY_FILE": "/dev/null"}, "KEY_FILE: expected both or neither"),
])
def test_missing_files_are_refused_at_the_start(prefix: str, what: dict[str, str], named: str) -> None:
    complete = {"MATRIX_MESSENGER__URI": "https://localhost:9", "MATRIX_MESSENGER__SERVERNAME": "example.school",
                "MATRIX_MESSENGER__SYNC_USER_PASSWORD": "a password", "RABBITMQ_URI": "amqps://localhost:9"}
    ended = run_to_end((), {**complete, **{prefix + name: value for name, value in what.items()}})
    assert ended.returncode == 78
    assert prefix + named in ended.stdout + ended.stderr
