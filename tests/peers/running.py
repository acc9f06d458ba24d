"""Programs under test and their peers, as processes: started, awaited, and always ended."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

# CI sets this: there, a peer that is missing is a failure, not a reason to skip.
PEERS_REQUIRED = bool(os.environ.get("DICOMRULES_REQUIRE_PEERS"))


# Which of the processes this is that pytest runs tests in, side by side (pytest-xdist): gw0, gw1, …
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Below those that the system gives to outgoing connections: none of them takes a port before its program listens. Every
# eighth of them, so that another of those processes does not want it in that time.
_PORTS = range(10_240 + _WORKER % 8, 32_768, 8)
_given: set[int] = set()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on just now, another one each time.

    By chance, so that two runs at once do not want the same; a program that listens by port 0 does not get it either.
    """
    while True:
        port = random.choice(_PORTS)
        if port not in _given and _free(port):
            _given.add(port)
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def need(program: str) -> str:
    """The path of a peer's program; skips the test where it is not installed, except in CI.

    pynetdicom installs scripts under DCMTK's names beside this Python: those are not meant.
    """
    elsewhere = [each for each in os.get_exec_path() if Path(each) != Path(sys.executable).parent]
    found = shutil.which(program, path=os.pathsep.join(elsewhere))
    if found is None:
        assert not PEERS_REQUIRED, f"{program} is not installed, and in CI no test with a peer may be skipped"
        pytest.skip(f"{program} is not installed (make peers installs it where it may)")
    return found


def need_file(path: str) -> str:
    """The same for a file that is no program."""
    if not Path(path).is_file():
        assert not PEERS_REQUIRED, f"{path} is not there, and in CI no test with a peer may be skipped"
        pytest.skip(f"{path} is not there (make peers installs it where it may)")
    return path


def until(condition: Callable[[], object], seconds: float = 15, what: str = "the expected state") -> object:
    """Wait until `condition` gives something true and return it; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def listening(port: int) -> bool:
    """Does somebody accept connections on this port?"""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Running:
    """A process with its output in a file, ended with SIGTERM, and with SIGKILL when it does not listen to that."""

    def __init__(self, command: Sequence[str], log: Path, cwd: Path | None = None, env: dict[str, str] | None = None):
        self.command = list(command)
        self.log = log
        self._cwd = cwd
        self.env = {**os.environ, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, stdout=out, stderr=subprocess.STDOUT, cwd=self._cwd, env=self.env, start_new_session=True
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM, wait, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL to the process and all of its children."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def run(*command: str | Path, ok: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; with `ok`, its exit code must be 0."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=cwd)
    if ok:
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def dicomrules(*arguments: str | Path, ok: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line of this project."""
    return run(sys.executable, "-m", "dicomrules", *arguments, ok=ok, cwd=cwd)
