"""A medium in a watched folder: a folder with a DICOMDIR (PS3.10 8, PS3.3 Annex F), as it lies on a CD or was copied.

What the DICOMDIR names is taken, and nothing else. A File ID is a list of names (PS3.10 8.2); each is opened in the
folder before it and never followed through a link, so none leads out of the medium, whatever it says (CVE-2026-32711).
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dicomrules.dicom import part10
from dicomrules.dicom.columns import Columns
from dicomrules.dicom.index import Index, IndexLimits, index, open_item, open_items
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.syntax import encoding_of
from dicomrules.model.receiver import Limits
from dicomrules.receivers.filed import StillFile
from dicomrules.receivers.many import Faulty
from dicomrules.receivers.settling import Look
from dicomrules.receivers.watched import look_of
from dicomrules.spool.file import FileBytes

DIRECTORY: Final = "DICOMDIR"
_RECORDS: Final = 0x00041220
_FILE_ID: Final = 0x00041500
_RECORD_IN_USE: Final = 0x00041410
_LONGEST_ID: Final = 1024  # bytes
_MOST_NAMES: Final = 16  # of one File ID; the standard has 8
_MOST_FILES: Final = 200_000  # that a medium is looked through for
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

FileId = tuple[str, ...]


class Medium:
    """An open medium. OSError: it is not there, or may not be read."""

    def __init__(self, name: str, parent: int) -> None:
        self._fd = os.open(name, _FOLDER, dir_fd=parent)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def look(self) -> Look | None:
        """How everything in it looks, together; None when it has no DICOMDIR. Links are not followed."""
        try:
            status = os.stat(DIRECTORY, dir_fd=self._fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        size, newest = 0, 0
        for count, found in enumerate(_files(self._fd)):
            size, newest = size + found.st_size, max(newest, found.st_mtime_ns)
            if count > _MOST_FILES:
                break
        return Look(status.st_dev, status.st_ino, size, newest)

    def file_ids(self, limits: Limits) -> list[FileId]:
        """The files that the DICOMDIR names, each once, in its order. Raises Faulty when it cannot be read."""
        with _still(self._fd, DIRECTORY) as file:
            return named_in(file, limits)

    def opened(self, file_id: FileId) -> StillFile:
        """The file of this ID. Faulty when there is none that may be read."""
        if not all(map(_is_name, file_id)) or len(file_id) > _MOST_NAMES:
            raise Faulty("this File ID leads out of the medium, or is none")
        try:
            folder = _reached(self._fd, file_id[:-1])
            try:
                return _still(folder, file_id[-1])
            finally:
                os.close(folder)
        except FileNotFoundError:
            raise Faulty("the DICOMDIR names this file, and it is not there") from None
        except NotADirectoryError:
            raise Faulty("the DICOMDIR names this file, and a link or another file stands in its way") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Faulty("this is a link, which is not followed") from None
            raise

    def remove(self, looks: dict[FileId, Look]) -> int:
        """Remove the files that were taken and look as they did then, and folders that are empty after that.

        How many files stay. OSError when it may not be changed.
        """
        for file_id, look in looks.items():
            with suppress(FileNotFoundError):
                self._remove(file_id, look)
        with suppress(FileNotFoundError):
            os.unlink(DIRECTORY, dir_fd=self._fd)
        _remove_empty(self._fd)
        return sum(1 for _ in _files(self._fd))

    def _remove(self, file_id: FileId, look: Look) -> None:
        folder = _reached(self._fd, file_id[:-1])
        try:
            name = _as_written(folder, file_id[-1])
            if look_of(os.stat(name, dir_fd=folder, follow_symlinks=False)) == look:
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)


def named_in(directory: StillFile, limits: Limits) -> list[FileId]:
    """The files that a DICOMDIR names, each once, in its order. Raises Faulty when it cannot be read."""
    if directory.look.size > limits.object:
        raise Faulty("its DICOMDIR is longer than `limits.object` of the gateway file")
    try:
        return list(dict.fromkeys(_named(_indexed(directory, limits))))
    except MalformedDataSet as malformed:
        raise Faulty(f"its DICOMDIR cannot be read: {malformed.reason}, at byte {malformed.offset}") from None


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & set("/\\\0")


def _as_written(folder: int, name: str) -> str:
    """File IDs are in capitals (PS3.10 8.5); some systems show them in small letters."""
    for one in (name, name.lower()):
        with suppress(FileNotFoundError):
            os.stat(one, dir_fd=folder, follow_symlinks=False)
            return one
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _opened(folder: int, name: str, flags: int) -> int:
    return os.open(_as_written(folder, name), flags, dir_fd=folder)


def _still(folder: int, name: str) -> StillFile:
    fd = _opened(folder, name, _FILE)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise Faulty("this is no regular file")
    return StillFile(fd, look_of(status))


def _indexed(file: StillFile, limits: Limits) -> Index:
    head = part10.read_head(FileBytes(file.fd, 0, file.look.size))
    data_set = FileBytes(file.fd, head.dataset_start, file.look.size - head.dataset_start)
    return index(data_set, encoding_of(head.transfer_syntax), IndexLimits(limits.elements, limits.nesting))


def _named(directory: Index) -> Iterator[FileId]:
    """Referenced File IDs of all records in use (PS3.3 F.3.2.2)."""
    records = directory.find(_RECORDS)
    if records is None or not records.is_sequence:
        return
    ranges = open_items(records, directory.outline)
    for at in range(len(ranges)):
        record = open_item(directory.source, records.items_encoding, ranges.content(at), directory.outline)
        place = record.find(_FILE_ID)
        if place < 0 or not _in_use(record.find(_RECORD_IN_USE), record):
            continue
        element = record.element(place)
        if 0 < element.length <= _LONGEST_ID:
            text = element.raw.decode("latin-1")
            yield tuple(name.strip(" \0") for name in text.split("\\"))


def _in_use(place: int, record: Columns) -> bool:
    """Record In-use Flag: zero means that it is not (PS3.3 F.3.2.2)."""
    return place < 0 or record.element(place).raw != b"\0\0"


def _folders(root: int) -> Iterator[tuple[FileId, int]]:
    """Every folder below, `root` first and always before those inside it, by names and open. Links are not followed."""
    waiting: list[FileId] = [()]
    while waiting:
        names = waiting.pop()
        with suppress(FileNotFoundError, NotADirectoryError):
            folder = _reached(root, names)
            try:
                yield names, folder
                if len(names) < _MOST_NAMES:
                    with os.scandir(folder) as found:
                        waiting += [(*names, entry.name) for entry in found if entry.is_dir(follow_symlinks=False)]
            finally:
                os.close(folder)


def _reached(root: int, names: FileId) -> int:
    """A folder of the medium, open. Each name is opened in the folder before it."""
    folder = os.dup(root)
    for name in names:
        outer = folder
        try:
            folder = _opened(outer, name, _FOLDER)
        finally:
            os.close(outer)
    return folder


def _files(root: int) -> Iterator[os.stat_result]:
    """The status of all that is no folder."""
    for _, folder in _folders(root):
        with os.scandir(folder) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry.stat(follow_symlinks=False)


def _remove_empty(root: int) -> None:
    """Folders that are empty go, the innermost first."""
    for names in reversed([names for names, _ in _folders(root) if names]):
        with suppress(OSError):  # not empty
            outer = _reached(root, names[:-1])
            try:
                os.rmdir(names[-1], dir_fd=outer)
            finally:
                os.close(outer)
