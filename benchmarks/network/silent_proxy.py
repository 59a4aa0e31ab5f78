"""A way to a database whose lines go silent: nothing passes, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Self
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

READ_BYTES = 65_536


@define(eq=False)
class SilentProxy:
    """Listens on localhost and passes everything on to a server, until it is told to keep silent.

    Attributes:
        url: The URL of the database through it.
        silenced: How many lines went silent.
    """

    url: str
    silenced: int = 0
    _passing: set[asyncio.Event] = field(init=False, factory=set[asyncio.Event])
    _lines: set[asyncio.Task[None] | None] = field(init=False, factory=set[asyncio.Task[None] | None])

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, database: str) -> AsyncGenerator[Self]:
        """Have one listen, before the database of a URL that names a folder of sockets."""
        parts, query = urlsplit(database), parse_qs(urlsplit(database).query)
        address = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
        proxy = cls("")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            proxy._lines.add(task)  # nobody else holds it
            with contextlib.suppress(OSError, asyncio.CancelledError):  # at the end of the loop
                await proxy._join(reader, writer, *await asyncio.open_unix_connection(address))
            writer.close()
            proxy._lines.discard(task)

        async with await asyncio.start_server(serve, "127.0.0.1") as server:
            port = server.sockets[0].getsockname()[1]
            proxy.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
            yield proxy
            server.close()

    def go_silent(self) -> None:
        """Have every line that there is pass nothing any more, and stay open; later lines are well."""
        self.silenced += len(self._passing)
        for passing in self._passing:
            passing.clear()
        self._passing.clear()

    async def _join(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        passing = asyncio.Event()
        passing.set()
        self._passing.add(passing)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(client, to_server, passing))
                both.create_task(_pass_on(server, to_client, passing))
        finally:
            self._passing.discard(passing)
            to_server.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event
) -> None:
    """Pass on what comes; once the line is silent, swallow it until the reader's side ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            if passing.is_set():
                writer.write(data)
                await writer.drain()
    if passing.is_set():
        writer.close()
