"""PgBouncer in transaction mode, before the database of a benchmark."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CONNECTIONS = 12
"""Connections to the server at most: fewer than workers have to the pooler."""


@contextlib.asynccontextmanager
async def pooled(database: str, port: int) -> AsyncGenerator[str | None]:
    """Have a pooler run before the database of a URL that names a folder of sockets.

    Yields:
        The URL through it; None where PgBouncer is not installed.
    """
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        yield None
        return
    parts = urlsplit(database)
    sockets = parse_qs(parts.query)["host"][0]
    with _settings(f"host={sockets} user={parts.username}", parts.username or "", port) as settings:
        running = await asyncio.create_subprocess_exec(program, "-q", *_as_owner(sockets), settings)
        try:
            yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
        finally:
            running.terminate()
            await running.wait()


def _as_owner(folder: str) -> list[str]:
    """Return the options that have it run as the owner of a folder: it refuses to be root."""
    return ["-u", Path(folder).resolve().owner()] if os.geteuid() == 0 else []


@contextlib.contextmanager
def _settings(database: str, user: str, port: int) -> Generator[str]:
    """Yield the path of its settings, which another user may read."""
    with tempfile.TemporaryDirectory(prefix="pb") as name:
        folder = Path(name)
        users, settings = folder / "users", folder / "pgbouncer.ini"
        users.write_text(f'"{user}" ""\n')
        settings.write_text(
            f"[databases]\n* = {database}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\nauth_file = {users}\npool_mode = transaction\nserver_reset_query =\n"
            f"default_pool_size = {CONNECTIONS}\nserver_login_retry = 1\nlogfile = {folder / 'log'}\n"
        )
        for path, mode in ((folder, 0o777), (users, 0o644), (settings, 0o644)):
            path.chmod(mode)
        yield str(settings)
