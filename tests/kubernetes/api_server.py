"""A real API server with nothing behind it, for the tests that find one; not a test itself.

`kube-apiserver` and `etcd` must be in the path. The one is a program of the Go module
`k8s.io/kubernetes`: take its `go.mod`, put a `replace` of each `k8s.io/…` of version v0.0.0 by the
release of the same number into one of your own (v1.34.4 goes with v0.34.4), and `go build
k8s.io/kubernetes/cmd/kube-apiserver` (minutes, 100 MB). The other is Debian's `etcd-server`.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sysconfig
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local_stack.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.kubernetes.rendering import Object

PROGRAMS: Final = ("kube-apiserver", "etcd")
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.2


class ApiServer:
    """Spoken to by kubectl, as an administrator."""

    def __init__(self, port: int, token: str) -> None:
        self._kubectl = (
            shutil.which("kubectl", path=sysconfig.get_path("scripts")) or "kubectl",
            *("--kubeconfig", "/dev/null", "--insecure-skip-tls-verify"),
            *("--server", f"https://127.0.0.1:{port}", "--token", token),
        )

    def run(self, *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """One command of kubectl, whatever comes of it."""
        return subprocess.run(
            (*self._kubectl, *arguments), input=told, capture_output=True, text=True, check=False
        )

    def apply(self, objects: Iterable[Object], *arguments: str) -> None:
        """`kubectl apply` of `objects`; fails the test if one of them is refused."""
        done = self.run("apply", "-f", "-", *arguments, told=yaml.safe_dump_all(objects))
        assert done.returncode == 0, done.stderr

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` answers."""
        done = self.run("get", *arguments, "-o", "yaml")
        assert done.returncode == 0, done.stderr
        return yaml.safe_load(done.stdout)


def missing_programs() -> list[str]:
    """What would be needed and is not in the path."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def running_api_server(folder: Path) -> Iterator[ApiServer]:
    """One of its own for the caller, on this machine alone; nothing is left of it."""
    store, peers, port = free_ports(3)
    token = secrets.token_urlsafe(16)
    (folder / "tokens").write_text(f"{token},tests,1,system:masters\n", encoding="utf-8")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    (folder / "key").write_bytes(pem)
    server = ApiServer(port, token)
    with ExitStack() as stack:
        address = f"http://127.0.0.1:{store}"
        stack.enter_context(_running(folder, _etcd(folder, address, peers)))
        process = stack.enter_context(_running(folder, _api_server(folder, address, port)))
        _wait_for(server, process)
        yield server


def _etcd(folder: Path, address: str, peers: int) -> Sequence[str]:
    return (
        "etcd",
        *("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", address, "--advertise-client-urls", address),
        *("--listen-peer-urls", f"http://127.0.0.1:{peers}"),
    )


def _api_server(folder: Path, store: str, port: int) -> Sequence[str]:
    key = str(folder / "key")
    return (
        "kube-apiserver",
        *("--etcd-servers", store, "--secure-port", str(port), "--bind-address", "127.0.0.1"),
        *("--cert-dir", str(folder / "certificates"), "--token-auth-file", str(folder / "tokens")),
        *("--service-account-key-file", key, "--service-account-signing-key-file", key),
        *("--service-account-issuer", "https://tests.invalid"),
        # Nobody makes the accounts that it would ask for: no controller runs.
        *("--disable-admission-plugins", "ServiceAccount"),
        *("--service-cluster-ip-range", "10.0.0.0/24"),
    )


@contextmanager
def _running(folder: Path, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait_for(server: ApiServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.run("get", "--raw", "/readyz").returncode != 0:
        assert process.poll() is None, "kube-apiserver has ended"
        assert time.monotonic() < deadline, "kube-apiserver does not become ready"
        time.sleep(POLL_SECONDS)
