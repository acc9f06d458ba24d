"""Reading a small text file that decides what the gateway does: regular, under a cap, not for everybody to write."""

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """The file is not taken; the text says why, to follow the file's name. `unsafe`: everybody can write it."""

    def __init__(self, reason: str, unsafe: bool = False) -> None:
        super().__init__(reason)
        self.unsafe = unsafe


def read_small(path: Path, cap: int) -> str:
    """The text of the file at `path`, which may be a symbolic link. Unreadable: it is not there, not safe, or not text.

    Owner and mode are those of the open file, so it cannot be exchanged between the look and the reading.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not make us wait
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    try:
        _judge(os.fstat(descriptor))
        content = b""
        while len(content) <= cap and (piece := os.read(descriptor, cap + 1 - len(content))):
            content += piece
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return _text(content, cap)


def _judge(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("is not a regular file")
    if status.st_mode & stat.S_IWOTH:
        raise Unreadable(f"can be written by everybody (mode {stat.S_IMODE(status.st_mode):04o})", unsafe=True)


def _text(content: bytes, cap: int) -> str:
    if len(content) > cap:
        raise Unreadable(f"is longer than {cap} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8: byte {error.start} cannot be read") from error
