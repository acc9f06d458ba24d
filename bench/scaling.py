"""How cost grows: with associations, destinations, rules, object size, and with what waits in the queue.

    python bench/scaling.py [--quick] [--only WORD]

Each curve is a figure at several sizes, taken in one run. Prints them, keeps bench/results/scaling-DATE.json, and
`bench/plots.py` draws them. A curve that bends the wrong way is a bug: the cost of an instance must not grow with what
waits or with what was, and must grow less than the number of rules.
"""

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.running import until
from tests.unit.queue.material import NOW, entry

from bench import language, objects
from bench.bars import BEST, into_gateway
from bench.large import peak_of
from bench.measure import WORK, keep, versions
from bench.programs import Gateway, Storescp, send
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP


@dataclass(frozen=True, slots=True)
class Curve:
    """`points`: (size, figure). `by` is what the size counts, `unit` what the figure is in."""

    name: str
    by: str
    unit: str
    points: list[tuple[float, float]]


Point = Callable[[int, Path], float]


def curve(name: str, by: str, unit: str, sizes: list[int], point: Point) -> Curve:
    """Take one."""
    points = []
    for size in sizes:
        folder = WORK / "run" / f"{abs(hash((name, size))):x}"
        figure = point(size, folder)
        print(f"  {name:40} {size:>10,} {by:24} {figure:10.2f} {unit}", flush=True)
        points.append((float(size), figure))
    return Curve(name, by, unit, points)


def associations(files: list[Path]) -> Point:
    """Images a second in, over so many at once."""
    return lambda count, folder: into_gateway(files, count, BEST, folder)


def destinations(files: list[Path]) -> Point:
    """Deliveries a second to so many destinations that each get every image."""

    def point(count: int, folder: Path) -> float:
        sinks = [Storescp(folder.with_name(f"{folder.name}-sink{number}"), keep=False) for number in range(count)]
        for sink in sinks:
            sink.start()
        names = ["pacs", *(f"sink{number}" for number in range(1, count))]
        rules = f"language 1\nexpects destinations {', '.join(names)}\nroutes all first match {{\n"
        gateway = Gateway(
            folder,
            [sink.port for sink in sinks],
            rules=f"{rules}  always => {' and '.join(names)}\n}}\n",
            associations=1,
        )
        gateway.start()
        try:
            began = time.perf_counter()
            send(files, gateway.port, "GATEWAY")
            until(lambda: all(sink.received() >= len(files) for sink in sinks), 1800, "every image everywhere")
            return count * len(files) / (time.perf_counter() - began)
        finally:
            gateway.kill()
            for sink in sinks:
                sink.kill()

    return point


def rules(rounds: int) -> Point:
    """Microseconds of deciding by so many rules for other senders and kinds, and one that fires."""
    arrived = language.envelope(language.header())
    return lambda count, _: language.deciding(language.by_sender(count, 1), arrived, 1, rounds)


def sizes(seconds: float) -> Point:
    """Megabytes a second in, by the size of the object."""

    def point(size: int, folder: Path) -> float:
        count = max(1, min(400, int(seconds * 50_000_000 / max(size, 100_000))))
        files = objects.of_size(WORK / f"size-{size}", count, size)
        return into_gateway(files, 2, BEST, folder) * files[0].stat().st_size / 1e6

    return point


def waiting() -> Callable[[int, Path], float]:
    """Microseconds of claiming and recording one delivery while so many others wait, in one ledger that grows."""
    state = WORK / "run" / "queue"
    state.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(state)
    made = _entries()
    there = 0

    def point(count: int, _: Path) -> float:
        nonlocal there
        while there < count:
            ledger.record([next(made) for _ in range(min(GROUP, count - there))])
            there += min(GROUP, count - there)
            if ledger.log.length() > 64 << 20:
                ledger.log.checkpoint()
        took = []
        for _ in range(20):
            entries = [next(made) for _ in range(16)]
            began = time.perf_counter()
            ledger.record(entries)
            claimed = ledger.claim("pacs", 16, NOW)
            ledger.give_back(claimed, NOW)
            took.append((time.perf_counter() - began) / len(claimed) * 1e6)
        there += 320
        return statistics.median(took)

    return point


def _entries() -> Iterator[object]:
    number = 0
    while True:
        number += 1
        yield entry(f"2.25.{int(hashlib.sha256(str(number).encode()).hexdigest()[:24], 16)}", "pacs")


def curves(*, quick: bool) -> Iterator[Callable[[], Curve]]:
    """All of them, smaller when it must be quick."""
    files = objects.ct_slices(WORK / ("ct-200" if quick else "ct-600"), 200 if quick else 600)
    several = [1, 8, 64] if quick else [1, 2, 4, 8, 16, 32, 64]
    yield lambda: curve("ingest", "associations", "images/s", several, associations(files))
    yield lambda: curve(
        "fan-out", "destinations", "deliveries/s", [1, 4] if quick else [1, 2, 4, 8, 16], destinations(files[:200])
    )
    some = [1, 100, 1000] if quick else [1, 10, 30, 100, 300, 1000, 3000]
    yield lambda: curve("deciding", "rules", "µs", some, rules(1 if quick else 3))
    bytes_ = (
        [2 << 10, 512 << 10, 32 << 20]
        if quick
        else [2 << 10, 16 << 10, 128 << 10, 512 << 10, 4 << 20, 32 << 20, 512 << 20]
    )
    yield lambda: curve("ingest by size", "bytes", "MB/s", bytes_, sizes(1 if quick else 4))
    memory = [512 << 10, 64 << 20] if quick else [512 << 10, 64 << 20, 512 << 20, 4_000_000_000]
    yield lambda: curve("memory", "bytes", "MB", memory, peak_of)
    queue = [0, 10_000, 50_000] if quick else [0, 1_000, 10_000, 100_000, 1_000_000]
    yield lambda: curve("queue", "deliveries waiting", "µs", queue, waiting())


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD", help="curves whose number, from 1, this is")
    given = parser.parse_args()
    began = versions()
    found = [make() for number, make in enumerate(curves(quick=given.quick), 1) if given.only in ("", str(number))]
    kept = keep("scaling", {"quick": given.quick, "versions": began, "curves": [asdict(one) for one in found]})
    print(f"\nkept in bench/results/{kept.name}")


if __name__ == "__main__":
    main()
