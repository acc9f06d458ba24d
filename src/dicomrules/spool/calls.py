"""Every system call that the spool makes.

They stand in one place so that tests replace them: to let the n-th call fail, and to work out every state in which a
power cut could leave the disk. Nothing else in this room touches the file system. Each call raises OSError as the
system reports it.
"""

import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast


class Calls:
    """The operating system's calls, as they are. Paths are absolute."""

    def create(self, path: str) -> int:
        """Create a file of our own, readable by us only, and open it. Fails if the name exists, be it as a link."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def open(self, path: str) -> int:
        """Open a file for reading; never follows a link in the last place."""
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def nameless(self, folder: str) -> int:
        """Create a file without a name in a folder: it is gone when it is closed, however the process ends."""
        return os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def pwrite(self, fd: int, chunk: bytes | memoryview, offset: int) -> int:
        """Write at an offset; returns how many bytes were taken, which may be fewer than given."""
        return os.pwrite(fd, chunk, offset)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """Read at an offset; fewer bytes than asked for only at the end of the file, or when a signal came between."""
        return os.pread(fd, length, offset)

    def fdatasync(self, fd: int) -> None:
        """Bring the bytes of a file, and its length, to the disk."""
        os.fdatasync(fd)

    def sync_folder(self, path: str) -> None:
        """Bring the names in a folder to the disk."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, at once or not at all."""
        os.rename(old, new)

    def link(self, old: str, new: str) -> None:
        """Give a file a second name, on the same file system."""
        os.link(old, new, follow_symlinks=False)

    def unlink(self, path: str) -> None:
        """Take a file's name away."""
        os.unlink(path)

    def scratch(self, folder: str) -> BinaryIO:
        """A file of ours without a name on the disk that holds `folder`; gone when it is closed."""
        return cast(BinaryIO, tempfile.TemporaryFile(dir=folder))

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        os.rmdir(path)

    def mkdir(self, path: str) -> None:
        """Make a folder that only we may enter."""
        os.mkdir(path, 0o700)

    def listdir(self, path: str) -> Iterator[str]:
        """The names in a folder, one by one, in no order."""
        with os.scandir(path) as entries:
            for entry in entries:
                yield entry.name

    def size(self, fd: int) -> int:
        """Length of an open file in bytes."""
        return os.fstat(fd).st_size

    def mode(self, path: str) -> int:
        """Permission bits of a file or folder."""
        return os.stat(path).st_mode & 0o777

    def statvfs(self, path: str) -> os.statvfs_result:
        """Free space and inodes of the file system that holds `path`."""
        return os.statvfs(path)


SYSTEM = Calls()
