"""Is there room on the disk for more? Every receiver asks before it begins to take something."""

from dicomrules.model.receiver import Limits
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool


def has_room(spool: Spool, limits: Limits, wanted: int = 0) -> bool:
    """Whether the spool's file system has more left than the reserve, also with `wanted` bytes more on it."""
    try:
        room = spool.room()
    except SpoolError:
        return False
    return room.bytes - wanted >= limits.free_space and room.inodes >= limits.free_inodes
