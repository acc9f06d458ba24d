"""The sender over the real spool: what was received, committed and sealed there is what arrives."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dicomrules.model.delivery import Delivery, Kind
from dicomrules.senders.cstore import CStoreSender
from dicomrules.spool.record import Record
from dicomrules.spool.spool import Folder as SpoolFolder
from dicomrules.spool.spool import Spool
from tests.peers.sink import Sink
from tests.wire.sending import CT, EXPLICIT, Folder, destination, some


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    root = tmp_path / "spool"
    root.mkdir(mode=0o700)
    return Spool(root)


def keep(spool: Spool, delivery: Delivery, data_set: bytes) -> Delivery:
    """The same delivery, of an instance in the spool."""
    incoming = spool.receive(CT, delivery.sop_instance, EXPLICIT)
    incoming.write(data_set)
    digest = incoming.finish()
    assert digest == delivery.digest
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    sealed = Record(len(data_set), digest, received_at, CT, delivery.sop_instance, "1.2.3", "1.2.4", EXPLICIT)
    spool.seal(incoming.name, sealed)
    (ref,) = spool.commit([incoming.name], [False], date(2026, 1, 1))
    return replace(delivery, spool_ref=ref)


def test_what_lies_in_the_spool_arrives_and_what_is_damaged_or_gone_does_not(spool: Spool, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    data_sets = [some(n, 100_000 * (n + 1)) for n in range(4)]
    deliveries = [keep(spool, folder.add(n, data_set), data_set) for n, data_set in enumerate(data_sets)]
    path = tmp_path / "spool" / deliveries[1].spool_ref
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    spool.remove(deliveries[2].spool_ref)
    spool.move(deliveries[3].spool_ref, SpoolFolder.DONE)
    with Sink() as sink:
        sender = CStoreSender(destination(sink.port), spool, lambda event: None)
        kinds = [outcome.kind for _, outcome in sender.send(deliveries)]
        sender.close()
        assert kinds == [Kind.SENT, Kind.CORRUPT, Kind.CORRUPT, Kind.SENT]
        assert sink.digests() == [hashlib.sha256(data_sets[n]).hexdigest() for n in (0, 3)]
