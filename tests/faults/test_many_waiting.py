"""S-19: so much waits that looking at all of it would take long; a restart looks at what it needs."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from bench.waiting import GATEWAY, RULES, fill

from tests.faults.processes import peer_at, store
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink


@pytest.mark.parametrize("waiting", [10_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_s19_after_a_kill_associations_are_accepted_and_what_waits_goes_in_its_order(
    tmp_path: Path, port: int, waiting: int
) -> None:
    plan = tmp_path / "site"
    plan.mkdir()
    (plan / "gateway.yaml").write_text(GATEWAY)
    (plan / "site.rules").write_text(RULES)
    dead = free_port()
    with Sink() as live:
        gateway = Gateway(tmp_path / "g", plan, port=port, live=live.port, dead=dead)
        gateway.port = port  # type: ignore[attr-defined]
        fill(gateway, waiting)
        gateway.start()
        try:
            gateway.kill()
            began = time.perf_counter()
            gateway.start()
            with peer_at(port) as peer:
                took = time.perf_counter() - began
                uid = store(peer, "PAT1", 1)
            print(f"{waiting} waiting: an association {took:.1f} s after the start")
            if waiting == 1_000_000:
                assert took < 5
            until(lambda: live.stored, 15, "an image at the live destination")
            assert live.stored[0].sop_instance == uid
            with Sink(port=dead) as back:
                gateway.ask("queue", "resume", "dead")
                until(lambda: len(back.acknowledged()) > 200, 30, "some of what waited")
                came = [int(one.sop_instance.removeprefix("2.25.9")) for one in list(back.stored)[:200]]
            studies = [[number for number in came if number // 250 == study] for study in {n // 250 for n in came}]
            early = [after for study in studies for before, after in pairwise(study) if after < before]
            assert len(early) <= 5, "only what a probe had tried before is out of its order"
        finally:
            gateway.kill()
