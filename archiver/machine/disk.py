"""Files that somebody named: opened only when they are files, so that no pipe holds us up and no device is touched."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

NO_FILE = "no regular file (a pipe, a socket or a device)"
A_LINK = "a symbolic link, which is not followed"


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = True) -> int:
    """The descriptor of a regular file; `follow` says whether a symbolic link may lead to it.

    Raises OSError, at once also for what cannot be opened without waiting, and for what is no file.
    """
    _refuse(path.stat(follow_symlinks=follow))
    hold = 0 if follow else os.O_NOFOLLOW
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | hold)
    try:
        _refuse(os.fstat(descriptor))  # it may have been put in its place meanwhile
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, A_LINK)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, NO_FILE)


_HERE = -100  # AT_FDCWD, of fcntl.h
_EXCHANGE = 2  # RENAME_EXCHANGE, of renameat2(2)


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step, so that neither is ever missing; False where the system has no such."""
    import ctypes  # `archiver status` has no use for it

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0
