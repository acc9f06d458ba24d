"""What hostile peers cost an honest one: the promises of the intake on a hospital network, measured.

    python bench/hostile.py [--seconds 60] [--connections 1000]

- Connections that are idle, slow, half said, oversized, or silent on the TLS port, all at once, while one honest
  sender stores without a pause: its rate against that of a sender at a second, quiet gateway at the same time, each
  against its own rate before; what they cost intake while nobody stores, and the most memory that intake took.
- Refused connections of each kind: the CPU time that one costs intake.
- A hundred associations a second with the largest legal request, from a known peer: how long a C-ECHO of another peer
  waits, beside the same without them.
- Two hundred honest associations at once, eight from each address: how many complete.

Prints a table and keeps bench/results/hostile-DATE.json.
"""

import argparse
import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults.processes import intake_and_delivery
from tests.faults.senders import image
from tests.peers.authority import Authority
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RELEASE_RQ, RawPeer, associate_rq, c_store_rq, largest_rq, p_data, pdv
from tests.peers.running import free_port

from bench.hostile_peers import SPREAD
from bench.measure import versions

HERE = Path(__file__).resolve().parent
WORK = HERE / "scratch" / "hostile"
FLOOD = 100  # associations a second
_LOOK = 10.0  # seconds of hostile connections alone

GATEWAY = """gateway: {name: bench, aet: GATEWAY, state: var}
rules: [site.rules]
peers:
  HONEST: {host: 127.0.0.0/8}
  KNOWN: {host: 127.0.0.0/8}
receivers:
  modalities:
    dicom: {port: $port}
  secure:
    dicom: {port: $secure, tls: {certificate: $certificate, key: $key, client_ca: $ca}}
destinations:
  archive:
    folder: {path: out}
limits: {free_space: 100MB}
"""
RULES = """language 1
expects destinations archive
routes everything first match {
  when Modality == "US" => archive
  always => nowhere "the bench measures intake"
}
"""


class Site:
    """A running gateway with a plain and a TLS port, and the process id of its intake."""

    def __init__(self, name: str) -> None:
        work = WORK / name
        shutil.rmtree(work, ignore_errors=True)
        (work / "scenario").mkdir(parents=True)
        authority = Authority(work / "authority")
        self.authority = authority.pem
        certificate, key = authority.sign("gateway", "IP:127.0.0.1,DNS:localhost")
        (work / "scenario" / "gateway.yaml").write_text(GATEWAY)
        (work / "scenario" / "site.rules").write_text(RULES)
        self.port, self.secure = free_port(), free_port()
        self.gateway = Gateway(
            work / "site",
            work / "scenario",
            port=self.port,
            secure=self.secure,
            certificate=certificate,
            key=key,
            ca=authority.pem,
        )
        self.gateway.start()
        self.intake, _ = intake_and_delivery(self.gateway)

    def cpu(self) -> float:
        """Seconds of CPU that intake has used."""
        spent = 0
        for each in Path(f"/proc/{self.intake}/task").iterdir():
            with suppress(FileNotFoundError):
                spent += int((each / "schedstat").read_text().split()[0])
        return spent / 1e9

    def peak(self) -> float:
        """The most megabytes that intake has had in memory."""
        lines = Path(f"/proc/{self.intake}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def peers(*words: object) -> subprocess.Popen[str]:
    """Peers as a process."""
    command = [sys.executable, str(HERE / "hostile_peers.py"), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def stored(sites: tuple["Site", "Site"], seconds: float) -> list[float]:
    """An honest sender at each of two gateways at the same time: objects a second."""
    senders = [peers("store", site.port, seconds) for site in sites]
    return [float(sender.communicate()[0]) for sender in senders]


def held(site: Site, connections: int, seconds: float) -> dict[str, float]:
    """Two gateways with an honest sender each, one with hostile connections: what else the machine does hits both."""
    quiet = Site("quiet")
    try:
        before = stored((site, quiet), seconds / 3)
        crowd = peers("hold", site.port, site.secure, connections, seconds + _LOOK + 5)
        time.sleep(SPREAD + 1)
        spent, began = site.cpu(), time.monotonic()
        time.sleep(_LOOK)
        share = (site.cpu() - spent) / (time.monotonic() - began)
        beside = stored((site, quiet), seconds)
        fewest, most, made = map(int, crowd.communicate()[0].split())
    finally:
        quiet.gateway.stop()
    return {
        "both quiet, objects a second": before[0],
        "the other one": before[1],
        "with the crowd": beside[0],
        "the other one, quiet": beside[1],
        "kept": beside[0] / beside[1] / (before[0] / before[1]),
        "share of a core they cost by themselves": share,
        "fewest open": fewest,
        "most open": most,
        "connections made": made,
        "peak MB": site.peak(),
    }


def _said(site: Site, words: bytes, source: str) -> None:
    with RawPeer(site.port, source=source) as peer, suppress(OSError):
        peer.send(words)
        if words:
            peer.receive()


def _crowded(site: Site, source: str) -> None:
    with suppress(OSError), RawPeer(site.port, source="127.0.0.9") as peer:
        peer.closed_within(5)


def _plain_on_tls(site: Site, source: str) -> None:
    with RawPeer(site.secure, source=source) as peer, suppress(OSError):
        peer.send(associate_rq())
        peer.closed_within(5)


def _no_certificate(site: Site, source: str) -> None:
    context = ssl.create_default_context(cafile=str(site.authority))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.secure), 5, (source, 0)) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()


