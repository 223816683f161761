"""Certificates, and servers that show them.

    Authority       makes certificates, good and bad ones
    Identity        a certificate and its key; can be put where a running program looks for its own
    Front           speaks TLS to whoever connects, and plainly to the server behind it
    TlsRabbitMQ     a broker that speaks TLS by itself, and wants to see a certificate
    ConnectProxy    an HTTP proxy that lets through what it cannot read
"""

from __future__ import annotations

import asyncio
import base64
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from .process import accepts_connections, free_port
from .rabbitmq import RabbitMQ

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*args: str) -> None:
    done = subprocess.run(["openssl", *args], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr}")


def _put(source: Path, target: Path) -> None:
    """In one step, as whoever renews certificates should do it: nobody sees half a file."""
    new = target.with_name(f".{target.name}.new")
    shutil.copy(source, new)
    os.replace(new, target)


@dataclass(frozen=True)
class Identity:
    certificate: Path
    key: Path

    def copy_to(self, folder: Path) -> Identity:
        """The same in that folder, under names that do not depend on whose it is."""
        copy = Identity(folder / "certificate.pem", folder / "key.pem")
        self.replace(copy)
        return copy

    def replace(self, other: Identity) -> None:
        """Put this one where the other one is."""
        _put(self.certificate, other.certificate)
        _put(self.key, other.key)

    def with_key_of(self, other: Identity) -> Identity:
        """Which it is not."""
        return Identity(self.certificate, other.key)

    def with_key(self, content: str) -> Identity:
        key = self.key.with_suffix(".other")
        key.write_text(content)
        return Identity(self.certificate, key)

    def with_locked_key(self, password: str) -> Identity:
        locked = self.key.with_suffix(".locked")
        _openssl("pkey", "-in", str(self.key), "-aes256", "-passout", f"pass:{password}", "-out", str(locked))
        return Identity(self.certificate, locked)


