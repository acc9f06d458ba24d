"""What two application entities tell each other when an association is made (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3)."""

from dataclasses import dataclass, field

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of an A-ASSOCIATE-RQ, read from their fixed places and trimmed, before anything else is decoded."""

    called_aet: str
    calling_aet: str


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as proposed (PS3.8 9.3.2.2): an odd id from 1 to 255, one abstract syntax, some
    transfer syntaxes.
    """

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextResult:
    """The answer to one proposed context (PS3.8 9.3.3.2).

    `result`: 0 acceptance, 1 user rejection, 2 no reason, 3 abstract syntax not supported, 4 transfer syntaxes not
    supported.
    `transfer_syntax` means something for 0 only.
    """

    id: int
    result: int
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU role selection for one SOP class (PS3.7 D.3.3.4)."""

    sop_class: str
    scu: bool
    scp: bool


NAME, NAME_AND_PASSCODE = 1, 2


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """Who asks for an association (PS3.7 D.3.3.7.1). `kind`: 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT.

    `primary` and `secondary`, such as name and passcode, are secrets and never shown.
    """

    kind: int
    wants_response: bool = False
    primary: bytes = field(default=b"", repr=False)
    secondary: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item (PS3.7 D.3.3).

    `max_pdu`: the longest P-DATA-TF the speaker takes (PDU Length, in bytes; 0: any). `async_ops`: operations invoked
    and performed, None when not negotiated (one at a time). `identity` is in requests, `identity_taken` in answers: the
    positive response that a requestor wanted (PS3.7 D.3.3.7.2).
    """

    max_pdu: int
    implementation_class: str
    implementation_version: str = ""
    async_ops: tuple[int, int] | None = None
    roles: tuple[RoleSelection, ...] = ()
    identity: UserIdentity | None = None
    identity_taken: bool = False


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """An A-ASSOCIATE-RQ (PS3.8 9.3.2). Titles are trimmed; at most 16 characters."""

    called_aet: str
    calling_aet: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """An A-ASSOCIATE-AC (PS3.8 9.3.3): an answer to each proposed context."""

    results: tuple[ContextResult, ...]
    user: UserInformation


@dataclass(frozen=True, slots=True)
class Rejection:
    """An A-ASSOCIATE-RJ (PS3.8 9.3.4). `result`: 1 permanent, 2 transient.

    `why` is for our own log, never sent: what the standard's few words leave open.
    """

    result: int
    source: int
    reason: int
    why: str = field(default="", compare=False)

    @property
    def transient(self) -> bool:
        """Whether asking again later may help."""
        return self.result == 2

    @property
    def meaning(self) -> str:
        """The standard's words for it (PS3.8 Table 9-21)."""
        return _REJECTIONS.get((self.source, self.reason), "no reason given")


_REJECTIONS = {
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognised",
    (1, 7): "called AE title not recognised",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}

NO_REASON = Rejection(1, 1, 1)
APPLICATION_CONTEXT_UNKNOWN = Rejection(1, 1, 2)
CALLING_AET_UNKNOWN = Rejection(1, 1, 3)
CALLED_AET_UNKNOWN = Rejection(1, 1, 7)
VERSION_UNKNOWN = Rejection(1, 2, 2)
CONGESTED = Rejection(2, 3, 1)
LIMIT_EXCEEDED = Rejection(2, 3, 2)
