"""The benchmark of the spine: ingest, and ingest + rewrite + forward, of CT slices, beside DCMTK storescp and Orthanc.

    python bench/spine.py [--slices 1000] [--rounds 3]

All run on this machine, one after the other, round by round, so that only the ratios inside one run mean anything.
Peers get their best case: the senders' TCP_NODELAY is set. The gateway answers after fdatasync and commit; storescp
and Orthanc do not sync. Prints a table and keeps bench/results/spine-DATE.json.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, until

from bench.objects import ct_slices
from bench.rules import LUA, RULES

HERE = Path(__file__).resolve().parent
WORK = HERE / "scratch"
SENDERS = 2
FAST = {**os.environ, "TCP_NODELAY": "1"}

GATEWAY = """gateway: {{name: bench, aet: GATEWAY, state: var}}
rules: [site.rules]
receivers:
  modalities:
    dicom: {{port: {port}, from: anyone, called_aet: any}}
destinations:
  pacs:
    dicom: {{aet: SINK, host: 127.0.0.1, port: {sink}, associations: 2}}
limits: {{free_space: 100MB}}
"""


class Storescp(Running):
    """DCMTK's storescp: writes what it gets bit-preserving, or throws it away."""

    def __init__(self, folder: Path, keep: bool):
        folder.mkdir(parents=True)
        self.port = free_port()
        where = ["-od", str(folder)] if keep else ["--ignore"]
        super().__init__(
            [need("storescp"), "-v", "+xa", "+B", "--fork", *where, "-aet", "SINK", str(self.port)],
            folder.parent / f"{folder.name}.log",
            env={"TCP_NODELAY": "1"},
        )

    def start(self) -> None:
        super().start()
        until(lambda: listening(self.port), 10, "storescp")

    def received(self) -> int:
        return self.output().count("Received Store Request")


class Gateway(Running):
    """The gateway of this project on the benchmark's rules."""

    def __init__(self, folder: Path, sink: int):
        folder.mkdir(parents=True)
        self.port = free_port()
        self.file = folder / "gateway.yaml"
        self.file.write_text(GATEWAY.format(port=self.port, sink=sink))
        self.file.chmod(0o600)
        (folder / "site.rules").write_text(RULES)
        super().__init__([sys.executable, "-m", "dicomrules", "serve", str(self.file)], folder / "log", cwd=folder)

    def start(self) -> None:
        super().start()
        until(lambda: "ready: " in self.output() or not self.running(), 20, "the gateway")
        assert self.running(), self.output()


