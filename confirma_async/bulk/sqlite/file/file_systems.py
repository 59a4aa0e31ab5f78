"""Checks that a file system can hold a journal: locks work, memory is shared, and files last."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from confirma_async.errors import JournalError

_OVER_A_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "ncpfs", "lustre", "glusterfs", "ceph", "gpfs", "ocfs2"}
)
"""File systems that other machines write to as well: whether their locks work cannot be tried from here."""

_MORTAL: Mapping[str, str] = {
    "tmpfs": "in memory (tmpfs), and ends with the machine's or the container's run",
    "ramfs": "in memory (ramfs), and ends with the machine's run",
    "overlay": "in a container's own layer (overlay), and ends with the container",
    "aufs": "in a container's own layer (aufs), and ends with the container",
}

_SECOND_PROCESS = """
import fcntl, mmap, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
def held(take):
    try:
        take(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
locks = held(fcntl.lockf) and held(fcntl.flock)
shared = mmap.mmap(file, 4096)
seen = shared[0] == 1
shared[1] = 1
sys.exit(0 if locks and seen else 10 if not locks else 11)
"""
"""The script of the second process: it tries the locks of the first, and shared memory in both directions."""

_PROBED: set[int] = set()
"""The devices that have passed the check in this process."""


def check_file_system(folder: Path) -> None:
    """Check what SQLite's write-ahead log needs: locks between two processes, and shared memory.

    Raises:
        JournalError: the folder cannot be written, is shared with other machines, or lacks one of these.
    """
    kind = file_system(folder)
    if kind in _OVER_A_NETWORK:
        raise JournalError(
            f"the folder {folder} of the journal is on a network file system ({kind}), where other machines "
            "write, too, and locks cannot be trusted; name a place on a local disk for the journal"
        )
    try:
        device = folder.stat().st_dev
        if device not in _PROBED:
            _probe(folder, kind)
            _PROBED.add(device)
    except OSError as error:
        raise JournalError(
            f"the journal cannot be written in {folder} ({(error.strerror or 'no folder').lower()}); check "
            "that the folder exists and is writable, or name another place for the journal"
        ) from error


def _probe(folder: Path, kind: str | None) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".confirma-probe-", dir=folder)
    try:
        os.ftruncate(descriptor, 4096)
        lacks = _lacking(descriptor, name)
    finally:
        os.close(descriptor)
        os.unlink(name)
    if lacks:
        raise JournalError(
            f"the file system of {folder} ({kind or 'of unknown kind'}) {lacks}, which a journal needs; "
            "name a place on a local disk for it"
        )


def _lacking(descriptor: int, name: str) -> str | None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "takes no locks"
    try:
        shared = mmap.mmap(descriptor, 4096)
    except (OSError, ValueError):
        return "cannot share memory between processes"
    with shared:
        shared[0] = 1
        code = _second_process(name)
        if code == 10:
            return "does not hold locks against a second process"
        if code == 11 or (code == 0 and shared[1] != 1):
            return "does not share memory between processes"
    return None


def _second_process(name: str) -> int | None:
    """Return the exit code of the second process; None where it cannot be started, which proves nothing."""
    if not sys.executable:
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [sys.executable, "-I", "-S", "-c", _SECOND_PROCESS, name]
        return subprocess.run(  # noqa: S603 (our own interpreter, with a script of ours)
            command, check=False, capture_output=True, timeout=30
        ).returncode
    return None


def ends_with_its_container(folder: Path) -> str | None:
    """Return why a folder does not last, as the end of "it lies ..."; None where it lasts."""
    return _MORTAL.get(file_system(folder) or "")


def file_system(folder: Path) -> str | None:
    """Return the type of the file system of a folder, as the system names it."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        place = folder.resolve()
    except OSError:
        return None
    best, kind = -1, None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 2:
            mount = Path(fields[1].replace("\\040", " "))
            if (place == mount or mount in place.parents) and len(mount.parts) >= best:
                best, kind = len(mount.parts), fields[2]
    return kind
