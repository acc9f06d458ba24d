"""A gateway at work for hours: does it keep more and more memory, threads or descriptors, does it grow slower?

    python bench/soak.py [--minutes 120] [--senders 4] [--pause 0.05]

Senders store small images one after the other, with a pause after each; for a hundred images there is one hostile
connection: half a request, garbage, a message that is torn, nothing at all. Every few seconds each process is measured;
what comes after a warm-up of a quarter of the time is fitted by a line. Prints a table and keeps
bench/results/soak-DATE.json.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults.processes import intake_and_delivery, peer_at
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer, associate_rq, c_store_rq, p_data, pdv
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "tests/faults/site"
WARM_UP = 0.25  # of the time
EVERY = 5.0  # seconds between two measurements
IN_AN_ASSOCIATION = 20


@dataclass
class Sample:
    """All processes of a gateway together. `seconds` since the beginning.

    Memory in KB, files aside: how much of the interpreter's is theirs changes by megabytes with whoever else runs
    Python on the machine. `kilobytes`: pages that they share counted once. `held`: such pages counted in each, so that
    it does not grow where one of them writes into a page that was shared, as it does in the first hours now and then.
    """

    seconds: float
    kilobytes: int
    held: int
    threads: int
    descriptors: int


@dataclass
class Figures:
    """What came of a soak."""

    images: int = 0
    hostile: int = 0
    not_delivered: int = 0
    megabytes_an_hour: float = 0.0
    threads: tuple[int, int] = (0, 0)  # fewest and most after the warm-up
    descriptors: tuple[int, int] = (0, 0)
    p99: tuple[float, float] = (0.0, 0.0)  # seconds until an image is acknowledged, first and second half
    samples: list[Sample] = field(default_factory=list)


def measured(gateway: Gateway, seconds: float) -> Sample:
    """One look at every process of the gateway."""
    assert gateway.process is not None
    kilobytes = held = threads = descriptors = 0
    for pid in (gateway.process.pid, *intake_and_delivery(gateway)):
        folder = Path(f"/proc/{pid}")
        rollup = dict(line.split()[:2] for line in (folder / "smaps_rollup").read_text().splitlines()[1:])
        kilobytes += int(rollup["Pss_Anon:"])
        held += int(rollup["Anonymous:"])
        threads += len(list((folder / "task").iterdir()))
        descriptors += len(list((folder / "fd").iterdir()))
    return Sample(seconds, kilobytes, held, threads, descriptors)


def half_a_request(port: int) -> None:
    """And then nothing more."""
    with RawPeer(port) as peer:
        peer.send(associate_rq()[:40])
        time.sleep(0.1)


def garbage(port: int) -> None:
    """No DICOM at all."""
    with RawPeer(port) as peer:
        peer.send(b"GET / HTTP/1.1\r\n\r\n")
        peer.receive()


def torn(port: int) -> None:
    """A message of which the end never comes."""
    with peer_at(port, "CT_BAD") as peer:
        uid, data = image("PATBAD", 1, 2000)
        peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 0, data[:500])))
        peer.reset()


def silent(port: int) -> None:
    """A connection, and gone."""
    with RawPeer(port):
        pass


HOSTILE: tuple[Callable[[int], None], ...] = (half_a_request, garbage, torn, silent)


class Traffic:
    """Senders and peers that mean no good, until `stop`."""

    def __init__(self, port: int, senders: int, pause: float) -> None:
        self.took: list[tuple[float, float]] = []  # when, and how long the answer took
        self.sent: set[str] = set()
        self.hostile = 0
        self._port, self._pause = port, pause
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(part,), daemon=True) for part in range(senders)]
        for each in self._threads:
            each.start()

    def _send(self, part: int) -> None:
        chance, number = random.Random(part), 0
        while not self._stopping.is_set():
            if chance.random() < 0.01 * IN_AN_ASSOCIATION:
                with suppress(OSError, AssertionError):
                    chance.choice(HOSTILE)(self._port)
                self.hostile += 1
            with peer_at(self._port, f"CT_{part}") as peer:
                for _ in range(IN_AN_ASSOCIATION):
                    uid, data = image(f"PAT{part}-{number // 200}", number, 20_000)
                    began = time.perf_counter()
                    assert peer.store(uid, data) == 0
                    self.took.append((began, time.perf_counter() - began))
                    self.sent.add(uid)
                    number += 1
                    if self._stopping.wait(self._pause):
                        break

    def stop(self) -> None:
        """No more of it."""
        self._stopping.set()
        for each in self._threads:
            each.join(20)


def soak(folder: Path, minutes: float, senders: int, pause: float, every: float = EVERY) -> Figures:
    """The whole of it, with a gateway in `folder`."""
    port, figures = free_port(), Figures()
    with Sink() as sink, Gateway(folder / "gateway", SITE, port=port, sink=sink.port) as gateway:
        traffic, began = Traffic(port, senders, pause), time.monotonic()
        while (passed := time.monotonic() - began) < minutes * 60:
            figures.samples.append(measured(gateway, passed))
            _tell(figures.samples[-1], len(traffic.sent), minutes)
            time.sleep(every)
        traffic.stop()
        until(lambda: gateway.deliveries("sink")["sent"] >= len(traffic.sent), 120, "everything delivered")
        figures.not_delivered = len(traffic.sent - {one.sop_instance for one in sink.acknowledged()})
    later = [one for one in figures.samples if one.seconds >= WARM_UP * minutes * 60]
    hours = [one.seconds / 3600 for one in later]
    figures.megabytes_an_hour = statistics.linear_regression(hours, [one.held / 1024 for one in later]).slope
    figures.threads = (min(one.threads for one in later), max(one.threads for one in later))
    figures.descriptors = (min(one.descriptors for one in later), max(one.descriptors for one in later))
    took = sorted(traffic.took)
    halves = took[: len(took) // 2], took[len(took) // 2 :]
    first, second = (statistics.quantiles([seconds for _, seconds in half], n=100)[98] for half in halves)
    figures.p99 = (first, second)
    figures.images, figures.hostile = len(traffic.sent), traffic.hostile
    return figures


def _tell(seen: Sample, images: int, minutes: float) -> None:
    """How far it is: one line that is written over."""
    how_far = f"{seen.seconds / 60:.1f} of {minutes:g} minutes, {images} images, {seen.kilobytes / 1024:.1f} MB"
    print(f"\r  {how_far:60}", end="", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds after each image")
    arguments = parser.parse_args()
    folder = HERE / "scratch" / "soak"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = soak(folder, arguments.minutes, arguments.senders, arguments.pause)
    print("\r" + " " * 62 + "\r", end="")
    print(f"{found.images} images, {found.hostile} hostile connections, {found.not_delivered} not delivered")
    print(
        f"memory   {found.samples[-1].kilobytes / 1024:8.1f} MB at the end, {found.megabytes_an_hour:+.2f} MB an hour"
    )
    print(f"threads  {found.threads[0]:4} to {found.threads[1]}")
    print(f"descriptors {found.descriptors[0]:4} to {found.descriptors[1]}")
    print(
        f"p99 of an answer {found.p99[0] * 1000:.0f} ms in the first half, {found.p99[1] * 1000:.0f} ms in the second"
    )
    shutil.rmtree(folder, ignore_errors=True)
    kept = HERE / "results" / f"soak-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    kept.write_text(json.dumps(asdict(found), indent=1))
    print(f"kept in {kept.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
