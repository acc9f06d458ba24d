"""The processes of a running gateway, and system calls of theirs that fail on purpose."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.senders import image
from tests.faults.test_kill import children
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer
from tests.peers.running import until
from tests.peers.sink import Sink


def intake_and_delivery(gateway: Gateway) -> tuple[int, int]:
    """The process ids of the two children."""
    assert gateway.process is not None
    intake, delivery = (int((gateway.folder / "var" / f"{name}.alive").read_text()) for name in ("intake", "delivery"))
    assert {intake, delivery} <= set(children(gateway.process.pid))
    return intake, delivery


def gone(*pids: int) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def delivered(sink: Sink) -> set[str]:
    """The SOP Instance UIDs that the sink has acknowledged."""
    return {stored.sop_instance for stored in sink.acknowledged()}


def peer_at(port: int, calling: str = "CT_A1") -> RawPeer:
    """An association by hand."""
    peer = RawPeer(port)
    peer.associate(calling=calling, called="DICOMRULES")
    return peer


def store(peer: RawPeer, patient: str, number: int, size: int = 2000) -> str:
    """One image, acknowledged; its SOP Instance UID."""
    uid, data = image(patient, number, size)
    assert peer.store(uid, data) == 0
    return uid


@contextmanager
def injected(
    pid: int,
    call: str,
    what: str,
    log: Path,
    *,
    main_thread_only: bool = False,
    on: Path | None = None,
    when: str = ":when=1",
) -> Iterator[None]:
    """Each thread's first such system call of a process meets `what`: `error=EIO`, `signal=KILL`. Empty `when`: each.

    With `on`, only calls on that file count. Skips where no process may be traced.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    command = [
        strace,
        *([] if main_thread_only else ["-f"]),
        *(["-P", str(on)] if on else []),
        "-y",
        "-qq",
        "-o",
        str(log),
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{what}{when}",
    ]
    tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    try:
        threads = [str(pid)] if main_thread_only else os.listdir(f"/proc/{pid}/task")
        until(lambda: tracer.poll() is not None or traced(pid, threads), 5, "strace at the process")
        if tracer.poll() is not None:
            pytest.skip(f"no process may be traced here: {tracer.stderr.read().strip() if tracer.stderr else ''}")
        yield
    finally:
        tracer.terminate()
        tracer.wait(5)


def traced(pid: int, threads: list[str]) -> bool:
    """Whether all these threads of a process are traced."""
    states = [Path(f"/proc/{pid}/task/{thread}/status").read_text() for thread in threads]
    return not any("TracerPid:\t0" in state for state in states)
