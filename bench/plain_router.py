"""A router as one writes it first, with pynetdicom and pydicom: the comparison for ours. Not durable, no rules file.

    python bench/plain_router.py PORT SINK_PORT [--stock]

It receives, sets the same four attributes as the rules of the benchmark, and forwards over one association for each
that it has. With `--stock` its sockets are as the library leaves them.
"""

import socket
import sys
import threading
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_context

SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]


def rewrite(data: Dataset) -> None:
    """What the rules of the benchmark do."""
    if data.get("Modality") == "CT" and data.get("PatientID") and not data.PatientID.startswith("SITEA-"):
        data.PatientID = f"SITEA-{data.PatientID}"
        data.IssuerOfPatientID = "SITE_A"
    if data.get("StationName"):
        data.StationName = "CT-NORTH-1"
    if data.get("AccessionNumber"):
        data.AdmissionID = f"E{data.AccessionNumber}"


class Router:
    """Forwards from the thread that received."""

    def __init__(self, sink: int, *, stock: bool) -> None:
        self._sink = sink
        self._stock = stock
        self._open = threading.local()

    def store(self, event: Any) -> int:
        """A C-STORE: rewrite, forward, answer what the sink answered."""
        data = event.dataset
        data.file_meta = event.file_meta
        rewrite(data)
        answer = self._association().send_c_store(data)
        return int(getattr(answer, "Status", 0xA700))

    def quicken(self, event: Any) -> None:
        """TCP_NODELAY, where it is the best case that counts."""
        if not self._stock:
            event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _association(self) -> Any:
        known = getattr(self._open, "association", None)
        if known is None or not known.is_established:
            entity = AE("ROUTER")
            entity.requested_contexts = [build_context("1.2.840.10008.5.1.4.1.1.2", SYNTAXES)]
            handlers = [(evt.EVT_CONN_OPEN, self.quicken)]
            known = self._open.association = entity.associate("127.0.0.1", self._sink, evt_handlers=handlers)
        return known


def main() -> None:
    """Serve until killed."""
    port, sink = int(sys.argv[1]), int(sys.argv[2])
    router = Router(sink, stock="--stock" in sys.argv)
    entity = AE("GATEWAY")
    entity.maximum_associations = 200
    entity.supported_contexts = AllStoragePresentationContexts
    handlers = [(evt.EVT_C_STORE, router.store), (evt.EVT_CONN_OPEN, router.quicken)]
    entity.start_server(("127.0.0.1", port), evt_handlers=handlers)


if __name__ == "__main__":
    main()
