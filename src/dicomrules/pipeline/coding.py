"""The processes that code pixels anew: as many as there is room for, started when needed, replaced when they die."""

import json
import os
import queue
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from dicomrules.pipeline.coder import Answer, Request

_LONGEST: Final = 120.0  # seconds for one instance, and one more for each megabyte
_PER_SECOND: Final = 1024 * 1024


class Died(Exception):
    """The process that coded an instance ended, or did not end in time. The text says which."""


class Coders:
    """Coders of one spool, for any number of threads."""

    def __init__(self, root: Path, count: int = 0, command: Sequence[str] = ()) -> None:
        """Nothing is started before it is needed. `count` 0: half as many as there are processors."""
        self._free: queue.Queue[_Coder] = queue.Queue()
        command = command or (sys.executable, "-m", "dicomrules.pipeline.coder", str(root))
        self._all = [_Coder(command) for _ in range(count or max(1, (os.cpu_count() or 2) // 2))]
        for coder in self._all:
            self._free.put(coder)

    def code(self, request: Request, length: int) -> Answer:
        """What comes of a request about an instance of `length` bytes; waits for a free coder. Raises Died."""
        coder = self._free.get()
        try:
            return coder.code(request, _LONGEST + length / _PER_SECOND)
        finally:
            self._free.put(coder)

    def close(self) -> None:
        """End them all."""
        for coder in self._all:
            coder.end()


class _Coder:
    """One process, or the place for one."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def code(self, request: Request, seconds: float) -> Answer:
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
            process.stdin.flush()
            line = self._line(process, time.monotonic() + seconds)
        except BrokenPipeError:
            line = b""
        if line.endswith(b"\n"):
            return Answer(**json.loads(line))
        ended = process.poll()
        self.end()
        if ended is None and not line:
            raise Died("coding its pixels did not end in time")
        raise Died("coding its pixels ended the process that did it")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
        return self._process

    @staticmethod
    def _line(process: subprocess.Popen[bytes], ends_at: float) -> bytes:
        """One line of its output; without an end when it died or took too long."""
        assert process.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([process.stdout], [], [], max(0.0, ends_at - time.monotonic()))[0]:
                return b""
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                process.wait(5)
                return line
            line += piece
        return line
