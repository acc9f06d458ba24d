"""A ZIP archive (PS3.12 Annex V, APPNOTE) that stands still: its members as objects, under caps.

Nothing is ever unpacked to a name: a member is copied to a file of no name, read there, and gone. So it does not matter
what a member is called. Neither are sizes believed that an archive states; bytes are counted as they come.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

from dicomrules.model.receiver import Limits
from dicomrules.receivers.filed import StillFile
from dicomrules.receivers.many import Bomb, Faulty, NoObject
from dicomrules.receivers.medium import DIRECTORY
from dicomrules.receivers.watched import look_of
from dicomrules.spool.spool import Spool

_MOST_MEMBERS: Final = 100_000
_LONGEST_DIRECTORY: Final = 16 * 1024 * 1024  # bytes of the central directory, which is read as a whole
_RATIO: Final = 100  # deflate itself reaches 1032; archives of images stay far below
_HARMLESS: Final = 256 * 1024 * 1024  # below this many bytes the ratio of an archive is not looked at
_PIECE: Final = 256 * 1024
_BEGINNING: Final = 132  # preamble and DICM (PS3.10 7.1)
_ENCRYPTED: Final = 0x1
_END: Final = struct.Struct("<4s4H2LH")  # end of central directory record
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")


class Zipped:
    """An open archive. Raises Faulty when nothing of it can be taken, whatever it holds."""

    def __init__(self, file: StillFile, limits: Limits) -> None:
        _check_directory(file)
        self._limits = limits
        self._given = 0
        self._length = file.look.size
        stream: BinaryIO = os.fdopen(os.dup(file.fd), "rb")
        try:
            self._archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, struct.error, OSError):
            stream.close()
            raise Faulty("this is no ZIP archive that can be read") from None
        self._stream = stream
        try:
            self._check()
        except Faulty:
            self.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._archive.close()
        self._stream.close()

    def members(self) -> Iterator[zipfile.ZipInfo]:
        """Everything that may be an object: no folders, no links, no directory of a medium."""
        return (member for member in self._files() if path_of(member)[-1].upper() != DIRECTORY)

    def directories(self) -> Iterator[zipfile.ZipInfo]:
        """The directories of media (PS3.10 8.6)."""
        return (member for member in self._files() if path_of(member)[-1].upper() == DIRECTORY)

    def _files(self) -> Iterator[zipfile.ZipInfo]:
        for member in self._archive.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if not member.is_dir() and kind in (0, stat.S_IFREG):
                yield member

    def opened(self, member: zipfile.ZipInfo, spool: Spool, *, meant: bool) -> StillFile:
        """The member's bytes in a file of no name. Blocks.

        NoObject when it does not begin like a DICOM file and is not `meant` to be one; Faulty and Bomb.
        """
        fd = -1
        try:
            with self._archive.open(member) as source:
                first = source.read(_BEGINNING)
                if not meant and first[_BEGINNING - 4 :] != b"DICM":
                    raise NoObject
                fd = spool.scratch()
                self._copy(first, source, fd)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError):
            _close(fd)
            raise Faulty("it is damaged, or packed in a way that is not taken") from None
        except BaseException:
            _close(fd)
            raise
        return StillFile(fd, look_of(os.fstat(fd)), ours=True)

    def _copy(self, first: bytes, source: IO[bytes], fd: int) -> None:
        length, piece = 0, first
        while piece:
            length += len(piece)
            self._given += len(piece)
            if length > self._limits.object:
                raise Faulty("it is longer than `limits.object` of the gateway file")
            if self._given > self._limits.archive:
                raise Bomb("the archive holds more than `limits.archive` of the gateway file")
            if self._given > max(_HARMLESS, self._length * _RATIO):
                raise Bomb(f"the archive holds more than {_RATIO} times its length")
            _write(fd, piece)
            piece = source.read(_PIECE)

    def _check(self) -> None:
        for member in self._archive.infolist():
            if member.flag_bits & _ENCRYPTED:
                raise Faulty("the archive is encrypted: take it without a password")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Faulty("the archive is packed in another way than deflate, which is the only one taken")


def path_of(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """The names that lead to a member."""
    return tuple(member.filename.replace("\\", "/").split("/"))


def _check_directory(file: StillFile) -> None:
    """How long the directory of the archive is, before anybody reads it into memory."""
    size = file.look.size
    start = max(size - _END.size - 0xFFFF, 0)
    tail = os.pread(file.fd, size - start, start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + _END.size:
        raise Faulty("this is no ZIP archive, or it is cut")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    locator = os.pread(file.fd, _LOCATOR.size, max(start + at - _LOCATOR.size, 0))
    if locator[:4] == b"PK\6\7" and len(locator) == _LOCATOR.size:
        end = os.pread(file.fd, _END_64.size, min(_LOCATOR.unpack(locator)[2], size))
        if len(end) == _END_64.size:
            count, length = max(count, _END_64.unpack(end)[7]), max(length, _END_64.unpack(end)[8])
    if count > _MOST_MEMBERS or length > _LONGEST_DIRECTORY:
        raise Faulty(f"the archive has more than {_MOST_MEMBERS} members, or a directory that long")


def _write(fd: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(fd, piece) :]


def _close(fd: int) -> None:
    if fd >= 0:
        os.close(fd)
