"""The watched folder as the file system has it: what is in it, and the ways out of it.

Everything goes through one descriptor of the folder, so a folder that is exchanged for another one meanwhile changes
nothing. A file leaves in two steps: it gets a hidden name, then it is looked at. If it is not the one that was taken
(somebody has put another one under its name in between), it stays, and is found under its hidden name by the next look
into the folder. So a file that was not taken is never removed.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, Self

from dicomrules.receivers.settling import Look

_CLAIMED = ".dicomrules-"  # and 16 hexadecimal digits, `-`, the name the file had
_DIGITS = 16
_LONGEST = 200  # bytes of a name that fit behind that
_MOST_NAMES = 1000
_CHUNK = 1024 * 1024

NOTE = ".reason.txt"


class Entry(NamedTuple):
    """One entry of the folder whose name matches. `look` is None for what is no regular file."""

    name: str
    look: Look | None


class WatchedFolder:
    """The folder at `path`, open until `close`. OSError: it is not there, or may not be read."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the folder."""
        os.close(self._fd)

    @property
    def fd(self) -> int:
        """The descriptor, as long as it is open."""
        return self._fd

    def entries(self, patterns: Sequence[str]) -> Iterator[Entry]:
        """What matches a pattern. Hidden files do not, so a file may grow under a hidden name and then be renamed."""
        with os.scandir(self._fd) as found:
            for entry in found:
                name = shown_name(entry.name)
                if name == entry.name and not any(matches(name, pattern) for pattern in patterns):
                    continue
                with suppress(FileNotFoundError):  # gone since it was listed
                    status = entry.stat(follow_symlinks=False)
                    yield Entry(entry.name, look_of(status) if stat.S_ISREG(status.st_mode) else None)

    def folders(self, without: Sequence[Path]) -> Iterator[str]:
        """The names of folders in it that are not hidden, and none of `without`."""
        others = set()
        for path in without:
            with suppress(OSError):
                status = os.stat(path)
                others.add((status.st_dev, status.st_ino))
        with os.scandir(self._fd) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    shown = not entry.name.startswith(".") and (status.st_dev, status.st_ino) not in others
                    if shown and stat.S_ISDIR(status.st_mode):
                        yield entry.name

    def move_folder(self, name: str, to: Path, note: str = "") -> None:
        """Move a folder in it, with all that it holds, to the folder `to`, as `move` does with files.

        OSError also when that is on another file system.
        """
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = os.open(to, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _Place(target, name, note, folder=True) as place:
                os.rename(name, place.name, src_dir_fd=self._fd, dst_dir_fd=target)
                place.keep()
        finally:
            os.close(target)

    def open(self, name: str) -> int:
        """A descriptor for reading; never follows a link and never waits for a FIFO."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=self._fd)

    def remove(self, name: str, look: Look) -> bool:
        """Remove the file that looks like this; False when it is another one by now, or gone."""
        claimed = self._claim(name, look)
        if claimed:
            os.unlink(claimed, dir_fd=self._fd)
        return bool(claimed)

    def move(self, name: str, look: Look, to: Path, note: str = "") -> str:
        """Move the file that looks like this to the folder `to`; its name there, empty when it is another one or gone.

        The folder is made when it is not there. Nothing is overwritten: where the name is taken, a number is added. A
        `note` is written beside it first, as NAME.reason.txt.
        """
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = os.open(to, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _Place(target, shown_name(name), note) as place:
                claimed = self._claim(name, look)
                if not claimed:
                    return ""
                self._put(claimed, place.name, target)
                return place.keep()
        finally:
            os.close(target)

    def _claim(self, name: str, look: Look) -> str:
        """Take the file out of everybody's reach; its hidden name, or empty when it is not the one that is meant."""
        claimed = name
        if shown_name(name) == name:
            shown = os.fsdecode(os.fsencode(name)[-_LONGEST:])
            claimed = f"{_CLAIMED}{secrets.token_hex(_DIGITS // 2)}-{shown}"
        try:
            os.rename(name, claimed, src_dir_fd=self._fd, dst_dir_fd=self._fd)
            same = look_of(os.stat(claimed, dir_fd=self._fd, follow_symlinks=False)) == look
        except FileNotFoundError:
            return ""
        return claimed if same else ""

    def _put(self, claimed: str, reserved: str, target: int) -> None:
        """Rename onto the reserved name in the folder `target`, or copy where that is on another file system."""
        try:
            os.rename(claimed, reserved, src_dir_fd=self._fd, dst_dir_fd=target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(claimed, reserved, target)
            os.unlink(claimed, dir_fd=self._fd)

    def _copy(self, claimed: str, reserved: str, target: int) -> None:
        source = self.open(claimed)
        try:
            copy = os.open(reserved, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=target)
            with os.fdopen(copy, "wb") as file:
                while piece := os.read(source, _CHUNK):
                    file.write(piece)
                file.flush()
                os.fsync(copy)
        finally:
            os.close(source)


def matches(name: str, pattern: str) -> bool:
    """Whether a name matches; a hidden one only where the pattern says so."""
    return fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))


def look_of(status: os.stat_result) -> Look:
    """How a file looks."""
    return Look(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def shown_name(name: str) -> str:
    """The name that a file had when it came, for one that was given a hidden name."""
    start = len(_CLAIMED) + _DIGITS
    return name[start + 1 :] if name.startswith(_CLAIMED) and name[start : start + 1] == "-" else name


class _Place:
    """A name in the folder `target` that nothing else has, with a note beside it; given up again unless it is kept."""

    def __init__(self, target: int, name: str, note: str, *, folder: bool = False) -> None:
        self._target = target
        self._folder = folder
        self.name = _reserve(target, name, folder=folder)
        self._note = f"{os.fsdecode(os.fsencode(self.name)[:_LONGEST])}{NOTE}" if note else ""
        if note:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self._note, flags, 0o600, dir_fd=target), "wb") as file:
                file.write(note.encode())

    def keep(self) -> str:
        """The file is there: make its name durable."""
        os.fsync(self._target)
        name, self.name = self.name, ""
        return name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.name:
            return
        with suppress(OSError):  # something empty under `failed` harms nobody
            if self._folder:
                os.rmdir(self.name, dir_fd=self._target)
            else:
                os.unlink(self.name, dir_fd=self._target)
        if self._note:
            with suppress(OSError):
                os.unlink(self._note, dir_fd=self._target)


def _reserve(target: int, name: str, *, folder: bool) -> str:
    """Make an empty file, or folder, in the folder `target` under a name that nothing has there."""
    stem, dot, extension = ("", "", "") if folder else name.rpartition(".")
    for number in range(1, _MOST_NAMES):
        candidate = name if number == 1 else f"{stem}~{number}.{extension}" if dot else f"{name}~{number}"
        try:
            if folder:
                os.mkdir(candidate, 0o700, dir_fd=target)
            else:
                os.close(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target))
        except FileExistsError:
            continue
        return candidate
    raise FileExistsError(errno.EEXIST, f"{_MOST_NAMES} other files have this name already")
