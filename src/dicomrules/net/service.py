"""What a listener asks of whoever gives the service: policy, and the DIMSE operations themselves.

The listener knows sockets, deadlines and the upper layer; it does not know who may associate, what is accepted or what
an object is. Both Protocols here are implemented by receivers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dicomrules.model.exchange import Association, CommandSet, PresentationContext
from dicomrules.wire.associate import AssociateRequest, ContextResult, Rejection, Titles, UserInformation
from dicomrules.wire.events import CommandReceived


class Breach(Exception):
    """A performer cannot go on with this peer: the association is aborted by its user (A-ABORT source 0).

    The message is a constant sentence without received bytes.
    """


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end: its address, and the names that its certificate is for (None: it has shown none)."""

    address: str
    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Unprompted:
    """A request of ours to the peer that made the association, with its data set (PS3.7 10.1.1)."""

    context_id: int
    command: CommandSet
    data_set: bytes


class Performer(Protocol):
    """The performing DIMSE service user of one association (PS3.7 7.2). Called for one thing at a time, in order."""

    async def command(self, received: CommandReceived) -> CommandSet | None:
        """A command set came; the response, if it is due now. Raises Breach."""
        ...

    async def data(self, pieces: Sequence[memoryview], is_last: bool) -> CommandSet | None:
        """Bytes of the data set of the last command, good until this returns; the response, if it is due now. Raises
        Breach.
        """
        ...

    @property
    def has_to_say(self) -> bool:
        """Whether there may be something to say that the peer has not asked for just now."""
        ...

    async def unprompted(self) -> Unprompted | None:
        """What is to be said. Asked for only between messages, when the peer has been silent for a while."""
        ...

    def ended(self) -> None:
        """The association is over, one way or another: drop what is unfinished."""
        ...


class Service(Protocol):
    """Who may associate, for what, and who performs."""

    def screen(self, titles: Titles, caller: Caller) -> Rejection | None:
        """Asked with the titles alone, before the request is decoded: a refusal, or None. Must not block."""
        ...

    def answer(
        self, request: AssociateRequest, caller: Caller
    ) -> tuple[tuple[ContextResult, ...], UserInformation] | Rejection:
        """What is accepted of a request, and what we say of ourselves; or that it is refused after all."""
        ...

    def performer(self, association: Association, contexts: Sequence[PresentationContext]) -> Performer:
        """The performer for an association that has just been established."""
        ...
