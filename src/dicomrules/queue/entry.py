"""What intake gives to the ledger, and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dicomrules.dicom.patient import Patient
from dicomrules.model.admission import STRICT, Admission
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance to be recorded: its envelope, what was decided, and where its bytes now lie.

    `spool_ref` is empty when no bytes are kept (rejected, dropped). Deliveries are made from the decision's variants,
    one for each destination of each, when the verdict is `send`; for every other verdict there are none.
    `derived_ref` is where the inflated file of a deflated instance now lies: what rules edited leaves from there.
    `patients` are studies and the patients they are of: first as this instance came, then as its variants leave; none:
    its patient is not compared. `compared` says of instances that are the same again by UID whether their content is
    this one's; None: nobody compares, other bytes are other content.
    """

    envelope: Envelope
    decision: Decision
    spool_ref: str
    derived_ref: str = ""
    admission: Admission = STRICT
    patients: tuple[tuple[str, Patient], ...] = ()
    compared: Mapping[int, bool] | None = None


class Arrival(StrEnum):
    """How an instance relates to those the ledger knows.

    `duplicate`: the same SOP Instance UID with the same content from the same peer (both AE titles and receiver),
    whose bytes we still keep: counted there, nothing new is recorded, its spool file is superfluous. `conflict`: the
    same UID from the same peer with other content. `other patient`: its study is known as that of another patient; of
    what is both, the one for which it is held, this one first.
    `rival`: nothing is recorded yet, because there are instances of this UID with other bytes to be compared with.
    """

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    OTHER_PATIENT = "other patient"
    RIVAL = "rival"


@dataclass(frozen=True, slots=True)
class Rival:
    """An instance of the same UID from the same peer with other bytes, which are still kept."""

    instance_id: int
    spool_ref: str
    derived_ref: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer for one Entry. `instance_id` is the row it is, or for a duplicate the row it repeats.

    `held`: recorded, and kept back by the ledger whatever was decided: its spool file belongs in `held`.
    """

    instance_id: int
    arrival: Arrival
    held: bool = False
    rivals: tuple[Rival, ...] = ()


class InstanceState(StrEnum):
    """Where an instance stands as a whole.

    `waiting`: deliveries are open; `held`: a person or a later decision is needed; `delivered`: every delivery is
    sent (or there was none) and the file still lies in `waiting`; `done`: the file has moved; `gone`: no bytes are
    kept, because the instance was rejected or dropped, or because its retention has passed.
    """

    WAITING = "waiting"
    HELD = "held"
    DELIVERED = "delivered"
    DONE = "done"
    GONE = "gone"


class RequestState(StrEnum):
    """Where a request for storage commitment stands, that a peer has made (see commitment_requests)."""

    OPEN = "open"
    NOWHERE = "nowhere"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Held:
    """An instance that is to be decided again, and what was decided of it last.

    `envelope` is as it arrived, but for its index and what was said on the wire; its refs are those of stored files.
    """

    instance_id: int
    envelope: Envelope
    decision: Decision


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance and its spool files; `derived_ref` is empty when there is none."""

    instance_id: int
    spool_ref: str
    derived_ref: str = ""
