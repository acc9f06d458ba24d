"""What every benchmark shares: measures that are taken in turn, a table of ratios, and JSON that is kept.

A figure alone means nothing: machines differ, and so do hours of one machine. So each measure of ours stands beside
those of peers that were taken in the same run, round by round in turn, and what counts is the ratio of the medians.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / "scratch"
RESULTS = HERE / "results"

# Measures once, in a folder of its own; the figure in the unit of its row.
Measure = Callable[[Path], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One question: ours, and each peer with the ratio that is asked for (`bar`) and hoped for (`aim`).

    `beside` are shown and asked nothing. `less_is_better` for times. With a `bar` of its own, the figure is judged.
    """

    name: str
    unit: str
    ours: Measure
    peers: dict[str, tuple[Measure, float, float]] = field(default_factory=dict)
    beside: dict[str, Measure] = field(default_factory=dict)
    less_is_better: bool = False
    bar: float = 0.0
    aim: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """The figures of one row: ours, and by peer."""

    name: str
    unit: str
    less_is_better: bool
    ours: list[float]
    peers: dict[str, list[float]]
    asked: dict[str, tuple[float, float]]  # bar and aim; the key is empty where the figure itself is judged

    def ratio(self, peer: str) -> float:
        """How many times better ours is, by medians."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.peers[peer])
        return theirs / ours if self.less_is_better else ours / theirs


def take(rows: Sequence[Row], rounds: int) -> list[Taken]:
    """All measures, round by round, ours and the peers' in turn."""
    taken = [
        Taken(
            row.name,
            row.unit,
            row.less_is_better,
            [],
            {name: [] for name in (*row.peers, *row.beside)},
            {name: (bar, aim) for name, (_, bar, aim) in row.peers.items()}
            | ({"": (row.bar, row.aim)} if row.bar else {}),
        )
        for row in rows
    ]
    for number in range(rounds):
        for row, into in zip(rows, taken, strict=True):
            into.ours.append(_once(row.ours, f"{row.name}: ours", row.unit, number))
            for name, (measure, _, _) in row.peers.items():
                into.peers[name].append(_once(measure, f"{row.name}: {name}", row.unit, number))
            for name, measure in row.beside.items():
                into.peers[name].append(_once(measure, f"{row.name}: {name}", row.unit, number))
    return taken


def _once(measure: Measure, what: str, unit: str, number: int) -> float:
    folder = WORK / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    figure = measure(folder / "one")
    print(f"  {number + 1}  {what:66} {figure:10.2f} {unit}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return figure


def table(taken: Sequence[Taken]) -> str:
    """What a person reads: medians with spread, and ratios with what was asked."""
    lines = [f"{'':44} {'median':>9} {'min':>9} {'max':>9}  {'ours is':>9}  {'bar':>5} {'aim':>5}"]
    for row in taken:
        lines.append(f"{row.name} ({row.unit})")
        own = row.asked.get("")
        judged = f"{'':>9}  {own[0]:5g} {own[1]:5g}{_mark(statistics.median(row.ours) <= own[0])}" if own else ""
        lines.append(f"  {'dicomrules':42} {_figures(row.ours)}  {judged}".rstrip())
        for name, figures in row.peers.items():
            ratio, asked = row.ratio(name), row.asked.get(name)
            said = f"{asked[0]:5g} {asked[1]:5g}{_mark(ratio >= asked[0])}" if asked else ""
            lines.append(f"  {name:42} {_figures(figures)}  {ratio:7.2f} x  {said}".rstrip())
    return "\n".join(lines)


def _figures(figures: Sequence[float]) -> str:
    return " ".join(f"{figure:9.2f}" for figure in (statistics.median(figures), min(figures), max(figures)))


def _mark(reached: bool) -> str:
    return "" if reached else "  missed"


def versions() -> dict[str, str]:
    """What was measured, and on what."""
    return {
        "dicomrules": version("dicomrules"),
        "commit": _first_line("git", "-C", str(HERE), "rev-parse", "--short", "HEAD"),
        "python": platform.python_version(),
        "pynetdicom": version("pynetdicom"),
        "pydicom": version("pydicom"),
        "dcmtk": _first_line("storescp", "--version"),
        "orthanc": _first_line("Orthanc", "--version"),
        "cores": str(os.cpu_count()),
        "load at start": f"{os.getloadavg()[0]:.2f}",
    }


def _first_line(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]
    except FileNotFoundError:
        return "not installed"


def keep(kind: str, said: dict[str, object]) -> Path:
    """Write one run down; the file."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    kept = RESULTS / f"{kind}-{now:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(json.dumps({"at": now.isoformat(timespec="seconds"), **said}, indent=1, ensure_ascii=False) + "\n")
    return kept


def plain(taken: Sequence[Taken]) -> list[dict[str, object]]:
    """Rows as JSON."""
    return [asdict(row) | {"ratios": {peer: row.ratio(peer) for peer in row.peers}} for row in taken]
