"""Senders that survive the death of the gateway: they say what was acknowledged, and go on when it is back."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError
from dicomrules.wire.associate import ProposedContext
from tests.oracle.images import image, patient_in_pixels

__all__ = ["Sender", "image", "patient_in_pixels"]


@dataclass
class Sender(threading.Thread):
    """Sends one image after the other, each again until it is acknowledged, over an association that it opens anew."""

    port: int
    patient: str
    size: int = 2000
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    refused: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            with suppress(AssociationError), self._association() as association:
                while not self.stopping.is_set():
                    uid, data = image(self.patient, number, self.size)
                    self.sent[uid] = data
                    exchange = association.store(association.contexts[0], CTImageStorage, uid, _windows(data))
                    assert exchange.response is not None
                    if exchange.response["Status"] == 0:
                        self.acknowledged[uid] = data
                        number += 1
                    else:
                        self.refused += 1
                        time.sleep(0.05)
            time.sleep(0.02)

    def _association(self) -> Association:
        target = Target("127.0.0.1", self.port, "DICOMRULES", f"CT_{self.patient[-1]}", connect=5.0, response=20.0)
        return Association(target, [ProposedContext(1, CTImageStorage, (ExplicitVRLittleEndian,))])


def _windows(data: bytes) -> Iterator[tuple[memoryview, bool]]:
    yield memoryview(data), True
