"""What a gateway costs that has nothing to do: its share of a core, and its memory with shared pages counted once.

    python bench/idle.py [--seconds 60]

Both for a gateway as `serve` starts it, and with /health and /metrics on. The bars: half a per cent of a core, 120 MB.
"""

import argparse
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.running import free_port

from bench.measure import WORK, keep, versions
from bench.programs import Gateway

OBSERVED = "observe: {{http: '127.0.0.1:{port}'}}\n"
_TICKS = os.sysconf("SC_CLK_TCK")
_SETTLES = 5.0  # seconds after the start


@dataclass(frozen=True, slots=True)
class Idle:
    """`core`: per cent of one core; `megabytes`: proportional set size (PSS) of all its processes together."""

    processes: int
    core: float
    megabytes: float


def idle(observe: str, seconds: float, folder: Path) -> Idle:
    """One gateway, left alone."""
    shutil.rmtree(folder, ignore_errors=True)
    gateway = Gateway(folder, observe=observe)
    gateway.start()
    try:
        pids = gateway.processes()
        time.sleep(_SETTLES)
        before, began = sum(map(spent, pids)), time.perf_counter()
        time.sleep(seconds)
        took = sum(map(spent, pids)) - before
        core = 100 * took / (time.perf_counter() - began)
        return Idle(len(pids), core, sum(map(proportional_megabytes, pids)))
    finally:
        gateway.kill()


def spent(pid: int) -> float:
    """Seconds that a process has run: of each of its threads, to the nanosecond where the kernel counts them so."""
    threads = Path(f"/proc/{pid}/task")
    try:
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads.iterdir()) / 1e9
    except FileNotFoundError:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / _TICKS


def proportional_megabytes(pid: int) -> float:
    """Its own pages, and of those that it shares its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel does not tell the proportional set size")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    taken = {
        name: idle(observe, given.seconds, WORK / "idle")
        for name, observe in (("as started", ""), ("with /health and /metrics", OBSERVED.format(port=free_port())))
    }
    print(f"{'':28} {'processes':>9} {'of a core':>10} {'memory':>10}")
    for name, one in taken.items():
        print(f"{name:28} {one.processes:9} {one.core:8.2f} % {one.megabytes:7.1f} MB")
    figures = {
        name: {"processes": one.processes, "core": one.core, "megabytes": one.megabytes} for name, one in taken.items()
    }
    print(f"kept in bench/results/{keep('idle', {'versions': versions(), 'idle': figures}).name}")


if __name__ == "__main__":
    main()
