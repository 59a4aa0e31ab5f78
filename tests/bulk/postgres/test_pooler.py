"""Behind PgBouncer in transaction mode, where each transaction may meet another session of the server."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from confirma_async.bulk.journal.records import Admission, Decision, JobName
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.journal import open_postgres, reading_postgres
from tests.plugins.postgres import address_of


@pytest.fixture
def pooled(postgres, unused_tcp_port):
    """The URL of the database behind a pooler that has one connection to it."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    # Not below pytest's own folder, which another user may not enter.
    with tempfile.TemporaryDirectory(prefix="pb") as folder:
        yield from _running(program, Path(folder), postgres, unused_tcp_port)


def _running(program, folder, postgres, unused_tcp_port):
    (host, port), parts = address_of(postgres), urlsplit(postgres)
    users = folder / "users"
    users.write_text(f'"{parts.username}" ""\n')
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={host} port={port} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {unused_tcp_port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {users}\npool_mode = transaction\ndefault_pool_size = 1\n"
        f"server_reset_query =\nlogfile = {folder / 'log'}\n"
    )
    for path, mode in ((folder, 0o777), (users, 0o644), (settings, 0o644)):
        path.chmod(mode)
    owner = Path(host).owner() if host.startswith("/") else "nobody"
    as_another = ["-u", owner] if os.geteuid() == 0 else []  # it refuses to be root
    running = subprocess.Popen([program, "-q", *as_another, str(settings)])
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", unused_tcp_port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
        yield f"postgresql://{parts.username}@127.0.0.1:{unused_tcp_port}{parts.path}"
    finally:
        running.terminate()
        running.wait()


def test_two_jobs_share_one_connection_of_the_pooler(pooled, entry):
    journals = [open_postgres(pooled) for _ in range(2)]
    runs = []
    for journal in journals:
        with journal.transaction():
            runs.append(journal.runs.begin(JobName("t"), now=1000.0))
    for turn in range(1, 4):
        for journal, run in zip(journals, runs, strict=True):
            with journal.transaction():
                (admitted,) = journal.admit([entry(turn)], run)
            if admitted.admission is not Admission.CLAIMED:
                assert admitted.admission is Admission.ELSEWHERE
                continue
            with journal.transaction():
                journal.sending([admitted.position], 5.0, 35.0)
            with journal.transaction():
                journal.decide([Decision(position=admitted.position, state=State.UNKNOWN, at=9.0, kept=True)])
    with reading_postgres(pooled) as looked:
        assert looked.figures.counts()[State.UNKNOWN] == 3
    for journal in journals:
        journal.close()


def test_nothing_is_left_in_the_session_of_the_server(pooled):
    with psycopg.connect(pooled, autocommit=True, prepare_threshold=None) as plain:
        shown = [plain.execute(f"SHOW {name}").fetchone() for name in ("search_path", "statement_timeout")]
        journal = open_postgres(pooled)
        with journal.transaction():
            journal.runs.begin(JobName("t"), now=1000.0)
        journal.close()
        again = [plain.execute(f"SHOW {name}").fetchone() for name in ("search_path", "statement_timeout")]
        assert again == shown
        assert plain.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
