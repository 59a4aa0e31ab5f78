"""Makes messages of failures of the database: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.bulk.journal.rules import JournalTakenOverError
from confirma_async.errors import ConfigurationError, JournalError

try:
    import psycopg
    import psycopg.conninfo
    import psycopg.errors
except ImportError as _missing:
    raise ConfigurationError(
        "a journal in PostgreSQL needs psycopg: pip install 'confirma-sdk[postgres]'"
    ) from _missing

SCHEMES: Sequence[str] = ("postgresql", "postgres")
"""The schemes of the URL of a PostgreSQL database."""


def name_of(url: str, what: str = "journal") -> str:
    """Return the name of a database in messages: its URL without user, password and options.

    Args:
        url: The URL, which may hold a password.
        what: What is in the database, for the message: ``journal`` or ``mirror``.

    Raises:
        ConfigurationError: the URL is of another kind of database, or cannot be read.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise ConfigurationError(
            f"a {what} is a file, or a PostgreSQL database (postgresql://HOST/DATABASE); "
            f"{scheme}:// is neither"
        )
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        parts = None  # the cause may quote the password
    host, port, database = (str((parts or {}).get(name) or "") for name in ("host", "port", "dbname"))
    misread = "@" in f"{host}{database}" or not f"0{port}".replace(",", "0").isdecimal()
    if parts is None or misread:  # a password that holds / or @ stands where the others belong
        raise ConfigurationError(
            f"the URL of the {what} cannot be read; write postgresql://USER@HOST:PORT/DATABASE, with %xx for "
            "special characters"
        )
    at = "" if host.startswith("/") else f"{host}:{port}" if port else host
    return f"postgresql://{at}/{database}"


MISSING: tuple[type[psycopg.Error], ...] = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
)
"""Errors of the server about objects of a schema that is gone, or that the role may not use."""

REFUSED: tuple[type[psycopg.Error], ...] = (psycopg.errors.InsufficientPrivilege, *MISSING)
"""Errors of the server that the same statement would meet again."""

_CURES: tuple[tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], str, bool], ...] = (
    (
        psycopg.errors.InsufficientPrivilege,
        "grant its role what the docs list, then run the job again",
        True,
    ),
    (psycopg.errors.DiskFull, "the database has no room; make some, then run the job again", True),
    (
        psycopg.errors.ReadOnlySqlTransaction,
        "the database takes no changes: it is a replica, or was set read-only; name the primary server",
        True,
    ),
    (psycopg.errors.InvalidPassword, "check user and password (the file ~/.pgpass, or PGPASSWORD)", False),
    (
        psycopg.errors.InvalidAuthorizationSpecification,
        "check the user, and what the server's pg_hba.conf lets in",
        False,
    ),
    (psycopg.errors.InvalidCatalogName, "create the database first (createdb), or name another one", False),
    (
        MISSING,
        "its tables are out of reach, or damaged; grant its role what the docs list, else restore a copy",
        False,
    ),
    (
        psycopg.errors.TooManyConnections,
        "the server has no connection left; end some, or raise max_connections",
        True,
    ),
    (
        psycopg.errors.QueryCanceled,
        "a statement took too long; see what the server is busy with",
        True,
    ),
    (
        psycopg.errors.LockNotAvailable,
        "another session has locked it for too long; end that, then run again",
        True,
    ),
    (psycopg.OperationalError, "check that the server runs and can be reached, then run the job again", True),
)
"""For each kind of failure, what to do, and whether the same call goes on then. The first that fits
counts."""


def explained(name: str, error: psycopg.Error) -> JournalError:
    """Make the error for a failure of the database.

    Args:
        name: The name of the journal.
        error: The error of the driver; none of its values are shown.
    """
    meant, words = _refusal(error)
    cure, resumable = next(
        ((cure, resumable) for kind, cure, resumable in _CURES if issubclass(meant, kind)),
        ("see the log of the server", False),
    )
    journal_error = JournalError(f"the journal {name}: {words}; {cure}")
    journal_error.resumable = resumable
    return journal_error


_ABSENT = "does not exist"
_REFUSALS: tuple[tuple[tuple[str, ...], type[psycopg.Error], str], ...] = (
    (("password",), psycopg.errors.InvalidPassword, "the server refuses the password"),
    (
        ("pg_hba.conf",),
        psycopg.errors.InvalidAuthorizationSpecification,
        "the server lets nobody in from here",
    ),
    (('database "', _ABSENT), psycopg.errors.InvalidCatalogName, "there is no such database"),
    (('role "', _ABSENT), psycopg.errors.InvalidAuthorizationSpecification, "there is no such user"),
)
"""Connections that the server refuses: words of its message, the class of the error, and our message."""


def _refusal(error: psycopg.Error) -> tuple[type[psycopg.Error], str]:
    """Return the class of a failure, and the server's message in one line, without the statement.

    A failure to connect has no code, and is recognised by its text.
    """
    if error.diag.message_primary:
        return type(error), error.diag.message_primary
    if not isinstance(error, psycopg.OperationalError):
        return type(error), type(error).__name__
    text = str(error)
    for parts, kind, words in _REFUSALS:
        if all(part in text for part in parts):
            return kind, words
    return type(error), "the server cannot be reached, or has ended the connection"


def taken_over(name: str) -> JournalTakenOverError:
    """Make the error for a run whose invoices another job has taken over."""
    return _stopped(
        f"the journal {name}: another job has taken over what this one had in its hands, because it gave no "
        "sign of life for too long. The job has stopped, and sends nothing more. Run it again: what it sent "
        "is looked up"
    )


def gone_back(name: str) -> JournalTakenOverError:
    """Make the error for a database that is not the one in which the job began."""
    return _stopped(
        f"the journal {name} is not in the database that it was in when this job began: the database was "
        "failed over, or restored. The job has stopped, and sends nothing more. Run it again: what is not "
        "final is looked up before it is sent"
    )


def expired(name: str) -> JournalTakenOverError:
    """Make the error for a run whose lease has run out, or is about to."""
    return _stopped(
        f"the journal {name}: this job could not renew its lease for so long that others may take over what "
        "it has in its hands. It has stopped, and sends nothing more. See that the database can be reached, "
        "then run it again: what it sent is looked up"
    )


def _stopped(message: str) -> JournalTakenOverError:
    """Make an error that stops the job. The same job goes on when it is run again."""
    error = JournalTakenOverError(message)
    error.resumable = True
    return error
