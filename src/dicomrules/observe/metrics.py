"""The metrics of a gateway in Prometheus' text format, made of one Snapshot.

Labels are names of the gateway file (destinations, receivers) and words of our own, never anything that a peer sent:
the number of time series is bounded by the gateway file.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dicomrules.model.delivery import State
from dicomrules.model.observing import Condition, Severity, Snapshot


def metrics(seen: Snapshot, found: list[Condition]) -> bytes:
    """The page that a Prometheus server reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(seen, found))
    return generate_latest(registry)


class _Once(Collector):
    """Collects from one Snapshot."""

    def __init__(self, seen: Snapshot, found: list[Condition]) -> None:
        self._seen = seen
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Every metric there is."""
        seen = self._seen
        yield _gauge("process_up", "Whether a process of the gateway runs.", ["process"], _up(seen))
        yield _gauge("conditions", "Conditions that want a person.", ["severity"], _conditions(self._found))
        yield _gauge("spool_free_bytes", "Room on the spool's file system.", [], {(): seen.free_bytes})
        yield _gauge("spool_free_inodes", "Inodes left on the spool's file system.", [], {(): seen.free_inodes})
        yield _gauge("audit_unsent", "Audit messages that no repository has taken yet.", [], {(): seen.unsent})
        if seen.unreadable:
            return
        yield _gauge("ledger_log_bytes", "Length of the ledger's write-ahead log.", [], {(): seen.log_bytes})
        yield _gauge("instances", "Instances by state.", ["state"], {(k,): v for k, v in seen.instances.items()})
        yield _gauge("deliveries", "Deliveries by destination and state.", ["destination", "state"], _deliveries(seen))
        oldest = "Age of the oldest delivery that still waits."
        yield _gauge("oldest_waiting_seconds", oldest, ["destination"], _oldest(seen))
        for name, text, counts in (
            ("received", "Instances received.", {one.name: one.instances for one in seen.receivers}),
            ("received_again", "Instances received a second time.", {one.name: one.repeated for one in seen.receivers}),
            ("conflicts", "Instances that conflict.", {one.name: one.conflicts for one in seen.receivers}),
        ):
            family = CounterMetricFamily(f"dicomrules_{name}", text, labels=["receiver"])
            for receiver, count in counts.items():
                family.add_metric([receiver], count)
            yield family


def _gauge(name: str, text: str, labels: list[str], values: dict[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dicomrules_{name}", text, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family


def _up(seen: Snapshot) -> dict[tuple[str, ...], float]:
    return {(name,): float(alive) for name, alive in seen.processes.items()}


def _conditions(found: list[Condition]) -> dict[tuple[str, ...], float]:
    return {(severity,): sum(one.severity is severity for one in found) for severity in Severity}


def _deliveries(seen: Snapshot) -> dict[tuple[str, ...], float]:
    return {(one.name, state): one.deliveries.get(state, 0) for one in seen.destinations for state in State}


def _oldest(seen: Snapshot) -> dict[tuple[str, ...], float]:
    return {(one.name,): (seen.at - one.oldest).total_seconds() if one.oldest else 0.0 for one in seen.destinations}
