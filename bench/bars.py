"""The bars: what dicomrules must reach beside its peers, measured in one run.

    python bench/bars.py [--quick] [--rounds N] [--only WORD]

Prints a table of medians, spread and ratios, and keeps bench/results/bars-DATE.json. `--quick` takes one round of few
images, for a first look: under four minutes. On a machine that does something else meanwhile, only ratios mean
anything, and of those only large differences.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pydicom
from tests.peers.running import Running, free_port, need, until
from tests.peers.sink import Sink

from bench import language, objects
from bench.large import peak_of
from bench.measure import WORK, Row, keep, plain, table, take, versions
from bench.programs import BEST, STOCK, Gateway, PlainRouter, Storescp, orthanc, send
from dicomrules.net.association import Association, Target
from dicomrules.wire.associate import ProposedContext

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
EDITS = """language 1
rule edits {
  set StationName = "CT-NORTH-1"
  set InstitutionName = "NORTH HOSPITAL"
  set PatientComments = "rewritten"
}
"""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files of one run: (a) CT slices, (b) tiny objects; `slow` of them for programs that take long, `many` slices
    for those whose start would else be most of what is measured.
    """

    slices: list[Path]
    tiny: list[Path]
    many: list[Path]
    slow: int

    def few(self, files: list[Path]) -> list[Path]:
        """As many as a slow program gets."""
        return files[: self.slow]


