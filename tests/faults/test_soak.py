"""L-08: at work for long, with some hostile traffic, a gateway keeps nothing it does not need. See bench/soak.py."""

import os
from pathlib import Path

import pytest
from bench.soak import HOSTILE, measured, soak

from tests.faults.processes import delivered, peer_at, store
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Sink


def test_l08_after_good_and_bad_traffic_there_are_no_more_threads_and_descriptors_than_before(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    def traffic(round_: int) -> set[str]:
        uids = set()
        for number in range(5):
            for each in HOSTILE:
                each(port)
            with peer_at(port) as peer:
                uids |= {store(peer, f"PAT{round_}", 10 * number + each) for each in range(5)}
        return uids

    uids = traffic(0)
    until(lambda: delivered(sink) == uids, 20, "all of them")
    before = measured(gateway, 0.0)
    uids |= traffic(1)
    until(lambda: delivered(sink) == uids, 20, "all of them")

    def as_before() -> bool:
        after = measured(gateway, 0.0)
        return after.threads <= before.threads and after.descriptors <= before.descriptors

    until(as_before, 60, "as many threads and descriptors as before")


@pytest.mark.slow
def test_l08_a_soak_keeps_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """Two hours are the measure; SOAK_MINUTES says how long it takes here."""
    found = soak(tmp_path, float(os.environ.get("SOAK_MINUTES", "5")), senders=4, pause=0.05)
    print(found)
    assert found.not_delivered == 0
    assert found.images > 1000
    assert found.threads[1] - found.threads[0] <= 8
    assert found.descriptors[1] - found.descriptors[0] <= 40
