"""A replica of a benchmark's database, which is promoted once it has missed the last second."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psycopg
from attrs import define
from parts.database import DatabaseServer

MISSED_SECONDS = 1.0
"""Seconds of commits that the replica never gets."""


@define
class Replica:
    """A server that follows another one.

    Attributes:
        primary: The one that it follows.
        folder: Its data, and its socket.
    """

    primary: DatabaseServer
    folder: Path

    @classmethod
    @contextlib.contextmanager
    def of(cls, primary: DatabaseServer) -> Generator[Replica]:
        """Have one follow a server, in a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="pr") as name:
            replica = cls(primary, Path(name))
            user = primary.server.system_user
            if user is not None:  # a server refuses to be root
                found = pwd.getpwnam(user)
                os.chown(name, found.pw_uid, found.pw_gid)
            replica._run(
                "pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-h", str(primary.server.pgdata),
                "-U", primary.server.postgres_user, "-D", name,
            )  # fmt: skip
            (
                replica.folder / ".s.PGSQL.5432.lock"
            ).unlink()  # of the other one's socket, copied with its data
            replica._start()
            try:
                yield replica
            finally:
                with contextlib.suppress(subprocess.CalledProcessError):
                    replica._run("pg_ctl", "-D", name, "-m", "immediate", "-w", "stop")

    def take_over(self) -> None:
        """Have it miss what is committed from now on for a second; then end the other one, and promote it."""
        with self._connected() as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(MISSED_SECONDS)
        os.kill(self.primary.server.get_pid(), signal.SIGQUIT)
        with self._connected() as connection:
            connection.execute("SELECT pg_promote(true, 60)")

    def kill(self) -> None:
        """End it as a crash does (immediate mode), and start it again."""
        self._run("pg_ctl", "-D", str(self.folder), "-m", "immediate", "-w", "stop")
        self._start()

    def _start(self) -> None:
        options = f"-h '' -k {self.folder}"
        self._run(
            "pg_ctl", "-D", str(self.folder), "-o", options, "-l", str(self.folder / "log"),
            "-w", "-t", "120", "start",
        )  # fmt: skip

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        user = self.primary.server.postgres_user
        return psycopg.connect(f"postgresql://{user}@/postgres?host={self.folder}", autocommit=True)

    def _run(self, program: str, *words: str) -> None:
        server = self.primary.server
        command = [str(server.bin_path / program), *words]
        subprocess.run(
            command, check=True, user=server.system_user, cwd="/", stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