class Authority:
    """Who trusts `file` trusts the certificates that are made here."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.file = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        self._rules = self.folder / "ca.cnf"
        self._rules.write_text("[ca]\ndefault_ca = our\n[any]\ncommonName = supplied\n[our]\npolicy = any\n"
                               "default_md = sha256\nrand_serial = yes\nunique_subject = no\n"
                               f"new_certs_dir = {self.folder}\ndatabase = {self.folder}/issued\n")
        (self.folder / "issued").touch()
        _openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", f"/CN={name}", "-keyout", str(self._key),
                 "-out", str(self.file))

    def identity(self, name: str, *alternatives: str, days: tuple[int, int] = (-1, 2)) -> Identity:
        """For a server that is called by these names, such as "DNS:localhost" or "IP:::1"; without any, for a
        client. Valid from the one day to the other, counted from now."""
        made = Identity(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        usage = "serverAuth" if alternatives else "clientAuth"
        extensions.write_text(f"basicConstraints=CA:false\nextendedKeyUsage={usage}\n" +
                              (f"subjectAltName={','.join(alternatives)}\n" if alternatives else ""))
        _openssl("req", "-new", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(request))
        begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + day * 86400)) for day in days)
        _openssl("ca", "-batch", "-notext", "-config", str(self._rules), "-cert", str(self.file),
                 "-keyfile", str(self._key), "-startdate", begin, "-enddate", end, "-extfile", str(extensions),
                 "-in", str(request), "-out", str(made.certificate))
        return made

    def self_signed(self, name: str, *alternatives: str) -> Identity:
        """One that this authority has nothing to do with."""
        made = Identity(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        _openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", f"/CN={name}", "-addext",
                 f"subjectAltName={','.join(alternatives)}", "-keyout", str(made.key), "-out", str(made.certificate))
        return made

    def as_system(self, folder: Path) -> Path:
        """A folder in which OpenSSL finds this authority, like /etc/ssl/certs."""
        folder.mkdir()
        for name in ("authority.pem", "ca-certificates.crt"):
            shutil.copy(self.file, folder / name)
        _openssl("rehash", str(folder))
        return folder


class Front:
    """A thread for each connection, since asyncio does not send the alerts by which TLS says what is wrong."""

    def __init__(self, target_port: int, identity: Identity, host: str = "127.0.0.1") -> None:
        self.port = free_port()
        self._target_port = target_port
        self._listener = socket.create_server((host, self.port),
                                              family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._open: set[socket.socket] = set()
        self._context: ssl.SSLContext | None = _context(identity)

    def start(self) -> Front:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def destroy(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def become(self, identity: Identity | None, clients: Authority | None = None, oldest: bool = False) -> None:
        """From the next connection on: show this certificate; to clients of that authority only, if one is given; or
        speak nothing but what was out of date in 2018. Without a certificate: speak no TLS at all."""
        self._context = _context(identity, clients, oldest) if identity else None

    def cut(self) -> None:
        """End all connections."""
        for one in list(self._open):
            _shut(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, self._dress(client) as secure, \
                    socket.create_connection(("127.0.0.1", self._target_port)) as server:
                ends = {secure, server}
                for end in ends:  # or an ack arrives together with the end, and RabbitMQ heeds only that
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open |= ends
                try:
                    _join(secure, server)
                finally:
                    self._open -= ends
        except OSError:
            pass  # a handshake that failed, or a connection that was cut

    def _dress(self, client: socket.socket) -> socket.socket:
        return self._context.wrap_socket(client, server_side=True) if self._context else client


def _context(identity: Identity, clients: Authority | None = None, oldest: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)
    if oldest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def _join(secure: socket.socket, server: socket.socket) -> None:
    """In one thread, for OpenSSL's connections are not made for two; it reads whole records, so nothing is left of
    which select() would not know. Each direction ends by itself: what a client said before it went still arrives."""
    sinks: dict[socket.socket, socket.socket] = {secure: server, server: secure}
    while sinks:
        ready, _, _ = select.select(list(sinks), [], [])
        for source in ready:
            if not _pass_on(source, sinks[source]):
                _shut(sinks.pop(source), socket.SHUT_WR)


def _pass_on(source: socket.socket, sink: socket.socket) -> bool:
    """Whether there will be more."""
    try:
        data = source.recv(65536)
        sink.sendall(data)
    except OSError:
        return False
    return bool(data)


def _shut(one: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    try:
        one.shutdown(how)
    except OSError:
        pass


class TlsRabbitMQ(RabbitMQ):
    """Listens for TLS on `tls_port` as well, and there lets in only clients of the authority. Its certificate is read
    anew after forget_certificates()."""

    def __init__(self, identity: Identity, clients: Authority) -> None:
        super().__init__()
        self.tls_port = free_port()
        self.identity = identity.copy_to(self.folder)
        shutil.copy(clients.file, self.folder / "clients.pem")
        self._settings = "\n".join([
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
            f"ssl_options.cacertfile = {self._inside('clients.pem')}",
            f"ssl_options.certfile = {self._inside(self.identity.certificate.name)}",
            f"ssl_options.keyfile = {self._inside(self.identity.key.name)}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true"])

    def forget_certificates(self) -> None:
        """Erlang does so by itself every two minutes."""
        self.evaluate("ssl:clear_pem_cache()")

    def _answers(self) -> bool:
        return super()._answers() and accepts_connections(self.tls_port)


class ConnectProxy:
    """Wants a user and a password, and remembers what it was told besides."""

    def __init__(self, user: str, password: str) -> None:
        self.port = free_port()
        self.requests: list[str] = []
        self._pass = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._loop = asyncio.new_event_loop()

    def start(self) -> ConnectProxy:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", self.port), self._loop).result(timeout=30)
        return self

    def destroy(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(request)
        if f"Proxy-Authorization: Basic {self._pass}\r\n" not in request:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=lab\r\n"
                         b"Content-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = request.split()[1].rpartition(":")
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()
