"""Large objects through the gateway: the most memory each process takes, and how long a C-ECHO waits meanwhile.

    python bench/large.py

A multi-frame image of 2 GB, an RT Structure Set of 100 MB, an enhanced object of a million elements, each received,
rewritten and forwarded, while another association sends a C-ECHO every 20 ms.
"""

import shutil
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults import large
from tests.faults.test_kill import children
from tests.faults.test_large_objects import EXPLICIT, MULTIFRAME, OBJECTS, SITE, peak_megabytes, windows
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

from dicomrules.net.association import Association, Target
from dicomrules.wire.associate import ProposedContext

WORK = Path(__file__).resolve().parent / "scratch" / "large"
VERIFICATION, IMPLICIT = "1.2.840.10008.1.1", "1.2.840.10008.1.2"


@contextmanager
def echoing(port: int) -> Iterator[list[float]]:
    """C-ECHO every 20 ms over an association of its own; the milliseconds each took."""
    took: list[float] = []
    done = threading.Event()

    def echo() -> None:
        target = Target("127.0.0.1", port, "DICOMRULES", "ECHO")
        with Association(target, [ProposedContext(1, VERIFICATION, (IMPLICIT,))]) as association:
            while not done.wait(0.02):
                began = time.perf_counter()
                association.echo(association.contexts[0])
                took.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=echo)
    thread.start()
    yield took
    done.set()
    thread.join()


def peak_of(pixels: int, folder: Path) -> float:
    """Megabytes that the worst process of a gateway has had resident when an object of this size has gone through."""
    port = free_port()
    with Sink() as sink, Gateway(folder, SITE, port=port, sink=sink.port) as gateway:
        target = Target("127.0.0.1", port, "DICOMRULES", "CT_A1", response=600.0)
        with Association(target, [ProposedContext(1, MULTIFRAME, (EXPLICIT,))]) as association:
            made = windows(large.multiframe(MULTIFRAME, "2.25.333", pixels))
            association.store(association.contexts[0], MULTIFRAME, "2.25.333", made)
        until(sink.acknowledged, 600, "the object at the destination")
        assert gateway.process is not None
        return float(max(peak_megabytes(pid) for pid in (gateway.process.pid, *children(gateway.process.pid))))


def measure(name: str) -> None:
    """One object, and a line about it."""
    sop_class, make = OBJECTS[name]
    shutil.rmtree(WORK, ignore_errors=True)
    port = free_port()
    with Sink() as sink, Gateway(WORK, SITE, port=port, sink=sink.port) as gateway, echoing(port) as echoes:
        target = Target("127.0.0.1", port, "DICOMRULES", "CT_A1", response=120.0)
        began = time.perf_counter()
        with Association(target, [ProposedContext(1, sop_class, (EXPLICIT,))]) as association:
            exchange = association.store(association.contexts[0], sop_class, "2.25.333", windows(make("2.25.333")))
        received = time.perf_counter() - began
        assert exchange.response is not None
        assert exchange.response["Status"] == 0
        until(lambda: sink.acknowledged(), 120, "the object at the destination")
        through = time.perf_counter() - began
        assert gateway.process is not None
        peaks = [peak_megabytes(pid) for pid in (gateway.process.pid, *children(gateway.process.pid))]
    ninety_ninth = statistics.quantiles(echoes, n=100)[98]
    print(
        f"{name:42} received {received:5.1f} s, through {through:5.1f} s;  parent, intake, delivery "
        f"{'/'.join(map(str, peaks))} MB;  C-ECHO p50 {statistics.median(echoes):.1f}, p99 {ninety_ninth:.1f}, "
        f"max {max(echoes):.1f} ms"
    )
    shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    for each in OBJECTS:
        measure(each)