def watch(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Wait for something whose moment is measured."""
    deadline = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < deadline, "what was waited for did not come"
        time.sleep(0.0003)


# ── ingest ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def into_gateway(files: list[Path], associations: int, environment: dict[str, str], folder: Path) -> float:
    """Images a second, every one acknowledged durable and queued for a destination that is down."""
    gateway = Gateway(folder)
    gateway.start()
    try:
        return len(files) / send(files, gateway.port, "GATEWAY", associations, environment)
    finally:
        gateway.kill()


def into_two_gateways(files: list[Path], associations: int, folder: Path) -> float:
    """Images a second of two whole gateways side by side, which share nothing: no second process could take more."""
    gateways = [Gateway(folder / name) for name in ("left", "right")]
    try:
        for gateway in gateways:
            gateway.start()
        began = time.perf_counter()
        with ThreadPoolExecutor(len(gateways)) as threads:
            for sent in [
                threads.submit(send, files[number::2], gateway.port, "GATEWAY", associations // 2)
                for number, gateway in enumerate(gateways)
            ]:
                sent.result()
        return len(files) / (time.perf_counter() - began)
    finally:
        for gateway in gateways:
            if gateway.running():
                gateway.kill()


def into_storescp(files: list[Path], associations: int, environment: dict[str, str], folder: Path) -> float:
    peer = Storescp(folder, keep=True, environment=environment)
    peer.start()
    try:
        return len(files) / send(files, peer.port, "SINK", associations, environment)
    finally:
        peer.kill()


def into_orthanc(files: list[Path], associations: int, folder: Path) -> float:
    peer = orthanc(folder)
    peer.start()
    try:
        return len(files) / send(files, peer.port, "ORTHANC", associations)
    finally:
        peer.kill()


# ── through ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def through(files: list[Path], router: Callable[[Path, int], Running], aet: str, folder: Path) -> float:
    """Images a second from the first byte sent to the last image at a storescp."""
    sink = Storescp(folder.with_name("sink"), keep=False)
    sink.start()
    made = router(folder, sink.port)
    made.start()
    try:
        began = time.perf_counter()
        send(files, made.port, aet)  # type: ignore[attr-defined]
        until(lambda: sink.received() >= len(files), 1800, "every image at the sink")
        return len(files) / (time.perf_counter() - began)
    finally:
        made.kill()
        sink.kill()


def gateway_to(folder: Path, sink: int) -> Running:
    return Gateway(folder, (sink,))


def latency(files: list[Path], router: Callable[[Path, int], Running], aet: str, folder: Path) -> float:
    """Milliseconds, at the median, from the first byte of an image to its last one at the sink, at 15 images/s."""
    with Sink() as sink:
        made = router(folder, sink.port)
        made.start()
        try:
            target = Target("127.0.0.1", made.port, aet, "CT_A1")  # type: ignore[attr-defined]
            with Association(target, [ProposedContext(1, CT, (EXPLICIT,))]) as association:
                return statistics.median(_one(association, sink, file) for file in files[:60])
        finally:
            made.kill()


def _one(association: Association, sink: Sink, file: Path) -> float:
    one = pydicom.dcmread(file, stop_before_pixels=True)
    raw = file.read_bytes()
    data = memoryview(raw)[raw.index(b"DICM") + 4 :]
    length = int.from_bytes(data[8:12], "little")
    before, began = len(sink.stored), time.perf_counter()
    association.store(association.contexts[0], CT, str(one.SOPInstanceUID), [(data[12 + length :], True)])
    watch(lambda: len(sink.stored) > before)
    took = (time.perf_counter() - began) * 1000
    time.sleep(max(0.0, 1 / 15 - took / 1000))
    return took


# ── send ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def out_of_gateway(files: list[Path], environment: dict[str, str], folder: Path) -> float:
    """Images a second that leave over one association, digests checked, from a queue that was filled before."""
    port = free_port()
    gateway = Gateway(folder, (port,), associations=1)
    gateway.start()
    sink = Storescp(folder.with_name("sink"), keep=False, environment=environment, port=port)
    try:
        send(files, gateway.port, "GATEWAY")
        sink.start()
        watch(lambda: sink.received() > 0)
        first, began = sink.received(), time.perf_counter()
        watch(lambda: sink.received() >= len(files))
        return (len(files) - first) / (time.perf_counter() - began)
    finally:
        gateway.kill()
        sink.kill()


def out_of_storescu(files: list[Path], folder: Path) -> float:
    sink = Storescp(folder, keep=False)
    sink.start()
    try:
        return len(files) / send(files, sink.port, "SINK", 1)
    finally:
        sink.kill()


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def apply(files: list[Path], folder: Path) -> float:
    """Files a second, three attributes set, one worker; every file synced, the start of the program included."""
    folder.mkdir()
    (folder / "edits.rules").write_text(EDITS)
    words = [sys.executable, "-m", "dicomrules", "apply", str(files[0].parent), "-o", str(folder / "out")]
    return _files_a_second(files, [*words, "--rules", str(folder / "edits.rules"), "--workers", "1"])


def dcmodify(files: list[Path], folder: Path) -> float:
    """The same by dcmodify, one process for all files; it changes in place, so the files are copied first."""
    began = time.perf_counter()
    shutil.copytree(files[0].parent, folder)
    copies = [str(folder / file.name) for file in files]
    words = [need("dcmodify"), "-nb", "-i", "StationName=CT-NORTH-1", "-i", "InstitutionName=NORTH HOSPITAL"]
    subprocess.run([*words, "-i", "PatientComments=rewritten", *copies], check=True, capture_output=True)
    return len(files) / (time.perf_counter() - began)


def by_pydicom(files: list[Path], folder: Path) -> float:
    """The same by pydicom, in this process."""
    folder.mkdir()
    began = time.perf_counter()
    for file in files:
        one = pydicom.dcmread(file)
        one.StationName, one.InstitutionName, one.PatientComments = "CT-NORTH-1", "NORTH HOSPITAL", "rewritten"
        one.save_as(folder / file.name)
    return len(files) / (time.perf_counter() - began)


def _files_a_second(files: list[Path], words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return len(files) / (time.perf_counter() - began)


# ── one figure ───────────────────────────────────────────────────────────────────────────────────────────────────────


def deciding(rounds: int, _: Path) -> float:
    """Microseconds of deciding a CT header by 100 rules, two of which fire."""
    return language.deciding(language.touching(2), language.envelope(language.header()), 2, rounds)


def rows(corpus: Corpus, rounds: int) -> list[Row]:
    """Every bar. What is asked of each: docs/performance.md."""
    slices, tiny, slow = corpus.slices, corpus.tiny, corpus.few
    plain = lambda folder, sink: PlainRouter(folder, sink)  # noqa: E731
    stock = lambda folder, sink: PlainRouter(folder, sink, stock=True)  # noqa: E731

    def ours_in(files: list[Path], associations: int, environment: dict[str, str] = BEST) -> Callable[[Path], float]:
        return partial(into_gateway, files, associations, environment)

    def ours_through(files: list[Path]) -> Callable[[Path], float]:
        return partial(through, files, gateway_to, "GATEWAY")

    return [
        Row(
            "ingest, CT, 2 associations",
            "images/s",
            ours_in(slices, 2),
            {
                "storescp +B (not durable)": (partial(into_storescp, slices, 2, BEST), 0.35, 0.45),
                "Orthanc (not durable)": (partial(into_orthanc, slow(slices), 2), 2.5, 4),
            },
            {"two gateways, 1 association each": partial(into_two_gateways, slices, 2)},
        ),
        Row(
            "ingest, CT, 8 associations",
            "images/s",
            ours_in(slices, 8),
            {"storescp +B (not durable)": (partial(into_storescp, slices, 8, BEST), 0.5, 0.65)},
            {"two gateways, 4 associations each": partial(into_two_gateways, slices, 8)},
        ),
        Row(
            "ingest, CT, 1 association, stock storescu",
            "images/s",
            ours_in(slices, 1, STOCK),
            {"the same with TCP_NODELAY": (ours_in(slices, 1), 0.7, 0.95)},
            {"storescp +B, stock storescu": partial(into_storescp, slow(slices), 1, STOCK)},
        ),
        Row(
            "through, CT, 20 rules",
            "images/s",
            ours_through(slices),
            {
                "Orthanc with Lua": (partial(through, slow(slices), orthanc, "ORTHANC"), 12, 20),
                "pynetdicom + pydicom": (partial(through, slow(slices), plain, "GATEWAY"), 7, 13),
            },
        ),
        Row(
            "through, tiny objects, 20 rules",
            "images/s",
            ours_through(tiny),
            {"pynetdicom + pydicom": (partial(through, slow(tiny), plain, "GATEWAY"), 7, 12)},
            {
                "pynetdicom + pydicom, stock": partial(through, slow(tiny), stock, "GATEWAY"),
                "Orthanc with Lua": partial(through, slow(tiny), orthanc, "ORTHANC"),
            },
        ),
        Row(
            "send, CT, 1 association, digests checked",
            "images/s",
            partial(out_of_gateway, slices, BEST),
            {"storescu": (partial(out_of_storescu, slices), 1.0, 1.5)},
        ),
        Row(
            "send, CT, 1 association, stock storescp",
            "images/s",
            partial(out_of_gateway, slices, STOCK),
            {"the same with TCP_NODELAY": (partial(out_of_gateway, slices, BEST), 0.7, 0.95)},
        ),
        Row(
            "latency through, p50 at 15 images/s",
            "ms",
            partial(latency, slices, gateway_to, "GATEWAY"),
            {},
            {
                "pynetdicom + pydicom": partial(latency, slices, plain, "GATEWAY"),
                "Orthanc with Lua": partial(latency, slices, orthanc, "ORTHANC"),
            },
            less_is_better=True,
            bar=6,
            aim=3,
        ),
        Row(
            "apply, CT, 3 attributes, 1 worker",
            "files/s",
            partial(apply, corpus.many),
            {
                "dcmodify, copy included": (partial(dcmodify, corpus.many), 1.0, 1.5),
                "pydicom": (partial(by_pydicom, corpus.many), 3.5, 5),
            },
        ),
        Row(
            "decide, 100 rules, 2 fire",
            "µs",
            partial(deciding, rounds),
            less_is_better=True,
            bar=300,
            aim=100,
        ),
        Row(
            "memory, one object of 100 MB, worst process",
            "MB",
            partial(peak_of, 100 << 20),
            {"one of 0.5 MB": (partial(peak_of, 512 << 10), 1 / 1.3, 1 / 1.1)},
            less_is_better=True,
        ),
    ]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name holds this")
    given = parser.parse_args()
    count, rounds = (200, given.rounds or 1) if given.quick else (600, given.rounds or 3)
    print("making the corpora", flush=True)
    many = 600 if given.quick else 2000
    corpus = Corpus(
        objects.ct_slices(WORK / f"ct-{count}", count),
        objects.tiny(WORK / f"tiny-{count}", count),
        objects.ct_slices(WORK / f"ct-{many}", many),
        max(30, count // 5),
    )
    began = versions()
    taken = take([row for row in rows(corpus, rounds) if given.only in row.name], rounds)
    print("\n" + table(taken))
    said: dict[str, object] = {"quick": given.quick, "images": count, "versions": began, "rows": plain(taken)}
    print("\n" + ", ".join(f"{name} {which}" for name, which in began.items()))
    print(f"kept in bench/results/{keep('bars', said).name}")


if __name__ == "__main__":
    main()
