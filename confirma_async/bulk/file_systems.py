"""Where a journal can be trusted: on a disk of this machine, not on one that it shares over a network."""

from __future__ import annotations

from pathlib import Path

_OVER_A_NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "ncpfs", "davfs", "lustre", "glusterfs", "ceph",
        "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs2", "fuse.rclone",
        "fuse.vmhgfs-fuse", "vboxsf", "gpfs",
    }
)  # fmt: skip
"""SQLite's write-ahead log does not work there: two machines would not see each other's locks."""


def network_file_system(folder: Path) -> str | None:
    """The kind of network file system that a folder is on; None for a local disk, or where none can tell."""
    kind = file_system(folder)
    return kind if kind in _OVER_A_NETWORK else None


def file_system(folder: Path) -> str | None:
    """The kind of file system that a folder is on, where the system tells."""
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
