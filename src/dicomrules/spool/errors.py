"""What can go wrong with the spool."""


class SpoolError(Exception):
    """The spool could not keep, find or move bytes. Nothing that was asked for may be taken as done.

    `errno` is the operating system's number, 0 where no system call failed. The message names our own files only.
    """

    def __init__(self, message: str, errno: int = 0) -> None:
        super().__init__(message)
        self.errno = errno


def from_os(doing: str, error: OSError) -> SpoolError:
    """The SpoolError of a failed system call: what was being done, and the system's own words."""
    return SpoolError(f"{doing}: {error.strerror or type(error).__name__}", error.errno or 0)
