"""What stands between the daemon and one of its peers: a proxy that does harm (lab/faultproxy.py)."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from lab.faultproxy import FaultProxy, Harm


class Link:
    """With TLS there is a second proxy behind the one that does harm, which holds the certificate, and a third one
    with that of a stranger."""

    def __init__(self, peer: str, folder: Path, seed: int, tls: bool = False) -> None:
        """The peer is "broker" or "homeserver"."""
        self.peer = peer
        self.proxy = FaultProxy(0, seed=seed)
        self._certificates = [_certificate(folder / f"{peer}-{who}") for who in ("own", "stranger")] if tls else []
        self._fronts: list[FaultProxy] = []

    def start(self, port: int) -> Link:
        """In front of the peer's port."""
        for path in self._certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            self._fronts.append(FaultProxy(port, context).start())
        self.proxy.target_port = self._fronts[0].port if self._fronts else port
        self.proxy.start()
        return self

    def environment(self) -> dict[str, str]:
        """What has to be said to a daemon so that it takes this way."""
        secure = "s" if self._certificates else ""
        if self.peer == "broker":
            return {"RABBITMQ_URI": f"amqp{secure}://guest:guest@localhost:{self.proxy.port}",
                    **({"RABBITMQ_CA_FILE": str(self._certificates[0])} if secure else {})}
        return {"MATRIX_MESSENGER__URI": f"http{secure}://localhost:{self.proxy.port}",
                **({"HTTP__CA_FILE": str(self._certificates[0])} if secure else {})}

    def pose_as_stranger(self) -> None:
        """Whoever connects now is shown a certificate that nobody trusts."""
        self.proxy.target_port = self._fronts[1].port
        self.proxy.strike(Harm.RESET, new_ones=False)

    def heal(self) -> None:
        if self._fronts:
            self.proxy.target_port = self._fronts[0].port
        self.proxy.heal()

    def destroy(self) -> None:
        for proxy in (self.proxy, *self._fronts):
            proxy.destroy()


def _certificate(path: Path) -> Path:
    """Certificate and key of "localhost" in one file; it signs itself, so who trusts it trusts nobody else."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path
