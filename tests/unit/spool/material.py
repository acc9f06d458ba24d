"""Data sets for a spool."""

import hashlib
from datetime import UTC, date, datetime

from dicomrules.spool.incoming import Incoming
from dicomrules.spool.record import Record
from dicomrules.spool.spool import Spool

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


def a_record(content: bytes, sop_instance: str = "1.2.3.4") -> Record:
    """The record of a data set with this content."""
    return Record(
        length=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        received_at=NOW,
        sop_class=CT,
        sop_instance=sop_instance,
        study="1.2",
        series="1.2.3",
        transfer_syntax=EXPLICIT,
        calling_aet="CT_A1",
        called_aet="DICOMRULES",
        address="10.20.3.4",
        receiver="modalities",
        verdict="send",
        fingerprint="f" * 64,
    )


def arrive(spool: Spool, content: bytes, sop_instance: str = "1.2.3.4") -> Incoming:
    """A data set that has come in two pieces and is sealed."""
    incoming = spool.receive(CT, sop_instance, EXPLICIT, "CT_A1")
    incoming.write(content[: len(content) // 2])
    incoming.write(memoryview(content)[len(content) // 2 :])
    incoming.finish()
    spool.seal(incoming.name, a_record(content, sop_instance))
    return incoming


def kept(spool: Spool, content: bytes, sop_instance: str = "1.2.3.4", held: bool = False) -> str:
    """The ref of a data set that has come and was committed."""
    return spool.commit([arrive(spool, content, sop_instance).name], [held], DAY)[0]
