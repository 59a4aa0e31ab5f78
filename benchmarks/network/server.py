"""A PostgreSQL server that is begun and killed in its folder, on a host of its own if there are any."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import psycopg
from attrs import frozen
from network.hosts import Host


@frozen
class Server:
    """The server of a folder of data.

    Attributes:
        tools: The wheel's own object: where its programs are, and as whom they run.
        folder: Its data, and its socket.
        host: Where it listens to the network; None where it listens at its socket alone.
    """

    tools: Any
    folder: Path
    host: Host | None = None

    def start(self) -> None:
        """Begin it, and wait until it answers."""
        listening = "''" if self.host is None else "'*'"
        options = f"-h {listening} -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder), "-o", options, "-l", log, "-w", "-t", "120", "start")

    def crash(self) -> None:
        """End it as a crash does (immediate mode)."""
        self.run("pg_ctl", "-D", str(self.folder), "-m", "immediate", "-w", "stop")

    def kill(self) -> None:
        """End it as a crash does, and begin it again."""
        self.crash()
        self.start()

    def connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection through its socket."""
        return psycopg.connect(
            f"postgresql://{self.tools.postgres_user}@/postgres?host={self.folder}", autocommit=True
        )

    def run(self, program: str, *words: str) -> None:
        """Run one of its programs, as who may: a server refuses to be root.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        command, user = [str(self.tools.bin_path / program), *words], self.tools.system_user
        if self.host is not None:
            command, user = self.host.command(command, user), None
        subprocess.run(
            command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
