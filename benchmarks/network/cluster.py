"""The database that workers share, the ways that lead there, and what goes wrong with both."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psycopg
from attrs import define, field
from network.hosts import Hosts
from network.pooler import pooled
from network.replica import Replica
from network.server import Server
from network.silent_proxy import SilentProxy
from parts.database import DatabaseServer


@define
class Cluster:
    """A server with a replica, behind one name.

    Attributes:
        url: The URL of the database, whichever server has it, from where its socket is.
        ways: The URLs that lead there: straight, through a proxy, and through PgBouncer, if it is installed;
            on hosts of their own, over the network alone.
        proxy: The way whose lines may go silent; None on hosts, where lines get cut.
        hosts: Where they are; None where all are on one.
        failed_over: Whether the replica is the primary now.
    """

    url: str
    ways: Sequence[str]
    proxy: SilentProxy | None
    hosts: Hosts | None
    _server: Server
    _replica: Replica
    _name: Path
    failed_over: bool = field(init=False, default=False)

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, database: DatabaseServer, hosts: Hosts | None = None) -> AsyncGenerator[Cluster]:
        """Have a server followed by a replica, and have ways lead there."""
        async with contextlib.AsyncExitStack() as stack:
            database.spare_disk()
            name = stack.enter_context(_named(database))
            parts = urlsplit(database.url)
            url = f"postgresql://{parts.username}@{parts.path}?host={name}"
            server = Server(
                database.server, Path(database.server.pgdata), None if hosts is None else hosts.database
            )
            stack.callback(_end, server)  # the wheel looks after the one alone that it began
            if hosts is None:
                proxy = await stack.enter_async_context(SilentProxy.to(url))
                pooler = await stack.enter_async_context(pooled(url, _free_port()))
                ways = [url, proxy.url, *([] if pooler is None else [pooler])]
            else:
                proxy, ways = None, [await asyncio.to_thread(_on_network, server, hosts, parts)]
            replica = await asyncio.to_thread(
                stack.enter_context, Replica.of(server, None if hosts is None else hosts.replica)
            )
            yield cls(url, ways, proxy, hosts, server, replica, name)

    def way(self, dice: random.Random) -> str:
        """Return a URL that leads to the database."""
        return dice.choice(self.ways)

    async def kill(self) -> None:
        """End the server as a crash does (immediate mode), and start it again."""
        await asyncio.to_thread((self._replica.server if self.failed_over else self._server).kill)

    async def cut_connections(self) -> None:
        """End the connections of all jobs and workers."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'confirma' AND pid <> pg_backend_pid()"
            )

    async def silence(self) -> None:
        """Have all lines through the proxy go silent."""
        if self.proxy is not None:
            self.proxy.go_silent()

    async def fail_over(self) -> None:
        """Promote the replica, which has missed the last second; the old server is gone for good."""
        await asyncio.to_thread(self._replica.take_over)
        self._name.unlink()
        self._name.symlink_to(self._replica.server.folder)
        if self.hosts is not None:
            self.hosts.fail_over()
        self.failed_over = True


def _on_network(server: Server, hosts: Hosts, parts: SplitResult) -> str:
    """Begin a server anew on its host; return the URL that leads there."""
    server.crash()
    with (server.folder / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {hosts.database.address}/24 trust\n")
    server.start()
    return f"postgresql://{parts.username}@{hosts.database.address}{parts.path}"


def _end(server: Server) -> None:
    """End a server for good, if it has not ended."""
    with contextlib.suppress(subprocess.CalledProcessError):
        server.crash()


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
