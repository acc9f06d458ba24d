"""An instance that lies in the spool: opened for sending, explaining, or making a lost ledger anew."""

from types import TracebackType
from typing import Self

from dicomrules.dicom import part10
from dicomrules.spool import record
from dicomrules.spool.file import DatasetBytes, OpenFile


class StoredInstance:
    """One spool file, open for reading; a context manager that closes it.

    `dataset_offset` is where the data set begins in the file, `length` how many bytes it has.
    """

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        head = file.read(min(file.size(), 64 * 1024), 0)
        self.meta = part10.read_head(head)
        self.dataset_offset = self.meta.dataset_offset
        self.length = file.size() - self.dataset_offset

    @property
    def fd(self) -> int:
        """The descriptor, as long as the file is open."""
        return self._file.fd

    def source(self) -> DatasetBytes:
        """The data set as received, by ranges. Good as long as the file is open."""
        return DatasetBytes(self._file, self.dataset_offset, self.length)

    def record(self) -> record.Record | None:
        """What the file tells of itself; None when it never became complete (a derived file has no record either)."""
        return record.decode(self._file.read(record.SIZE, self.dataset_offset - record.SIZE))

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
