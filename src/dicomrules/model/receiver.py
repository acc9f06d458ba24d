"""Where instances come from, as the gateway file declares it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from dicomrules.model.admission import Admission
from dicomrules.model.commitment import CommitmentPolicy
from dicomrules.model.security import ServerTls, User
from dicomrules.model.terms import Terms


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """An application we know: AE title, the host name, address or CIDR block it calls from, its own `port`, the user
    that must come with its associations (None: any or none), and a name that its certificate must have (empty: any).
    """

    aet: str
    host: str
    port: int = 0
    user: User | None = None
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one object and on the gateway. Sizes in bytes; `value` is the longest value a rule may read or write,
    `archive` how much all members of one archive may hold together.
    """

    object: int = 8 * 1024**3
    elements: int = 1_000_000
    value: int = 16 * 1024**2
    nesting: int = 64
    memory: int = 128 * 1024**2
    archive: int = 64 * 1024**3
    free_space: int = 5 * 1024**3
    free_inodes: int = 10_000


@dataclass(frozen=True, slots=True)
class DicomReceiver:
    """A C-STORE and C-ECHO SCP.

    `peers` is the allow-list, None: anyone; `called_aets` the accepted called AE titles, None: any. `contexts` are the
    association settings by pair of titles, None: none are said, and `accept_unknown_classes` decides alone.
    `commitment` says when an instance is safe, for peers that ask (PS3.4 Annex J); `takes_reports`: destinations are
    asked for storage commitment, and may report here.
    """

    name: str
    port: int
    bind: str = "127.0.0.1"
    peers: tuple[KnownPeer, ...] | None = None
    called_aets: tuple[str, ...] | None = None
    associations: int = 200
    per_address: int = 32
    accept_unknown_classes: bool = False
    max_pdu: int = 128 * 1024
    limits: Limits = field(default=Limits())
    contexts: tuple[Terms, ...] | None = None
    tls: ServerTls | None = None
    users: Mapping[str, User] = field(default_factory=dict)  # by calling AE title, whoever `peers` lets in
    certificates: Mapping[str, str] = field(default_factory=dict)  # likewise
    admission: Admission = field(default=Admission())
    commitment: CommitmentPolicy = CommitmentPolicy.RECEIVED
    takes_reports: bool = False


class After(StrEnum):
    """What becomes of a file of a watched folder once its instance is safe."""

    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class FolderReceiver:
    """A watched folder. A file is taken when it matches `pattern` and has not changed for `settle`.

    `failed` is where a file goes that is no whole DICOM object, or that a rule rejected, with the reason beside it.
    `zip` is the pattern of the names of archives whose members are taken, empty: none; `media`: folders with a DICOMDIR
    are taken as a whole.
    """

    name: str
    path: Path
    failed: Path
    pattern: str = "*.dcm"
    zip: str = ""
    media: bool = False
    settle: timedelta = timedelta(seconds=2)
    after: After = After.DELETE
    done: Path | None = None  # where `move` moves to
    calling_aet: str = ""
    called_aet: str = ""
    limits: Limits = field(default=Limits())
    admission: Admission = field(default=Admission())


@dataclass(frozen=True, slots=True)
class StowReceiver:
    """STOW-RS (PS3.18 10.5): objects are posted to `path`/studies. `token` empty: anyone may; it is never shown.

    AE titles are those that rules see. `connections` are those open at once, `per_address` those of one address.
    """

    name: str
    port: int
    bind: str = "127.0.0.1"
    path: str = "/dicom-web"
    token: str = field(default="", repr=False)
    calling_aet: str = ""
    called_aet: str = ""
    connections: int = 200
    per_address: int = 32
    limits: Limits = field(default=Limits())
    tls: ServerTls | None = None
    admission: Admission = field(default=Admission())


Receiver = DicomReceiver | FolderReceiver | StowReceiver
