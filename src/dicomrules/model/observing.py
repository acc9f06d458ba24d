"""How a gateway is watched, as its file says, and what the ones who watch are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from dicomrules.model.delivery import State
from dicomrules.model.security import ClientTls, End


@dataclass(frozen=True, slots=True)
class Syslog:
    """An audit repository that takes syslog (RFC 5424) over TLS (RFC 5425), or over plain TCP (RFC 6587) where `tls`
    is None.
    """

    host: str
    port: int
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that alarms are posted to as JSON; it may hold a token, so it is never shown."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """An address that alarms are mailed to, by the mail server `host`, in the name of `sender`."""

    to: str
    host: str
    port: int
    sender: str


@dataclass(frozen=True, slots=True)
class Observing:
    """Who watches the gateway. `http` is the address and port of /health and /metrics; empty and None: nobody."""

    http: tuple[str, int] | None = None
    audit: Syslog | None = None
    alarms: tuple[Webhook | Mail, ...] = ()

    @property
    def anybody(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.http or self.audit or self.alarms)


@dataclass(frozen=True, slots=True)
class Waits:
    """How one destination stands: deliveries by state, when the oldest that still waits arrived, and after how long
    that is an alarm.
    """

    name: str
    deliveries: Mapping[State, int]
    oldest: datetime | None
    alarm_after: timedelta
    declared: bool = True  # the gateway file still has it


@dataclass(frozen=True, slots=True)
class Came:
    """What came in by one receiver since the ledger was made."""

    name: str
    instances: int
    repeated: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the gateway stands at one moment, from counters alone.

    `processes` says of each whether it is alive; `unreadable` why the ledger could not be asked (then nothing of it is
    known); `free_bytes` and `free_inodes` are those of the spool's file system, and `full` whether that is under the
    reserve; `unsent` counts audit messages that no repository has taken yet, `unsent_since` is the oldest of them;
    `ends` says until when certificates and revocation lists are good.
    """

    at: datetime
    processes: Mapping[str, bool]
    destinations: tuple[Waits, ...] = ()
    receivers: tuple[Came, ...] = ()
    instances: Mapping[str, int] = field(default_factory=dict)
    log_bytes: int = 0
    free_bytes: int = 0
    free_inodes: int = 0
    full: bool = False
    unsent: int = 0
    unsent_since: datetime | None = None
    unreadable: str = ""
    ends: tuple[End, ...] = ()


class Severity(StrEnum):
    """How much a condition matters: `red` is one under which images are not where they should be."""

    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that wants a person. `name` and `subject` identify it for as long as it lasts; no patient data."""

    name: str
    subject: str
    severity: Severity
    text: str
    way_out: str
