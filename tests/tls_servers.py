"""Servers behind TLS, with certificates of an authority that exists for one test.

The wheels' Valkey and PostgreSQL are built without TLS, so a front ends it for them, as a proxy or
a service mesh would; where Debian's servers are installed, they speak it themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import trustme

from local_stack.accounts import unprivileged_account
from local_stack.child import Child, Command, wait_for
from local_stack.ports import free_ports
from local_stack.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from local_stack.accounts import Account

SSL_REQUEST_BYTES: Final = 8
"""PostgreSQL's clients ask for TLS in the clear first."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Paths of the certificates that one test works with."""

    folder: Path
    authority: str
    other_authority: str
    """Of somebody else."""
    client: str
    client_key: str
    server: str
    server_key: str
    server_context: ssl.SSLContext


def issue_papers(folder: Path, name: str, *, wants_client: bool) -> Papers:
    """Certificates for a server called `name`, and for one client."""
    authority, other = trustme.CA(), trustme.CA()
    server = authority.issue_cert(name)
    client = authority.issue_cert("adda-client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(context)
    if wants_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    paths = {
        "authority": authority.cert_pem,
        "other_authority": other.cert_pem,
        "client": client.cert_chain_pems[0],
        "client_key": client.private_key_pem,
        "server": server.cert_chain_pems[0],
        "server_key": server.private_key_pem,
    }
    for file_name, pem in paths.items():
        pem.write_to_path(str(folder / f"{file_name}.pem"))
        (folder / f"{file_name}.pem").chmod(0o644)
    (folder / "client_key.pem").chmod(0o600)
    files = {file_name: str(folder / f"{file_name}.pem") for file_name in paths}
    return Papers(folder=folder, server_context=context, **files)


def at(url: str, port: int, scheme: str = "", **query: str) -> str:
    """`url` at another port of 127.0.0.1, with what `query` says besides."""
    parts = urlsplit(url)
    account = parts.netloc.rpartition("@")[0]
    place = f"{account}@127.0.0.1:{port}"
    return urlunsplit(
        parts._replace(scheme=scheme or parts.scheme, netloc=place, query=urlencode(query))
    )


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(Exception):
        writer.close()


@asynccontextmanager
async def tls_front(url: str, context: ssl.SSLContext) -> AsyncIterator[int]:
    """The port of a front that ends TLS before the server at `url`."""
    parts = urlsplit(url)
    asks_first = parts.scheme == "postgresql"
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if asks_first:
                await reader.readexactly(SSL_REQUEST_BYTES)
                writer.write(b"S")
                await writer.start_tls(context)
            backend = await asyncio.open_connection(parts.hostname, parts.port)
        except (OSError, EOFError):  # the client did not like us, or had no papers
            writer.close()
            return
        await asyncio.gather(_copy(reader, backend[1]), _copy(backend[0], writer))

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(pass_on(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=None if asks_first else context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        left = list(tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@contextmanager
def tls_redis(folder: Path, binary: Path, papers: Papers, *, wants_client: bool) -> Iterator[str]:
    """`redis://…` of a Redis of its own whose port speaks TLS."""
    [port] = free_ports(1)
    more = (
        f"tls-port {port}",
        f"tls-cert-file {papers.server}",
        f"tls-key-file {papers.server_key}",
        f"tls-ca-cert-file {papers.authority}",
        f"tls-auth-clients {'yes' if wants_client else 'no'}",
    )
    server = start_valkey(folder, binary=binary, more=more)
    try:
        yield at(server.url, port)
    finally:
        server.stop()


def _init_data(folder: Path, programs: Path, account: Account | None) -> None:
    """Makes the files of a server whose administrator is `adda`."""
    data = folder / "data"
    made = Child(
        Command(
            "initdb",
            (
                str(programs / "initdb"),
                *(f"--pgdata={data}", "--username=adda", "--auth=scram-sha-256", "--no-sync"),
                *(f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C.UTF-8"),
            ),
            data,
            account=account,
        ),
        folder / "initdb.log",
    )
    assert wait_for(lambda: not made.running, 60), made.last_lines()


@contextmanager
def tls_postgres(
    folder: Path, programs: Path, papers: Papers, *, wants_client: bool
) -> Iterator[str]:
    """`postgresql://…` of a PostgreSQL of its own that refuses whoever comes without TLS."""
    account = unprivileged_account()
    data = folder / "data"
    data.mkdir()
    (folder / "password").write_text("of-this-test")
    (data / "..").resolve().chmod(0o755)
    key = folder / "own_key.pem"
    key.write_bytes((papers.folder / "server_key.pem").read_bytes())
    key.chmod(0o600)
    if account is not None:
        account.take(data)
        account.take(key)
    _init_data(folder, programs, account)
    proof = " clientcert=verify-ca" if wants_client else ""
    (data / "pg_hba.conf").write_text(f"hostssl all all 127.0.0.1/32 scram-sha-256{proof}\n")
    [port] = free_ports(1)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on",
        "ssl_cert_file": papers.server,
        "ssl_key_file": key,
        "ssl_ca_file": papers.authority,
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = Command(
        "postgres",
        (str(programs / "postgres"), "-D", str(data), *flags),
        data,
        account=account,
        ready=lambda: (
            "ready" in (data / "postmaster.pid").read_text()
            if (data / "postmaster.pid").exists()
            else False
        ),
    )
    server = Child(command, folder / "postgres.log")
    assert wait_for(command.ready, 60), server.last_lines()
    try:
        yield f"postgresql://adda:of-this-test@127.0.0.1:{port}/postgres"
    finally:
        server.stop()
