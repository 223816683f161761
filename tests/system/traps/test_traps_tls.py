"""What there is about TLS besides certificates (for those see test_tls.py)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator

import pytest

from conftest import Trap
from lab.amqp_peer import Peer, delivery
from lab.tls import Authority, Identity


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def identity(authority: Authority) -> Identity:
    return authority.identity("broker", "DNS:localhost", "IP:127.0.0.1")


def server(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    return context


@pytest.fixture
def secure() -> Iterator[Callable[[ssl.SSLContext], Peer]]:
    """Makes brokers that speak TLS."""
    peers: list[Peer] = []

    def make(context: ssl.SSLContext) -> Peer:
        peers.append(Peer(certificate=context).start())
        return peers[-1]

    yield make
    for peer in peers:
        peer.destroy()


Secure = Callable[[ssl.SSLContext], Peer]


def assert_works(trap: Trap, peer: Peer) -> None:
    session = peer.wait_consumer()
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    session.wait_acked(1)


@pytest.mark.parametrize(("host", "expected"), [("localhost", "localhost"), ("127.0.0.1", None)])
def test_a_name_is_sent_as_sni_and_an_address_is_not(
        trap: Trap, secure: Secure, authority: Authority, identity: Identity, host: str, expected: str | None) -> None:
    """RFC 6066, section 3. The library would send the address that it was told to connect to."""
    context, asked = server(identity), []
    context.sni_callback = lambda _, name, __: asked.append(name)
    peer = secure(context)
    trap.start(f"amqps://{host}:{peer.port}", RABBITMQ_CA_FILE=str(authority.file))
    assert_works(trap, peer)
    assert asked[0] == expected


def test_the_name_to_look_for_can_be_another_one(trap: Trap, secure: Secure, authority: Authority) -> None:
    peer = secure(server(authority.identity("other", "DNS:other.example")))
    trap.start(f"amqps://localhost:{peer.port}/%2F?server_name_indication=other.example",
               RABBITMQ_CA_FILE=str(authority.file))
    assert_works(trap, peer)


def test_who_wants_no_check_gets_none_and_a_warning(trap: Trap, secure: Secure, identity: Identity) -> None:
    peer = secure(server(identity))
    daemon = trap.start(f"amqps://localhost:{peer.port}/%2F?verify=verify_none")
    assert_works(trap, peer)
    assert any("event=broker-not-verified" in line.text for line in daemon.warnings())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_new_versions_are_spoken(trap: Trap, secure: Secure, authority: Authority, identity: Identity,
                                 version: ssl.TLSVersion) -> None:
    context = server(identity)
    context.minimum_version = context.maximum_version = version
    peer = secure(context)
    trap.start(f"amqps://localhost:{peer.port}", RABBITMQ_CA_FILE=str(authority.file))
    assert_works(trap, peer)


def test_a_handshake_that_is_never_answered_is_given_up(trap: Trap, peer: Peer) -> None:
    peer.greets = False
    daemon = trap.start(f"amqps://localhost:{peer.port}/%2F?connection_timeout=1000")
    daemon.wait_line("event=connection-lost", count=2)
    assert len(peer.sessions) >= 2


def test_many_frames_at_once_over_tls(trap: Trap, secure: Secure, authority: Authority, identity: Identity) -> None:
    """Nothing is left waiting in the buffers of OpenSSL either; 20 s are less than it takes to the next
    look at the connection."""
    peer = secure(server(identity))
    trap.start(f"amqps://localhost:{peer.port}", RABBITMQ_CA_FILE=str(authority.file), RABBITMQ_PREFETCH="1000",
               RABBITMQ_HEARTBEAT="600")
    session = peer.wait_consumer()
    session.send_raw(b"".join(delivery(b"{", tag) for tag in range(1, 401)))
    session.wait_acked(*range(1, 401), patience=20)
