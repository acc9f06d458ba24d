"""A disk in memory that knows what a power cut would leave of it.

What is written lies in a cache until it is synced: the bytes of a file by `fdatasync`, the names in a folder by
`sync_folder`. At any moment `crash_states` gives every disk that a power cut could leave: any choice among the changes
of names that were not synced, and of each file's unsynced bytes none, a torn part, or all of them. Real file systems
leave fewer.
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, product

from dicomrules.spool.calls import Calls

PAGE = 4096


@dataclass
class File:
    """Bytes as the running system sees them, and as they are on the disk."""

    cached: bytes = b""
    synced: bytes = b""

    def leftovers(self) -> list[bytes]:
        """What a power cut may leave: what was synced, everything, or a torn write, be it only a length with zeros."""
        if self.cached == self.synced:
            return [self.synced]
        half = len(self.cached) // 2 // PAGE * PAGE
        torn = self.cached[:half] + self.synced[half : len(self.cached)]
        return list(dict.fromkeys([self.synced, torn, bytes(len(self.cached)), self.cached]))


@dataclass(frozen=True)
class Change:
    """One change of names: a new one, another one, one less. `file` is None for a folder."""

    old: str = ""
    new: str = ""
    file: File | None = None

    @property
    def folders(self) -> set[str]:
        return {os.path.dirname(path) for path in (self.old, self.new) if path}


@dataclass
class Disk(Calls):
    """Files and folders by absolute path. `before` is called before each call with its name: to fail it, or to look."""

    names: dict[str, File | None] = field(default_factory=lambda: {"/state": None})
    synced: dict[str, File | None] = field(default_factory=lambda: {"/state": None})
    pending: list[Change] = field(default_factory=list)
    opened: dict[int, File] = field(default_factory=dict)
    before: Callable[[str], None] = lambda name: None

    def create(self, path: str) -> int:
        self.before("create")
        if path in self.names:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        file = File()
        self._change(Change(new=path, file=file))
        return self._open(file)

    def open(self, path: str) -> int:
        self.before("open")
        return self._open(self._file(path))

    def close(self, fd: int) -> None:
        self.before("close")
        del self.opened[fd]

    def pwrite(self, fd: int, chunk: bytes | memoryview, offset: int) -> int:
        self.before("pwrite")
        file, piece = self.opened[fd], bytes(chunk)
        file.cached = file.cached.ljust(offset, b"\x00")[:offset] + piece + file.cached[offset + len(piece) :]
        return len(piece)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        self.before("pread")
        return self.opened[fd].cached[offset : offset + length]

    def fdatasync(self, fd: int) -> None:
        self.before("fdatasync")
        self.opened[fd].synced = self.opened[fd].cached

    def sync_folder(self, path: str) -> None:
        self.before("sync_folder")
        path = os.path.normpath(path)
        for change in self.pending:
            if path in change.folders:
                _apply(self.synced, change)
        self.pending = [change for change in self.pending if path not in change.folders]

    def rename(self, old: str, new: str) -> None:
        self.before("rename")
        self._change(Change(old, new, self._file(old)))

    def unlink(self, path: str) -> None:
        self.before("unlink")
        self._file(path)
        self._change(Change(old=path))

    def mkdir(self, path: str) -> None:
        self.before("mkdir")
        if path in self.names:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        self._change(Change(new=path))

    def listdir(self, path: str) -> Iterator[str]:
        self.before("listdir")
        return iter([os.path.basename(name) for name in self.names if os.path.dirname(name) == path])

    def size(self, fd: int) -> int:
        self.before("size")
        return len(self.opened[fd].cached)

    def mode(self, path: str) -> int:
        self.before("mode")
        return 0o700

    def crash_states(self) -> Iterator["Disk"]:
        """Every disk that a power cut could leave now."""
        choices = range(len(self.pending) + 1)
        for kept in chain.from_iterable(combinations(self.pending, count) for count in choices):
            names = dict(self.synced)
            for change in kept:
                _apply(names, change)
            names = {path: file for path, file in names.items() if _reachable(path, names)}
            files = {id(file): file for file in names.values() if file is not None}
            for contents in product(*(file.leftovers() for file in files.values())):
                fresh = {key: File(content, content) for key, content in zip(files, contents, strict=True)}
                yield Disk(
                    names={path: file and fresh[id(file)] for path, file in names.items()},
                    synced={path: file and fresh[id(file)] for path, file in names.items()},
                )

    def fingerprint(self) -> frozenset[tuple[str, bytes | None]]:
        """Two disks with the same one hold the same."""
        return frozenset((path, file and file.cached) for path, file in self.names.items())

    def _change(self, change: Change) -> None:
        _apply(self.names, change)
        self.pending.append(change)

    def _file(self, path: str) -> File:
        file = self.names.get(path)
        if file is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return file

    def _open(self, file: File) -> int:
        fd = max(self.opened, default=2) + 1
        self.opened[fd] = file
        return fd


def _apply(names: dict[str, File | None], change: Change) -> None:
    if change.old:
        names.pop(change.old, None)
    if change.new:
        names[change.new] = change.file


def _reachable(path: str, names: dict[str, File | None]) -> bool:
    """A name is lost with the folder it lies in."""
    parent = os.path.dirname(path)
    return path == "/state" or (parent in names and _reachable(parent, names))
