"""The database that workers share, the ways that lead there, and what goes wrong with both."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from attrs import define, field
from killing.pooler import pooled
from killing.replica import Replica
from killing.silent_proxy import SilentProxy
from parts.database import DatabaseServer


@define
class Cluster:
    """A server with a replica, behind one name.

    Attributes:
        url: The URL of the database, whichever server has it.
        ways: The URLs that lead there: straight, through a proxy, and through PgBouncer, if it is installed.
        proxy: The way whose lines may go silent.
        failed_over: Whether the replica is the primary now.
    """

    url: str
    ways: Sequence[str]
    proxy: SilentProxy
    _server: DatabaseServer
    _replica: Replica
    _name: Path
    failed_over: bool = field(init=False, default=False)

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, server: DatabaseServer) -> AsyncGenerator[Cluster]:
        """Have a server followed by a replica, and have ways lead there."""
        async with contextlib.AsyncExitStack() as stack:
            server.spare_disk()
            name = stack.enter_context(_named(server))
            parts = urlsplit(server.url)
            url = f"postgresql://{parts.username}@{parts.path}?host={name}"
            proxy = await stack.enter_async_context(SilentProxy.to(url))
            pooler = await stack.enter_async_context(pooled(url, _free_port()))
            replica = await asyncio.to_thread(stack.enter_context, Replica.of(server))
            ways = [url, proxy.url, *([] if pooler is None else [pooler])]
            yield cls(url, ways, proxy, server, replica, name)

    def way(self, dice: random.Random) -> str:
        """Return a URL that leads to the database."""
        return dice.choice(self.ways)

    async def kill(self) -> None:
        """End the server as a crash does (immediate mode), and start it again."""
        await asyncio.to_thread((self._replica if self.failed_over else self._server).kill)

    async def cut_connections(self) -> None:
        """End the connections of all jobs and workers."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'confirma' AND pid <> pg_backend_pid()"
            )

    async def silence(self) -> None:
        """Have all lines through the proxy go silent."""
        self.proxy.go_silent()

    async def fail_over(self) -> None:
        """Promote the replica, which has missed the last second; the old server is gone for good."""
        await asyncio.to_thread(self._replica.take_over)
        self._name.unlink()
        self._name.symlink_to(self._replica.folder)
        self.failed_over = True


@contextlib.contextmanager
def _named(server: DatabaseServer) -> Generator[Path]:
    """Yield a name for the folder of a server's socket, which may be given to another one."""
    with tempfile.TemporaryDirectory(prefix="pn") as folder:
        Path(folder).chmod(0o755)  # the pooler is another user
        name = Path(folder) / "db"
        name.symlink_to(server.server.pgdata)
        yield name


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
