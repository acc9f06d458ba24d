"""Draws what the benchmarks have kept: ratios over versions, and the newest curves, as SVG in bench/results/.

python bench/plots.py
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

from bench.measure import RESULTS


def kept(kind: str) -> list[dict[str, Any]]:
    """All runs of one kind, oldest first; quick ones only when there are no others."""
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{kind}-*.json"))]
    return [one for one in found if not one["quick"]] or found


def over_versions(runs: list[dict[str, Any]]) -> Path:
    """Ratio to each peer, one line a bar, over the runs that were kept."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for number, run in enumerate(runs):
        for row in run["rows"]:
            for peer, ratio in row["ratios"].items():
                if peer in row["asked"]:
                    bar = row["asked"][peer][0]
                    lines.setdefault(f"{row['name']} / {peer}", []).append((number, ratio / bar))
    figure, axes = plt.subplots(figsize=(11, 6))
    axes.set_prop_cycle(color=mpl.colormaps["tab20"].colors)
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.axhline(1.0, color="black", linewidth=1)
    axes.set_yscale("log")
    axes.set_ylabel("ratio to the peer, over the bar (1: reached)")
    axes.set_xticks(range(len(runs)), [f"{run['versions']['commit']}\n{run['at'][:10]}" for run in runs])
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    return _saved(figure, "bars.svg")


def scaling(run: dict[str, Any]) -> Path:
    """The curves of one run."""
    figure, axes = plt.subplots(2, 3, figsize=(13, 8), layout="constrained")
    for place, one in zip(axes.flat, run["curves"], strict=False):
        sizes, figures = zip(*one["points"], strict=True)
        place.plot([max(size, 1) for size in sizes], figures, marker="o")
        place.set(xscale="log", title=one["name"], xlabel=one["by"], ylabel=one["unit"])
        place.set_ylim(bottom=0)
        place.grid(alpha=0.3)
    return _saved(figure, "scaling.svg")


def _saved(figure: Any, name: str) -> Path:
    path = RESULTS / name
    figure.savefig(path, bbox_inches="tight")
    print(f"drawn: bench/results/{name}")
    return path


def main() -> None:
    """Draw what there is."""
    if runs := kept("bars"):
        over_versions(runs)
    if runs := kept("scaling"):
        scaling(runs[-1])


if __name__ == "__main__":
    main()
