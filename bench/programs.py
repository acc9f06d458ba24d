"""The programs that are measured: ours, and the peers beside it, each as somebody would run it.

Peers are shown in their best configuration (`TCP_NODELAY` on every socket) and, where it makes a difference, in their
stock one. Ours answers after bytes and deliveries are synced to the disk; no peer syncs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.test_kill import children
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, until

from bench.rules import LUA, RULES

BEST = {"TCP_NODELAY": "1"}  # DCMTK's tools obey it; sites seldom set it
STOCK: dict[str, str] = {}

GATEWAY = """gateway: {{name: bench, aet: GATEWAY, state: var}}
rules: [site.rules]
receivers:
  modalities:
    dicom: {{port: {port}, from: anyone, called_aet: any, per_address: 200}}
destinations:
{destinations}
limits: {{free_space: 100MB}}
"""
DESTINATION = """  {name}:
    dicom: {{aet: SINK, host: 127.0.0.1, port: {port}, associations: {associations}}}
    retry: {{first: 1s, up_to: 1s}}
"""


class Storescp(Running):
    """DCMTK's storescp: writes what it gets bit-preserving, or throws it away. It takes every transfer syntax."""

    def __init__(self, folder: Path, *, keep: bool, environment: dict[str, str] = BEST, port: int = 0):
        folder.mkdir(parents=True)
        self.port = port or free_port()
        where = ["-od", str(folder)] if keep else ["--ignore"]
        super().__init__(
            [need("storescp"), "-v", "+xa", "+B", "--fork", *where, "-aet", "SINK", str(self.port)],
            folder.parent / f"{folder.name}.log",
            env=environment,
        )

    def start(self) -> None:
        super().start()
        until(lambda: listening(self.port) or not self.running(), 60, "storescp")
        assert self.running(), self.output()

    def received(self) -> int:
        """How many data sets came whole."""
        return self.output().count("Received Store Request")


class Gateway(Running):
    """The gateway of this project; without sinks its one destination is down."""

    def __init__(
        self, folder: Path, sinks: Sequence[int] = (), *, rules: str = RULES, associations: int = 2, observe: str = ""
    ):
        folder.mkdir(parents=True)
        self.folder, self.port = folder, free_port()
        self.file = folder / "gateway.yaml"
        names = ["pacs", *(f"sink{number}" for number in range(1, len(sinks)))]
        destinations = "".join(
            DESTINATION.format(name=name, port=port, associations=associations)
            for name, port in zip(names, sinks or (free_port(),), strict=True)
        )
        self.file.write_text(GATEWAY.format(port=self.port, destinations=destinations) + observe)
        self.file.chmod(0o600)
        (folder / "site.rules").write_text(rules)
        super().__init__([sys.executable, "-m", "dicomrules", "serve", str(self.file)], folder / "log", cwd=folder)

    def start(self) -> None:
        before = self.output().count("ready: ")
        for _ in range(5):
            super().start()
            until(lambda: self.output().count("ready: ") > before or not self.running(), 60, "the gateway")
            if self.running():
                return
            if "already in use" not in self.output():
                break
            time.sleep(1)  # a connection of another program may have had the port for a moment
        raise AssertionError(self.output())

    def processes(self) -> list[int]:
        """The parent and its children."""
        assert self.process is not None
        return [self.process.pid, *children(self.process.pid)]


class PlainRouter(Running):
    """The router one writes first: pynetdicom and pydicom, 60 lines (bench/plain_router.py)."""

    def __init__(self, folder: Path, sink: int, *, stock: bool = False):
        folder.mkdir(parents=True)
        self.port = free_port()
        program = Path(__file__).with_name("plain_router.py")
        how = ["--stock"] if stock else []
        super().__init__([sys.executable, str(program), str(self.port), str(sink), *how], folder / "log")

    def start(self) -> None:
        super().start()
        until(lambda: listening(self.port), 60, "the plain router")


def orthanc(folder: Path, sink: int = 0) -> Orthanc:
    """Orthanc; with a sink, one that rewrites and forwards by a Lua script, as its book shows it."""
    modalities = {"ct": ("CT_A1", free_port()), **({"SINK": ("SINK", sink)} if sink else {})}
    return Orthanc(folder, "ORTHANC", modalities, lua=LUA if sink else "")


def send(
    files: Sequence[Path], port: int, aet: str, associations: int = 2, environment: dict[str, str] = BEST
) -> float:
    """All files with storescu, over so many associations at once; the seconds until the last response."""
    began = time.perf_counter()
    senders = [
        subprocess.Popen(
            [need("storescu"), "-aet", "CT_A1", "-aec", aet, "127.0.0.1", str(port), *map(str, part)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        for part in (files[number::associations] for number in range(associations))
        if part
    ]
    for sender in senders:
        output, _ = sender.communicate(timeout=1800)
        assert sender.returncode == 0, output.decode(errors="replace")[-2000:]
    return time.perf_counter() - began
