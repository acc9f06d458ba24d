"""How an association is secured: TLS of both sides (PS3.15 B.12, B.13), and who a peer's user is (PS3.7 D.3.3.7)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

SOON: Final = timedelta(days=30)  # before a certificate ends a person is told


class TlsProfile(StrEnum):
    """The secure transport connection profiles of PS3.15: BCP 195 (B.12), and its modified form (B.13)."""

    BCP195 = "bcp195"
    MODIFIED = "bcp195-modified"


@dataclass(frozen=True, slots=True)
class ServerTls:
    """TLS of a listening port. Files are PEM; `certificate` may hold a chain, the port's own certificate first.

    With `client_ca`, every peer needs a certificate that one of these authorities has signed; with `client_crl`, one
    that the authority's revocation list (RFC 5280 5) in this file does not name.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    profile: TlsProfile = TlsProfile.BCP195
    client_crl: Path | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS of associations that we open. `ca` None: the authorities that this machine trusts.

    `certificate` and `key` are ours, for peers that ask for one. `name` is what the peer's certificate must be for,
    empty: the host that is called.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""
    profile: TlsProfile = TlsProfile.BCP195


@dataclass(frozen=True, slots=True)
class End:
    """Until when a file of certificates or revocation lists is good; `what` it is, in words for a person."""

    what: str
    path: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A user of a peer (PS3.7 D.3.3.7.1). `passcode` empty: the name alone counts. Neither is ever shown."""

    name: str = field(repr=False)
    passcode: str = field(default="", repr=False)
