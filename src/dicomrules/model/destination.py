"""Where instances go, as the gateway file declares it.

`only_through` of each kind names the groups of rules through which alone an instance may go there; empty: any way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dicomrules.model.commitment import CommitmentTerms
from dicomrules.model.security import ClientTls, User
from dicomrules.model.terms import Terms


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a destination that could not take an instance is left alone: `first`, doubled `up_to`, without end."""

    first: timedelta = timedelta(seconds=30)
    up_to: timedelta = timedelta(minutes=15)
    alarm_after: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines towards a peer. `connect` covers TCP and association; `response` the wait for one answer."""

    connect: timedelta = timedelta(seconds=10)
    response: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class DicomDestination:
    """A C-STORE SCP. `max_pdu` in bytes is what we are willing to send at most (PS3.8 D.1).

    `transfer_syntaxes` are those that instances may leave in, by UID, best first; empty: as they are. `terms` are the
    association settings of this pair of titles, None: none are said; `contexts` are those of all pairs, for sends under
    another calling title. `commitment`: it is asked to commit itself to what it has stored (PS3.4 Annex J), and nothing
    is sent before it has; None: it is not asked.
    """

    name: str
    aet: str
    host: str
    port: int
    calling_aet: str
    associations: int = 1
    max_pdu: int = 128 * 1024
    timeouts: Timeouts = field(default=Timeouts())
    retry: RetryPolicy = field(default=RetryPolicy())
    retention: timedelta = timedelta(days=7)
    only_through: tuple[str, ...] = ()
    transfer_syntaxes: tuple[str, ...] = ()
    terms: Terms | None = None
    contexts: tuple[Terms, ...] | None = None
    tls: ClientTls | None = None
    user: User | None = None
    commitment: CommitmentTerms | None = None


# A field of a folder destination's template: the keyword of an attribute in braces. Nothing else is ever put in.
TEMPLATE_FIELD = re.compile(r"\{([A-Za-z][A-Za-z0-9]*)\}")


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A folder of Part 10 files. `template` names them: `{Keyword}` fields, mapped one to one to safe names."""

    name: str
    path: Path
    template: str = "{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm"
    retry: RetryPolicy = field(default=RetryPolicy())
    retention: timedelta = timedelta(days=7)
    only_through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StowDestination:
    """An origin server of STOW-RS (PS3.18 10.5). `url` is the base of its DICOMweb resources; `batch`: bytes of one
    request at most, unless a single instance is longer; `token` is sent as a bearer token, empty: none.

    `tls` counts only where `url` begins with https; None: as `ClientTls` has it.
    """

    name: str
    url: str
    token: str = field(default="", repr=False)
    batch: int = 50 * 1024 * 1024
    timeouts: Timeouts = field(default=Timeouts())
    retry: RetryPolicy = field(default=RetryPolicy())
    retention: timedelta = timedelta(days=7)
    only_through: tuple[str, ...] = ()
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class BucketDestination:
    """A bucket of an S3-compatible store at `host` (name and port). `prefix` stands before every object's name, which
    `template` gives as that of a FolderDestination does. `secure`: by TLS, which `tls` describes.
    """

    name: str
    host: str
    bucket: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    prefix: tuple[str, ...] = ()
    region: str = "us-east-1"
    secure: bool = True
    template: str = "{StudyInstanceUID}/{SOPInstanceUID}.dcm"
    timeouts: Timeouts = field(default=Timeouts())
    retry: RetryPolicy = field(default=RetryPolicy())
    retention: timedelta = timedelta(days=7)
    only_through: tuple[str, ...] = ()
    tls: ClientTls | None = None


Destination = DicomDestination | FolderDestination | StowDestination | BucketDestination


def takes_only(groups: Sequence[str]) -> str:
    """What `only_through` means, for people, after the name of the destination."""
    return f"takes only what goes through {' or '.join(groups)}"