REFUSED: dict[str, Callable[[Site, str], None]] = {
    "unknown AE title": lambda site, source: _said(site, associate_rq(calling="NOBODY", called="GATEWAY"), source),
    "unknown AE title, largest request": lambda site, source: _said(site, largest_rq(calling="NOBODY"), source),
    "a web browser": lambda site, source: _said(site, b"GET / HTTP/1.1\r\n\r\n", source),
    "connects and closes": lambda site, source: _said(site, b"", source),
    "too many from its address": _crowded,
    "plain DICOM on the TLS port": _plain_on_tls,
    "TLS without a certificate": _no_certificate,
}


def refused(site: Site, times: int) -> dict[str, float]:
    """Milliseconds of CPU that one refused connection of each kind costs intake."""
    costs = {}
    for name, act in REFUSED.items():
        crowding = [RawPeer(site.port, source="127.0.0.9") for _ in range(32)] if act is _crowded else []
        time.sleep(0.5)
        before = site.cpu()
        for number in range(times):
            act(site, f"127.88.{number // 250}.{number % 250 + 1}")
        time.sleep(0.5)
        costs[name] = (site.cpu() - before) / times * 1000
        for peer in crowding:
            peer.socket.close()
    return costs


def echoes(site: Site, seconds: float) -> list[float]:
    """Milliseconds of a C-ECHO every 20 ms over an open association."""
    took = []
    with RawPeer(site.port) as peer:
        peer.associate(calling="HONEST", called="GATEWAY")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            assert peer.echo() == 0
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)
    return took


def largest(site: Site, rounds: int, seconds: float) -> dict[str, float]:
    """C-ECHO alone and beside the flood of largest requests, round by round."""
    alone, beside, accepted = [], [], 0
    for _ in range(rounds):
        alone += echoes(site, seconds)
        crowd = peers("flood", site.port, FLOOD, seconds + 2)
        time.sleep(1)
        beside += echoes(site, seconds)
        accepted += int(crowd.communicate()[0])
    percentile = lambda values: statistics.quantiles(values, n=100)[98]  # noqa: E731
    return {
        "associations a second": accepted / rounds / (seconds + 2),
        "alone p99 ms": percentile(alone),
        "alone max ms": max(alone),
        "beside p99 ms": percentile(beside),
        "beside max ms": max(beside),
        "delay of the worst ms": max(beside) - statistics.median(alone),
    }


def together(site: Site, associations: int = 200) -> dict[str, float]:
    """Honest associations open at once, eight from each address; all store and release."""
    began = time.perf_counter()
    peers = [RawPeer(site.port, 60, source=f"127.99.0.{number // 8 + 1}") for number in range(associations)]
    for peer in peers:
        peer.send(associate_rq(calling="HONEST", called="GATEWAY"))
    opened = [peer for peer in peers if (peer.receive() or (0,))[0] == 0x02]
    stored = 0
    for number, peer in enumerate(opened):
        uid, data = image(f"TOGETHER{number}", number, 20_000)
        peer.send(p_data(pdv(1, 3, c_store_rq(uid))), p_data(pdv(1, 2, data)))
    for peer in opened:
        stored += peer.status() == 0
        peer.send(RELEASE_RQ)
    released = sum(peer.receive() == (6, bytes(4)) for peer in opened)
    for peer in peers:
        peer.socket.close()
    took = time.perf_counter() - began
    return {"accepted": len(opened), "stored": stored, "released": released, "seconds": took}


def report(results: dict[str, dict[str, float]]) -> None:
    """The table, with the promise beside each figure that has one."""
    promises = {
        "kept": "0.90 and more",
        "share of a core they cost by themselves": "under 0.10",
        "peak MB": "under 400",
        "delay of the worst ms": "under 200",
        "stored": "all 200",
    }
    for name, figures in results.items():
        print(f"\n{name}")
        for what, value in figures.items():
            promise = promises.get(what, "under 2" if name.startswith("refused") else "")
            print(f"  {what:40} {value:10.2f}  {promise}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=1000)
    arguments = parser.parse_args()
    site = Site("crowded")
    try:
        crowd = f"{arguments.connections} hostile connections held for {arguments.seconds:.0f} s"
        results = {crowd: held(site, arguments.connections, arguments.seconds)}
        results["refused connections, ms of CPU each"] = refused(site, 500)
        results[f"{FLOOD} largest requests a second from a known peer"] = largest(site, 3, 6)
        results["honest associations at once"] = together(site)
    finally:
        site.gateway.stop()
    report(results)
    kept = HERE / "results" / f"hostile-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    kept.parent.mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    kept.write_text(json.dumps({"versions": versions(), "load before": load, "results": results}, indent=1))
    print(f"\nkept in {kept.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
