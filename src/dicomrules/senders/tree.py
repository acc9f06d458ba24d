"""The folder of a destination: files appear in it whole, overwrite nothing, and never go through a link.

Every step goes through a descriptor of the folder before it, so a folder that is exchanged for a symbolic link
meanwhile is refused and not followed. A file is written under a hidden name at the root, synced, then given its name
by a hard link, which fails where a name is taken; so nothing is ever overwritten and a reader sees whole files only.
Where another device is mounted below the root, no name can be given across: the file is written there once more.
"""

import errno
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from dicomrules.senders.naming import numbered

_HIDDEN, _UNFINISHED = ".dicomrules-", ".part"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LEFT_OVER = 24 * 3600  # seconds after which an unfinished file is nobody's
_MOST_NAMES = 1000
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}  # file systems without hard links say one of these
_CHUNK = 1024 * 1024


class LinkInPath(OSError):
    """A symbolic link, or something else that is no folder, stands where a folder belongs."""


class Unfinished:
    """A file that is being written, under a hidden name, for nobody else to read. `discard` it at the end."""

    def __init__(self, root: int) -> None:
        """In the folder with this descriptor."""
        self.name = f"{_HIDDEN}{secrets.token_hex(16)}{_UNFINISHED}"
        self.fd = os.open(
            self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=root
        )
        self.length = 0
        self.folder = root

    def write(self, piece: bytes | memoryview) -> None:
        """Append all of `piece`. OSError: the file system cannot take it."""
        rest = memoryview(piece)
        while rest:
            taken = os.write(self.fd, rest)
            rest, self.length = rest[taken:], self.length + taken

    def finish(self, mode: int) -> None:
        """Everything is written: give it its mode and bring it to the disk."""
        os.fchmod(self.fd, mode)
        os.fsync(self.fd)

    def discard(self) -> None:
        """Close it, and remove the hidden name if it still has one."""
        os.close(self.fd)
        with suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.folder)

    def copied(self, folder: int) -> "Unfinished":
        """The same, finished too, in another folder."""
        copy = Unfinished(folder)
        try:
            for start in range(0, self.length, _CHUNK):
                copy.write(os.pread(self.fd, _CHUNK, start))
            copy.finish(stat.S_IMODE(os.fstat(self.fd).st_mode))
        except BaseException:
            copy.discard()
            raise
        return copy


class Tree:
    """The folder at `path`, made when it is not there; open until `close`."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the folder."""
        os.close(self.root)

    def place(self, file: Unfinished, names: tuple[str, ...]) -> str:
        """Give `file`, which is finished, the path `names`; returns the last name that it has, durable.

        A file that is there with the same bytes is as good; where another one has the name, a number is added.
        """
        folder = self._folder(names[:-1])
        try:
            return _named(file, folder, names[-1])
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _sweep(folder, time.time())
            near = file.copied(folder)
            try:
                return _named(near, folder, names[-1])
            finally:
                near.discard()
        finally:
            os.close(folder)

    def sweep(self, now: float | None = None) -> None:
        """Remove unfinished files that a crash has left behind a day ago or more."""
        _sweep(self.root, time.time() if now is None else now)

    def _folder(self, names: tuple[str, ...]) -> int:
        """A descriptor of the folder `names` below the root, made when it is not there."""
        folder = os.dup(self.root)
        for name in names:
            try:
                inner = _enter(folder, name)
            finally:
                os.close(folder)
            folder = inner
        return folder


def _named(file: Unfinished, folder: int, wished: str) -> str:
    """Give the file this name in a folder, or this name with a number; returns it, durable."""
    for number in range(1, _MOST_NAMES):
        name = wished if number == 1 else numbered(wished, number)
        if _give(file, folder, name) or _same(file, folder, name):
            os.fsync(folder)
            return name
    raise FileExistsError(errno.EEXIST, f"{_MOST_NAMES} other files have this name already")


def _give(file: Unfinished, folder: int, name: str) -> bool:
    """Name the file, if nothing has the name yet."""
    try:
        os.link(file.name, name, src_dir_fd=file.folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if _exists(folder, name):
            return False
        os.rename(file.name, name, src_dir_fd=file.folder, dst_dir_fd=folder)
    return True


def _sweep(folder: int, now: float) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            ours = entry.name.startswith(_HIDDEN) and entry.name.endswith(_UNFINISHED)
            with suppress(OSError):  # another sender's, gone meanwhile, or not ours to remove: it harms nobody
                if ours and entry.stat(follow_symlinks=False).st_mtime < now - _LEFT_OVER:
                    os.unlink(entry.name, dir_fd=folder)


def _enter(folder: int, name: str) -> int:
    """Open the folder `name` in `folder`; make it, durable, when it is not there."""
    try:
        os.mkdir(name, dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:
        pass
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise LinkInPath(error.errno, "a link or a file stands where a folder belongs") from error
        raise


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _same(file: Unfinished, folder: int, name: str) -> bool:
    """Does the file that has the name hold the same bytes?"""
    try:
        other = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EACCES, errno.ENOENT, errno.ENXIO):
            return False  # a link, or one that is not ours to read: another one, and left alone
        raise
    try:
        status = os.fstat(other)
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.length:
            return False
        return all(
            os.pread(other, _CHUNK, start) == os.pread(file.fd, _CHUNK, start)
            for start in range(0, file.length, _CHUNK)
        )
    finally:
        os.close(other)