def send(files: list[Path], port: int, aet: str) -> float:
    """All files over SENDERS associations at once, with storescu; the seconds until the last response."""
    began = time.perf_counter()
    senders = [
        subprocess.Popen(
            [need("storescu"), "-aet", "CT_A1", "-aec", aet, "127.0.0.1", str(port), *map(str, files[part::SENDERS])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=FAST,
        )
        for part in range(SENDERS)
    ]
    for sender in senders:
        output, _ = sender.communicate(timeout=1800)
        assert sender.returncode == 0, output.decode(errors="replace")[-2000:]
    return time.perf_counter() - began


def ingest_storescp(folder: Path, files: list[Path]) -> float:
    peer = Storescp(folder / "stored", keep=True)
    peer.start()
    try:
        return len(files) / send(files, peer.port, "SINK")
    finally:
        peer.kill()


def ingest_orthanc(folder: Path, files: list[Path]) -> float:
    peer = Orthanc(folder, "ORTHANC", {"ct": ("CT_A1", free_port())})
    peer.start()
    try:
        return len(files) / send(files, peer.port, "ORTHANC")
    finally:
        peer.kill()


def ingest_gateway(folder: Path, files: list[Path]) -> float:
    """Every slice acknowledged, and queued for a destination that is down."""
    gateway = Gateway(folder, sink=free_port())
    gateway.start()
    try:
        return len(files) / send(files, gateway.port, "GATEWAY")
    finally:
        gateway.kill()


def through_gateway(folder: Path, files: list[Path]) -> float:
    sink = Storescp(folder.parent / (folder.name + "-sink"), keep=False)
    sink.start()
    gateway = Gateway(folder, sink.port)
    gateway.start()
    return _through(sink, gateway, gateway.port, "GATEWAY", files)


def through_orthanc(folder: Path, files: list[Path]) -> float:
    sink = Storescp(folder.parent / (folder.name + "-sink"), keep=False)
    sink.start()
    peer = Orthanc(folder, "ORTHANC", {"ct": ("CT_A1", free_port()), "SINK": ("SINK", sink.port)}, lua=LUA)
    peer.start()
    return _through(sink, peer, peer.port, "ORTHANC", files)


def _through(sink: Storescp, router: Running, port: int, aet: str, files: list[Path]) -> float:
    """Slices a second from the first byte sent to the last slice at the sink."""
    try:
        began = time.perf_counter()
        send(files, port, aet)
        until(lambda: sink.received() >= len(files), 1800, "every slice at the sink")
        return len(files) / (time.perf_counter() - began)
    finally:
        router.kill()
        sink.kill()


Case = Callable[[Path, list[Path]], float]
CASES: dict[str, dict[str, Case]] = {
    "ingest, 2 associations": {
        "gateway (durable)": ingest_gateway,
        "storescp +B": ingest_storescp,
        "Orthanc": ingest_orthanc,
    },
    "ingest + rewrite + forward": {"gateway (durable)": through_gateway, "Orthanc with Lua": through_orthanc},
}


def run(files: list[Path], rounds: int, slow_slices: int) -> dict[str, dict[str, list[float]]]:
    """Rates by case and program, rounds interleaved. Orthanc with Lua gets fewer slices: it is slow."""
    rates: dict[str, dict[str, list[float]]] = {name: {who: [] for who in case} for name, case in CASES.items()}
    for round_ in range(rounds):
        for name, case in CASES.items():
            for who, measure in case.items():
                folder = WORK / "run" / f"{round_}-{len(name)}-{who.split()[0]}"
                part = files[:slow_slices] if who == "Orthanc with Lua" else files
                rate = measure(folder, part)
                rates[name][who].append(rate)
                print(f"  round {round_ + 1}  {name:28}  {who:20} {rate:8.0f} slices/s", flush=True)
                shutil.rmtree(WORK / "run", ignore_errors=True)
    return rates


def report(rates: dict[str, dict[str, list[float]]]) -> None:
    """Medians, spread, and the gateway's ratio to each peer."""
    print(f"\n{'case':28}  {'program':20} {'median':>8} {'min':>7} {'max':>7}  {'gateway is':>11}")
    for name, programs in rates.items():
        ours = statistics.median(programs["gateway (durable)"])
        for who, each in programs.items():
            middle = statistics.median(each)
            ratio = "" if who.startswith("gateway") else f"{ours / middle:9.2f} x"
            print(f"{name:28}  {who:20} {middle:8.0f} {min(each):7.0f} {max(each):7.0f}  {ratio:>11}")


def versions() -> dict[str, str]:
    """What was measured, so that a change can be compared."""
    first_line = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]  # noqa: E731
    return {
        "dicomrules": version("dicomrules"),
        "python": platform.python_version(),
        "dcmtk": first_line("storescp", "--version"),
        "orthanc": first_line("Orthanc", "--version"),
        "cores": str(os.cpu_count()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    shutil.rmtree(WORK / "run", ignore_errors=True)
    print("making the corpus", flush=True)
    files = ct_slices(WORK / "ct", arguments.slices)
    rates = run(files, arguments.rounds, slow_slices=max(50, arguments.slices // 5))
    report(rates)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    kept = results / f"spine-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    kept.write_text(json.dumps({"slices": len(files), "versions": versions(), "slices_per_second": rates}, indent=1))
    print(f"\nkept in {kept.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
