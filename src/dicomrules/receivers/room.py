"""Is there room on the disk for more? Every receiver asks before it begins to take something."""

from dicomrules.model.receiver import Limits
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool


def has_room(spool: Spool, limits: Limits) -> bool:
    """Whether the spool's file system has as much left as the reserve, of bytes and of inodes."""
    try:
        room = spool.room()
    except SpoolError:
        return False
    return room.bytes >= limits.free_space and room.inodes >= limits.free_inodes
