"""The benchmark of the queue: a live destination beside a dead one, a restart with a million waiting, and memory.

    python bench/waiting.py [--waiting 100000] [--restart 1000000] [--images 2000] [--rounds 3]

The gateway runs as `serve`, with real sockets. What waits for the dead destination is put into the ledger by SQL, all
of it with the same bytes in the spool, in studies of 250. Rates are ratios inside one run: beside the dead one, and
alone. Prints a table and keeps bench/results/waiting-DATE.json.
"""

import argparse
import json
import shutil
import statistics
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import apsw
from tests.faults.processes import peer_at
from tests.faults.senders import image
from tests.faults.test_kill import children
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

HERE = Path(__file__).resolve().parent
WORK = HERE / "scratch" / "queue"
SENDERS = 2
IN_A_STUDY = 250

GATEWAY = """gateway: {name: bench, aet: DICOMRULES, state: var}
rules: [site.rules]
receivers:
  modalities:
    dicom: {port: $port, from: anyone}
destinations:
  live:
    dicom: {aet: LIVE, host: 127.0.0.1, port: $live, associations: 2}
  dead:
    dicom: {aet: DEAD, host: 127.0.0.1, port: $dead}
limits: {free_space: 100MB}
"""
RULES = """language 1

expects destinations live, dead

routes everything first match {
  when calling_aet == "TO_DEAD" => dead
  else                       => live
}
"""
COPY = """
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
INSERT INTO instances (sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at,
  transfer_syntax, length, digest, spool_ref, source_path, verdict, reason, decision, exchange, state, open)
SELECT sop_class, '2.25.9' || n, series, '2.25.8' || (n / ?2), calling_aet, called_aet, address, receiver,
  received_at + n,
  transfer_syntax, length, digest, spool_ref, source_path, verdict, reason, decision, exchange, state, open
FROM instances, n WHERE instances.id = ?3;
"""


def site(name: str, live: int) -> Gateway:
    """A gateway with its own folder."""
    plan = WORK / f"{name}-site"
    plan.mkdir(parents=True)
    (plan / "gateway.yaml").write_text(GATEWAY)
    (plan / "site.rules").write_text(RULES)
    port = free_port()
    made = Gateway(WORK / name, plan, port=port, live=live, dead=free_port())
    made.port = port  # type: ignore[attr-defined]
    return made


def fill(gateway: Gateway, count: int) -> float:
    """Let `count` instances wait for the dead destination; the seconds that took."""
    with gateway, peer_at(gateway.port, "TO_DEAD") as peer:  # type: ignore[attr-defined]
        assert peer.store(*image("PAT0", 0, 2000)) == 0
        until(lambda: gateway.deliveries("dead")["deferred"], 30, "the first of them")
    began = time.perf_counter()
    ledger = apsw.Connection(str(gateway.folder / "var/ledger.db"))
    ((first, variant),) = ledger.execute("SELECT instance_id, id FROM variants")
    with ledger:
        ledger.execute(COPY, (count, IN_A_STUDY, first))
        ledger.execute(
            "INSERT INTO variants (instance_id, number, transfer_syntax, patch)"
            " SELECT i.id, 0, v.transfer_syntax, v.patch FROM instances i, variants v WHERE v.id = ?1 AND i.id > ?2",
            (variant, first),
        )
        ledger.execute(
            "INSERT INTO deliveries (instance_id, variant_id, destination, state, next_attempt)"
            " SELECT v.instance_id, v.id, 'dead', 'queued', i.received_at"
            " FROM variants v JOIN instances i ON i.id = v.instance_id WHERE v.id > ?",
            (variant,),
        )
        ledger.execute("UPDATE counters SET value = value + ? WHERE name = 'dead' AND item = 'queued'", (count,))
    ledger.close()
    return time.perf_counter() - began


def rate(gateway: Gateway, sink: Sink, round_: int, count: int) -> float:
    """Images a second from the first byte sent to the last one at the live destination."""
    before = len(sink.stored)
    images = [image(f"PAT{round_}{number % 20}", number, 20_000) for number in range(count)]

    def send(part: int) -> None:
        with peer_at(gateway.port, f"CT_{part}") as peer:  # type: ignore[attr-defined]
            for uid, data in images[part::SENDERS]:
                assert peer.store(uid, data) == 0

    senders = [threading.Thread(target=send, args=(part,)) for part in range(SENDERS)]
    began = time.perf_counter()
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    until(lambda: len(sink.stored) - before >= count, 600, "every image at the live destination")
    return count / (time.perf_counter() - began)


def memory(gateway: Gateway) -> float:
    """The largest resident set of the gateway's processes, in MB."""
    assert gateway.process is not None
    sizes = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in children(gateway.process.pid)]
    return max(sizes) / 1e6


def beside_a_dead_one(waiting: int, images: int, rounds: int) -> dict[str, object]:
    """Rates of the live destination alone and beside a dead one, rounds interleaved."""
    with Sink() as sink:
        alone, beside = site("alone", sink.port), site("beside", sink.port)
        print(f"  {waiting:,} waiting were put in within {fill(beside, waiting):.0f} s", flush=True)
        rates: dict[str, list[float]] = {"alone": [], "beside": []}
        with alone, beside:
            for round_ in range(rounds + 1):  # the first one warms up
                for name, gateway in (("alone", alone), ("beside", beside)):
                    found = rate(gateway, sink, round_ * 2 + (name == "beside"), images)
                    if round_:
                        rates[name].append(found)
                        print(f"  round {round_}  {name:8} {found:8.0f} images/s", flush=True)
            used = {"alone": memory(alone), "beside": memory(beside)}
    ratio = statistics.median(rates["beside"]) / statistics.median(rates["alone"])
    return {"images_per_second": rates, "ratio": ratio, "megabytes": used}


def restart(waiting: int) -> dict[str, float]:
    """Seconds from the start of `serve` to an accepted association, with so many waiting; and its memory."""
    with Sink() as sink:
        gateway = site(f"restart-{waiting}", sink.port)
        print(f"  {waiting:,} waiting were put in within {fill(gateway, waiting):.0f} s", flush=True)
        began = time.perf_counter()
        with gateway:
            with peer_at(gateway.port) as peer:  # type: ignore[attr-defined]
                accepted = time.perf_counter() - began
                assert peer.store(*image("PAT1", 1, 2000)) == 0
            until(lambda: sink.stored, 30, "an image at the live destination")
            through = time.perf_counter() - began
            return {"accepted_after": accepted, "delivered_after": through, "megabytes": memory(gateway)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--restart", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    found = {
        "waiting": arguments.waiting,
        "beside_a_dead_one": beside_a_dead_one(arguments.waiting, arguments.images, arguments.rounds),
        "restart_with": arguments.restart,
        "restart_empty": restart(1),
        "restart": restart(arguments.restart),
    }
    print(f"\na live destination beside a dead one keeps {found['beside_a_dead_one']['ratio']:.0%} of its rate")  # type: ignore[index]
    after, empty = found["restart"], found["restart_empty"]
    print(f"a restart with nothing waiting accepts after {empty['accepted_after']:.1f} s")  # type: ignore[index]
    print(
        f"a restart with {arguments.restart:,} waiting accepts after {after['accepted_after']:.1f} s, delivers after"  # type: ignore[index]
        f" {after['delivered_after']:.1f} s, in {after['megabytes']:.0f} MB"  # type: ignore[index]
    )
    shutil.rmtree(WORK, ignore_errors=True)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    kept = results / f"waiting-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    kept.write_text(json.dumps(found, indent=1))
    print(f"\nkept in {kept.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
