"""A spool, a ledger, and instances that have just arrived, for tests of the steps between them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dicomrules.dicom.part10 import read_head
from dicomrules.dicom.patch import Patch, Splice
from dicomrules.dicom.source import MemoryBytes
from dicomrules.model.decision import Decision, Variant
from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Envelope, Peer, Verdict
from dicomrules.model.receiver import Limits
from dicomrules.queue.ledger import Ledger
from dicomrules.receivers.arrival import Arrival, envelope
from dicomrules.spool.spool import Spool
from tests.objects import ct, data_set_bytes

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
FINGERPRINT = "f" * 64


@dataclass
class World:
    """What one gateway has on its disk."""

    spool: Spool
    ledger: Ledger
    events: list[Event]

    @classmethod
    def at(cls, state: Path) -> "World":
        state.chmod(0o700)
        return cls(Spool(state / "spool"), Ledger.open(state), [])

    def hears(self, event: Event) -> None:
        """An Emit for what a log would show."""
        if event.level is not Level.DEBUG:
            self.events.append(event)

    def arrive(
        self,
        instance: int = 1,
        patient: str = "4711",
        calling: str = "CT_A1",
        *,
        syntax: str = EXPLICIT,
        size: int = 16,
        behind: bytes = b"",
        came_with: bytes | None = None,
    ) -> Envelope:
        """An instance whose bytes, and some `behind` them, lie in `incoming`, walked to the last byte."""
        one = ct(size=size, instance=instance, patient=patient)
        incoming = self.spool.receive(str(one.SOPClassUID), str(one.SOPInstanceUID), syntax, calling, came_with)
        incoming.write(data_set_bytes(one, syntax) + behind)
        peer = Peer(calling, "DICOMRULES", "127.0.0.1", "modalities")
        head = None if came_with is None else read_head(MemoryBytes(came_with))
        made = envelope(Arrival(incoming, syntax, peer, datetime.now(UTC), head=head), self.spool, Limits())
        assert isinstance(made, Envelope)
        return made

    def files(self, folder: str) -> list[Path]:
        return sorted(each for each in Path(self.spool._root, folder).rglob("*") if each.is_file())


def sends(arrived: Envelope, *destinations: str, edit: bytes = b"") -> Decision:
    """A decision to send, with an edit of no meaning when there are bytes for one."""
    splices = (Splice(0, 0, edit),) if edit else ()
    variant = Variant(Patch(arrived.digest, splices), (), destinations, arrived.key.sop_instance)
    return Decision(Verdict.SEND, (variant,), (), FINGERPRINT)


def verdict(kind: Verdict, reason: str = "because") -> Decision:
    return Decision(kind, (), (), FINGERPRINT, (reason,))


class Says:
    """An engine that always says the same; an exception is raised."""

    def __init__(self, *answers: "Decision | Exception | None") -> None:
        self._answers = list(answers)

    def decide(self, arrived: Envelope) -> Decision:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer or sends(arrived, "pacs")


class Takes:
    """A sender that answers by script, and remembers what it was given."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = list(outcomes)
        self.given: list[Delivery] = []
        self.closed = 0

    def send(self, deliveries):  # type: ignore[no-untyped-def]
        for delivery in deliveries:
            self.given.append(delivery)
            outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
            yield delivery, outcome

    def close(self) -> None:
        self.closed += 1


SENT = Outcome(Kind.SENT, "stored", 0x0000)
AWAY = Outcome(Kind.DEFERRED, "connection refused", trouble=Trouble.AWAY)
BUSY = Outcome(Kind.DEFERRED, "out of resources", 0xA700, trouble=Trouble.CONGESTED)
