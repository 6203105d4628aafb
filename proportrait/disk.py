"""Durable writes: when one of these functions returns, the bytes are on the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from proportrait.errors import StoreError

BINARY = getattr(os, "O_BINARY", 0)  # Windows opens as text otherwise

# F_FULLFSYNC of <sys/fcntl.h>: fsync of macOS leaves the bytes in the cache of the drive.
_DRIVE_SYNC = 51 if sys.platform == "darwin" else None
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def write_all(file: int, data: bytes) -> None:
    """Write every byte to a file descriptor at its position.

    Raises:
        OSError: the disk is full, or fails; a part of the bytes may have been written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def write_file(path: Path, data: bytes) -> None:
    """Write a new file and wait until its bytes are on the disk.

    Raises:
        OSError: the file exists already or cannot be written to the end.
    """
    with _new_file(path) as file:
        write_all(file, data)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """The descriptor of a new file, whose bytes are on the disk when the block has ended."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o666)
    try:
        yield file
        flush(file)
    finally:
        os.close(file)


def flush(file: int) -> None:
    """Wait until the bytes of an open file are on the disk.

    Raises:
        OSError: the disk is full, or fails.
    """
    if _DRIVE_SYNC is not None:
        import fcntl

        with contextlib.suppress(OSError):  # a disk without it, such as one of a network
            fcntl.fcntl(file, _DRIVE_SYNC)
            return
    os.fsync(file)


def is_same_folder(one: Path, other: Path) -> bool:
    """Whether two paths lead to one folder; `Photos` and `photos` do on most disks of macOS."""
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - of any name
    except OSError:  # one is not there
        return one.resolve() == other.resolve()


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: a reader sees the old bytes or the new ones.

    Raises:
        OSError: it cannot be written; the old file stays.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file part by part that takes the place of another when the block ends.

    If the block ends with an exception, the old file stays.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        with _new_file(temporary) as number, os.fdopen(number, "wb", closefd=False) as file:
            yield file
        temporary.replace(path)
        sync(path.parent)
    except BaseException:  # also of a generator that nobody reads to its end
        temporary.unlink(missing_ok=True)
        raise


def add_file(path: Path, write: Callable[[Path], object]) -> bool:
    """Add a file in one step, never in place of another; returns False where its name is taken.

    Args:
        write: makes the file at the path that it is given.

    Raises:
        OSError: it cannot be written; nothing is left.
    """
    if os.path.lexists(path):
        return False
    temporary = path.with_name(f".{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    try:
        write(temporary)
        sync(temporary)
        with contextlib.suppress(FileExistsError):
            _name(temporary, path)
            sync(path.parent)
            return True
        return False
    finally:
        temporary.unlink(missing_ok=True)


def move_file(path: Path, target: Path) -> bool:
    """Rename a file, never in place of another; returns False where the name is taken.

    Raises:
        OSError: it cannot be renamed; it stays.
    """
    try:
        _name(path, target)
    except FileExistsError:
        return False
    path.unlink(missing_ok=True)  # where it could only be renamed, it has moved
    sync(target.parent)
    return True


def _name(temporary: Path, path: Path) -> None:
    """Give a file its name, never that of another."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, such as exFAT
        if os.path.lexists(path):
            raise FileExistsError from None
        temporary.rename(path)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk.

    Does nothing on Windows, which syncs no folder and no file that is open for reading.
    """
    if os.name == "nt":
        return
    file = os.open(path, os.O_RDONLY)
    try:
        flush(file)
    except OSError as error:
        # Some network and FUSE file systems cannot sync a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(file)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StoreError that says what to do about it."""
    try:
        yield
    except OSError as error:
        place = error.filename or path
        if error.errno in _FULL:
            raise StoreError(
                f"the disk is full at {place}: free some space and run the same command again; "
                f"it goes on where it stopped"
            ) from error
        if error.errno == errno.EROFS:
            raise StoreError(
                f"{place} is on a read-only disk: name another folder, or make it writable and "
                f"run the same command again; it goes on where it stopped"
            ) from error
        raise StoreError(f"{place} cannot be read or written: {error.strerror or error}") from error
