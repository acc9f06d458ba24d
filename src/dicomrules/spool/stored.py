"""An instance that lies in the spool: opened for sending, explaining, or making a lost ledger anew."""

import struct
from types import TracebackType
from typing import Self

from dicomrules.dicom import part10
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.source import MemoryBytes
from dicomrules.spool import record
from dicomrules.spool.blobs import Blobs
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.file import DatasetBytes, OpenFile

_PREFIX = 128  # the preamble; "DICM" and the group length (0002,0000) UL follow it (PS3.10 7.1)
_META = _PREFIX + 16


class StoredInstance:
    """One spool file, open for reading; a context manager that closes it.

    `dataset_offset` is where the data set begins in the file, `length` how many bytes it has.
    """

    def __init__(self, file: OpenFile, blobs: Blobs | None = None) -> None:
        self._file = file
        self._blobs = blobs
        self._opened: list[OpenFile] = []
        start = file.read(_META, 0)
        meta_length: int = struct.unpack_from("<I", start, _META - 4)[0]
        self.dataset_offset = _META + meta_length
        self.length = file.size() - self.dataset_offset
        ours = start[_PREFIX:].startswith(b"DICM\x02\x00\x00\x00UL\x04\x00")
        if not ours or not part10.RECORD_LENGTH <= meta_length <= part10.LONGEST_HEAD or self.length < 0:
            raise SpoolError("this file does not begin as the spool writes them")

    @property
    def fd(self) -> int:
        """The descriptor, as long as the file is open."""
        return self._file.fd

    def meta(self) -> dict[str, str]:
        """Texts of our file meta by keyword: MediaStorageSOPInstanceUID, TransferSyntaxUID and so on.

        SpoolError when they are not whole.
        """
        return self._head().meta

    def came_with(self) -> bytes | None:
        """Preamble and file meta that the object came with; None: it came without a file. SpoolError: damaged."""
        try:
            return part10.came_with_of(self._head().raw)
        except MalformedDataSet as error:
            raise SpoolError(error.reason) from error

    def meta_it_came_with(self) -> dict[str, str] | None:
        """Texts of the file meta that the object came with, as `Part10.meta`. SpoolError: damaged."""
        came_with = self.came_with()
        return None if came_with is None else part10.read_head(MemoryBytes(came_with)).meta

    def source(self) -> DatasetBytes:
        """The data set as received, by ranges. Good as long as the file is open."""
        return DatasetBytes(self._file, self.dataset_offset, self.length)

    def record(self) -> record.Record | None:
        """What the file tells of itself; None when it never became complete (a derived file has no record either)."""
        return record.decode(self._file.read(part10.RECORD_LENGTH, self.dataset_offset - part10.RECORD_LENGTH))

    def _head(self) -> part10.Part10:
        try:
            return part10.read_head(DatasetBytes(self._file, 0, self.dataset_offset), part10.LONGEST_HEAD)
        except MalformedDataSet as error:
            raise SpoolError("this file does not begin as the spool writes them") from error

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()
        for blob in self._opened:
            blob.close()

    def blob(self, file: str) -> int:
        """The descriptor of a blob, by the `file` of it; open as long as this file is. Raises SpoolError."""
        if self._blobs is None:
            raise SpoolError("this file has no blobs")
        self._opened.append(self._blobs.open(file))
        return self._opened[-1].fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
