"""Does somebody still have a file open for writing? Linux tells by refusing a read lease (fcntl(2), "Leases")."""

import errno
import fcntl
import signal
from contextlib import suppress


def has_writer(fd: int) -> bool:
    """True when some process on this machine has the file open for writing.

    False also where the system does not tell: another owner's file, a network file system. `fd` is open for reading
    only. Who opens the file for writing while we ask waits a moment; the kernel's signal for that is one that nobody
    minds.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
