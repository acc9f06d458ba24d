"""Metrics are what Prometheus reads, and nothing that a peer sent is in them."""

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from dicomrules.model.delivery import State
from dicomrules.model.observing import Came, Snapshot, Waits
from dicomrules.observe.conditions import conditions
from dicomrules.observe.metrics import metrics

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def samples(seen: Snapshot) -> dict[tuple[str, ...], float]:
    page = metrics(seen, conditions(seen)).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_counts_of_the_ledger_come_as_gauges_and_counters() -> None:
    waits = Waits("pacs", {State.QUEUED: 4, State.SENT: 9}, NOW - timedelta(minutes=2), timedelta(hours=1))
    came = Came("modalities", 13, 2, 1)
    found = samples(
        Snapshot(NOW, {"intake": True, "delivery": False}, (waits,), (came,), {"waiting": 4, "done": 9}, free_bytes=5)
    )
    assert found["dicomrules_deliveries", "pacs", "queued"] == 4
    assert found["dicomrules_deliveries", "pacs", "failed"] == 0
    assert found["dicomrules_oldest_waiting_seconds", "pacs"] == 120
    assert found["dicomrules_received_total", "modalities"] == 13
    assert found["dicomrules_conflicts_total", "modalities"] == 1
    assert found["dicomrules_instances", "done"] == 9
    assert found["dicomrules_process_up", "delivery"] == 0
    assert found["dicomrules_conditions", "red"] == 1
    assert found["dicomrules_spool_free_bytes",] == 5


def test_a_ledger_that_cannot_be_read_gives_no_numbers_that_look_like_it() -> None:
    found = samples(Snapshot(NOW, {"intake": True}, unreadable="damaged"))
    assert not any(name.startswith(("dicomrules_deliveries", "dicomrules_instances")) for name, *_ in found)
    assert found["dicomrules_process_up", "intake"] == 1


def test_l09_the_number_of_time_series_hangs_on_the_gateway_file_alone() -> None:
    few = len(samples(Snapshot(NOW, {}, (), (Came("modalities", 1, 0, 0),))))
    many = len(samples(Snapshot(NOW, {}, (), (Came("modalities", 100_000, 0, 0),))))
    assert few == many
