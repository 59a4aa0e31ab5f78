"""A replica of a benchmark's database, which is promoted once it has missed the last second."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from attrs import define
from network.hosts import Host
from network.server import Server

MISSED_SECONDS = 1.0
"""Seconds of commits that the replica never gets."""


@define
class Replica:
    """A server that follows another one.

    Attributes:
        primary: The one that it follows.
        server: Itself.
    """

    primary: Server
    server: Server

    @classmethod
    @contextlib.contextmanager
    def of(cls, primary: Server, host: Host | None = None) -> Generator[Replica]:
        """Have one follow a server, on a host where one is given, in a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="pr") as name:
            replica = cls(primary, Server(primary.tools, Path(name), host))
            user = primary.tools.system_user
            if user is not None:  # a server refuses to be root
                found = pwd.getpwnam(user)
                os.chown(name, found.pw_uid, found.pw_gid)
            primary.run(
                "pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-h", str(primary.folder),
                "-U", primary.tools.postgres_user, "-D", name,
            )  # fmt: skip
            # The lock of the other one's socket, copied with its data.
            (replica.server.folder / ".s.PGSQL.5432.lock").unlink()
            replica.server.start()
            try:
                yield replica
            finally:
                with contextlib.suppress(subprocess.CalledProcessError):
                    replica.server.crash()

    def take_over(self) -> None:
        """Have it miss what is committed from now on for a second; then end the other one, and promote it."""
        with self.server.connected() as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(MISSED_SECONDS)
        self.primary.crash()
        with self.server.connected() as connection:
            connection.execute("SELECT pg_promote(true, 60)")
