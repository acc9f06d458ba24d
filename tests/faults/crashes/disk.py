"""A disk whose power can be cut: a file system of its own in a file, mounted by loop device.

The cut is the file system's own shutdown (what `xfs_io -x -c shutdown` asks for): from that moment nothing reaches the
disk, every call fails with EIO, and what was not synced is lost, at the next mount as after a power failure.

Unlike a power failure it takes a moment, and a sync that is under way in that moment may return as if it had succeeded
(seen on ext4 and XFS with a program of twenty lines). A machine without power answers nobody: whoever cuts sees to it
that nothing counts that is answered after the cut has begun.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_GOING_DOWN = 0x8004587D  # FS_IOC_SHUTDOWN of linux/fs.h, the same for ext4 and XFS
_LOG_FLUSHED, _LOG_LOST = 1, 2

# XFS is at least 300 MB; these are files with holes.
_SIZES = {"ext4": "64M", "xfs": "320M"}
KINDS = ("ext4", "ext4 -f", "xfs", "xfs -f")


class NoDisk(Exception):
    """No such disk can be made here: why."""


@dataclass
class Disk:
    """`kind` is one of KINDS; `-f`: the file system's log is brought to the disk at the cut, bytes of files are not."""

    kind: str
    folder: Path
    name: str = "disk"

    @property
    def mounted(self) -> Path:
        """Where it is mounted."""
        return self.folder / self.name

    @property
    def _image(self) -> Path:
        return self.folder / "disk.img"

    def make(self) -> None:
        """A new one, mounted. Raises NoDisk."""
        name = self.kind.split()[0]
        if os.geteuid() != 0:
            raise NoDisk("only root may mount a file system")
        if shutil.which(f"mkfs.{name}") is None:
            raise NoDisk(f"mkfs.{name} is not installed")
        self._image.unlink(missing_ok=True)
        self.mounted.mkdir(exist_ok=True)
        _call("truncate", "-s", _SIZES[name], str(self._image))
        _call(f"mkfs.{name}", "-q", *(["-F"] if name == "ext4" else ["-f"]), str(self._image))
        self.mount()
        self.mounted.chmod(0o700)

    def mount(self) -> None:
        """Raises NoDisk."""
        try:
            _call("mount", "-o", "loop", str(self._image), str(self.mounted))
        except subprocess.CalledProcessError as error:
            raise NoDisk(f"no loop device may be mounted here: {error.stderr.decode().strip()}") from error

    def cut(self) -> None:
        """Cut the power."""
        cut(str(self.mounted), flushes_log=self.kind.endswith("-f"))

    def power_on(self) -> None:
        """Mount it again, when nobody uses it any more."""
        self.unmount()
        self.mount()

    def unmount(self) -> None:
        """Take it away; it may be still for a moment that a process that was killed uses it."""
        for _ in range(200):
            if subprocess.run(["umount", str(self.mounted)], capture_output=True).returncode == 0:
                return
            time.sleep(0.02)
        subprocess.run(["umount", "-l", str(self.mounted)], check=True, capture_output=True)

    def remove(self) -> None:
        """Nothing of it stays."""
        if os.path.ismount(self.mounted):
            self.unmount()
        self._image.unlink(missing_ok=True)


def cut(mounted: str, *, flushes_log: bool) -> None:
    """Cut the power of the disk that is mounted there, from whichever process."""
    fd = os.open(mounted, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, _GOING_DOWN, struct.pack("=I", _LOG_FLUSHED if flushes_log else _LOG_LOST))
    finally:
        os.close(fd)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
