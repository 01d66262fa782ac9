"""Whether a file lies on another machine: SQLite's locks and shared memory hold on one machine only.

Law: what is known as a network's file system is named; of what is not known, nothing is said. Only Linux tells.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["network_of"]

_NETWORKS: Final = frozenset(
    ("afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "sshfs")
)
TABLE = Path("/proc/self/mountinfo")


def network_of(folder: Path) -> str | None:
    """The kind of network file system that `folder` is on; None: of none, as far as anybody can tell."""
    try:
        table = TABLE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    number = folder.stat().st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    for line in table.splitlines():
        # ID PARENT DEVICE ROOT POINT OPTIONS… - KIND SOURCE OPTIONS; a program's own kinds begin with `fuse.`
        mount, _, kind = line.partition(" - ")
        if mount.split(" ", 3)[2:3] == [device]:
            name = kind.partition(" ")[0].removeprefix("fuse.")
            return name if name in _NETWORKS else None
    return None
