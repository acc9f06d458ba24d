"""New bytes of variants that are too many for the ledger: files beside those of the spool, made once and never changed.

    blobs/NAME/KEY      NAME is that of the instance's spool file, KEY says what was made of it

A file is complete and durable when it has its name. It goes with its instance; one that nobody refers to, because the
power was cut before the ledger knew of it, is written anew and goes with its instance too.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO

from dicomrules.dicom.patch import Blob
from dicomrules.spool.calls import SYSTEM, Calls
from dicomrules.spool.errors import SpoolError, from_os
from dicomrules.spool.file import OpenFile

FOLDER = "blobs"
_REF = re.compile(r"(?:[a-z]+/)+(?:\d{4}-\d\d-\d\d/)?(?P<name>[0-9a-f]{32})\.dcm")
_FILE = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
_KEY = re.compile(r"[0-9a-f]{32}")


class Blobs:
    """The blobs of the spool at `root`."""

    def __init__(self, root: str, calls: Calls = SYSTEM) -> None:
        self._root = f"{root}/{FOLDER}"
        self._calls = calls

    def write(self, ref: str, key: str, pieces: Iterable[bytes | memoryview]) -> Blob:
        """Write the blob `key` of the instance with the spool file `ref`; durable on return. Raises SpoolError."""
        if not _KEY.fullmatch(key):
            raise ValueError("a key has 32 hexadecimal digits")
        folder = f"{self._root}/{_name(ref)}"
        self._make(folder)
        path = f"{folder}/{key}"
        try:
            with suppress(FileNotFoundError):
                self._calls.unlink(f"{path}.part")  # of an attempt that died
            file = OpenFile(self._calls, self._calls.create(f"{path}.part"))
            try:
                length, digest = _written(file, pieces)
                file.sync()
            finally:
                file.close()
            self._calls.rename(f"{path}.part", path)
            self._calls.sync_folder(folder)
        except OSError as error:
            raise from_os("keeping new pixels in the spool", error) from error
        return Blob(f"{_name(ref)}/{key}", length, digest)

    def open(self, file: str) -> OpenFile:
        """Open a blob for reading, by the `file` of its Blob. Raises SpoolError."""
        if not _FILE.fullmatch(file):
            raise SpoolError("this is not the name of a blob")
        try:
            return OpenFile(self._calls, self._calls.open(f"{self._root}/{file}"))
        except OSError as error:
            raise from_os("opening new pixels in the spool", error) from error

    def remove(self, ref: str) -> None:
        """Remove all blobs of the instance whose spool file is `ref`; there need be none."""
        folder = f"{self._root}/{_name(ref)}"
        try:
            for name in list(self._calls.listdir(folder)):
                self._calls.unlink(f"{folder}/{name}")
            self._calls.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise from_os("removing new pixels from the spool", error) from error

    def scratch(self, ref: str) -> BinaryIO:
        """A file without a name, for what is made on the way; gone when it is closed. Raises SpoolError."""
        self._make(f"{self._root}/{_name(ref)}")
        try:
            return self._calls.scratch(f"{self._root}/{_name(ref)}")
        except OSError as error:
            raise from_os("making room for new pixels in the spool", error) from error

    def _make(self, folder: str) -> None:
        try:
            for path, parent in ((self._root, f"{self._root}/.."), (folder, self._root)):
                with suppress(FileExistsError):
                    self._calls.mkdir(path)
                    self._calls.sync_folder(parent)
        except OSError as error:
            raise from_os("making a folder for new pixels in the spool", error) from error


def _written(file: OpenFile, pieces: Iterable[bytes | memoryview]) -> tuple[int, str]:
    length, digest = 0, hashlib.sha256()
    for piece in pieces:
        file.write(piece, length)
        digest.update(piece)
        length += len(piece)
    return length, digest.hexdigest()


def _name(ref: str) -> str:
    matched = _REF.fullmatch(ref)
    if matched is None:
        raise SpoolError("this is not the ref of a spool file")
    return matched["name"]
