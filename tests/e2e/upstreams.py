"""Tiny servers behind a gateway under test; not a test itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Upstream:
    """Remembers the requests it got, as text; answers 200, or whatever `answer` is set to."""

    port: int
    requests: list[str] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        self.requests.append((head + body).decode())
        writer.write(self.answer)
        await writer.drain()
        writer.close()

    def header(self, name: str) -> str | None:
        found = re.search(rf"(?im)^{name}: (.*?)\r$", self.requests[-1])
        return found[1] if found else None


@asynccontextmanager
async def running(upstream: Upstream) -> AsyncIterator[Upstream]:
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", upstream.port)
    async with server:
        yield upstream
