"""The Storage, Verification and Storage Commitment SCP (PS3.4 Annexes A, B and J): one listening port of the gateway.

Who may associate is decided by the allow-list, what is accepted by the policy of contexts, and what an object is by
`arrival`; here they are put together for `net`, which drives the associations.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace

from dicomrules.dicom import commitment
from dicomrules.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomrules.model.commitment import CommitmentPolicy
from dicomrules.model.event import Event, Level
from dicomrules.model.exchange import Association, PresentationContext
from dicomrules.model.ports import Commitments, Emit, Inbox
from dicomrules.model.receiver import DicomReceiver
from dicomrules.model.terms import terms_for
from dicomrules.net.listener import Listener, ListenerSettings
from dicomrules.net.service import Caller
from dicomrules.receivers.allowlist import Allowlist
from dicomrules.receivers.budget import Budget
from dicomrules.receivers.commitment import Committing
from dicomrules.receivers.identity import Identities, stranger
from dicomrules.receivers.performer import StoragePerformer, Surroundings
from dicomrules.receivers.room import has_room
from dicomrules.spool.spool import Spool
from dicomrules.wire.associate import (
    CALLING_AET_UNKNOWN,
    CONGESTED,
    AssociateRequest,
    ContextResult,
    Rejection,
    RoleSelection,
    Titles,
    UserInformation,
)
from dicomrules.wire.contexts import ContextPolicy, negotiate
from dicomrules.wire.limits import Deadlines, WireLimits

NO_TERMS = replace(CALLING_AET_UNKNOWN, why="no entry of `contexts` is about this pair of AE titles")

_LOOK_UP_EVERY = 60.0  # seconds between two look-ups of the host names of known peers


@dataclass(frozen=True, slots=True)
class Means:
    """What an SCP works with: `pool` runs what blocks; four threads are enough for all receivers together.

    Without `commitments`, whoever asks for storage commitment is answered that this is not done here.
    """

    spool: Spool
    inbox: Inbox
    emit: Emit
    pool: Executor
    commitments: Commitments | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for associations of one pair of titles: which contexts are taken, and the longest P-DATA-TF."""

    policy: ContextPolicy
    max_pdu: int


def agreed(receiver: DicomReceiver, calling: str, called: str) -> Agreed | None:
    """The association settings of a receiver for a pair of titles; None: there are some, and none fits this pair."""
    commits = receiver.commitment is not CommitmentPolicy.NO or receiver.takes_reports
    if receiver.contexts is None:
        return Agreed(ContextPolicy(receiver.accept_unknown_classes, commitment=commits), receiver.max_pdu)
    terms = terms_for(receiver.contexts, calling, called)
    if terms is None:
        return None
    return Agreed(ContextPolicy(listed=terms.classes, commitment=commits), terms.max_pdu or receiver.max_pdu)


class StorageScp:
    """One receiver. `start`, then `drain` when it is to end."""

    def __init__(self, receiver: DicomReceiver, means: Means, deadlines: Deadlines | None = None) -> None:
        self._receiver = receiver
        self._means = means
        self._allowlist = Allowlist(receiver.peers, receiver.called_aets)
        self._identities = Identities(receiver.users)
        budget = Budget(receiver.limits.memory)
        self._surroundings = Surroundings(
            receiver.name,
            means.spool,
            means.inbox,
            means.pool,
            budget,
            receiver.limits,
            self.has_room,
            Committing(receiver.commitment, receiver.takes_reports, means.commitments) if means.commitments else None,
        )
        settings = ListenerSettings(
            name=receiver.name,
            port=receiver.port,
            bind=receiver.bind,
            associations=receiver.associations,
            per_address=receiver.per_address,
            limits=WireLimits(max_pdu=receiver.max_pdu),
            deadlines=deadlines or Deadlines(),
            tls=receiver.tls,
        )
        self._listener = Listener(settings, self, means.emit)
        self._look_ups: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when the receiver's is 0."""
        return self._listener.port

    @property
    def associations(self) -> int:
        """How many associations are established now."""
        return self._listener.associations

    async def start(self) -> None:
        """Look up the names of known peers and begin to listen. OSError when the port is taken or may not be used."""
        if self._allowlist.names:
            await self._allowlist.look_up(self._not_found)
            self._look_ups = asyncio.create_task(self._keep_looking_up())
        await self._listener.start()

    async def use(self, receiver: DicomReceiver) -> None:
        """Others may send from now on, or under other terms; associations that are open stay as they were agreed.

        What the receiver listens on must be the same.
        """
        allowlist = Allowlist(receiver.peers, receiver.called_aets)
        if allowlist.names:
            await allowlist.look_up(self._not_found)
            if self._look_ups is None:
                self._look_ups = asyncio.create_task(self._keep_looking_up())
        if receiver.users != self._receiver.users:
            self._identities = Identities(receiver.users)
        self._receiver, self._allowlist = receiver, allowlist

    async def drain(self, seconds: float) -> None:
        """Accept nothing more; what is under way may finish for `seconds`, then it is aborted."""
        await self._listener.drain(seconds)
        if self._look_ups is not None:
            self._look_ups.cancel()
            with suppress(asyncio.CancelledError):
                await self._look_ups

    def has_room(self) -> bool:
        """Whether the spool's file system has more left than the reserve."""
        return has_room(self._means.spool, self._receiver.limits)

    # what net asks (see net.service.Service)

    def screen(self, titles: Titles, caller: Caller) -> Rejection | None:
        """The allow-list, the certificate of this peer, the association settings of this pair of titles, the room on
        the disk.
        """
        refusal = self._allowlist.refusal(titles, caller.address)
        awaited = self._receiver.certificates.get(titles.calling_aet)
        if refusal is None and awaited is not None:
            refusal = stranger(awaited, caller.names)
        if refusal is None and agreed(self._receiver, titles.calling_aet, titles.called_aet) is None:
            refusal = NO_TERMS
        return refusal or (None if self.has_room() else CONGESTED)

    def answer(
        self, request: AssociateRequest, caller: Caller
    ) -> tuple[tuple[ContextResult, ...], UserInformation] | Rejection:
        """The user that this peer must have; contexts by policy; one operation at a time; roles for storage commitment
        only. Extended negotiation is not answered.
        """
        identity = request.user.identity
        refusal = self._identities.refusal(request.calling_aet, identity, caller.address, time.monotonic())
        if refusal is not None:
            return refusal
        terms = agreed(self._receiver, request.calling_aet, request.called_aet)
        assert terms is not None  # `screen` has seen to that
        user = UserInformation(
            max_pdu=terms.max_pdu,
            implementation_class=IMPLEMENTATION_CLASS_UID,
            implementation_version=IMPLEMENTATION_VERSION_NAME,
            async_ops=None if request.user.async_ops is None else (1, 1),
            roles=tuple(self._role(role) for role in request.user.roles if role.sop_class == commitment.SOP_CLASS),
            identity_taken=bool(
                identity and identity.wants_response and self._identities.asked_of(request.calling_aet)
            ),
        )
        return negotiate(request.contexts, terms.policy), user

    def performer(self, association: Association, contexts: Sequence[PresentationContext]) -> StoragePerformer:
        """A performer of its own for each association: nothing of one peer can reach another."""
        return StoragePerformer(self._surroundings, association, contexts)

    def _role(self, asked: RoleSelection) -> RoleSelection:
        """Whoever asks for commitment is its SCU; whoever reports to us is its SCP (PS3.4 J.2, PS3.7 D.3.3.4.2)."""
        may_ask = self._receiver.commitment is not CommitmentPolicy.NO
        return RoleSelection(asked.sop_class, asked.scu and may_ask, asked.scp and self._receiver.takes_reports)

    async def _keep_looking_up(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_UP_EVERY)
            await self._allowlist.look_up(self._not_found)

    def _not_found(self, name: str) -> None:
        fields: dict[str, str | int | float] = {"receiver": self._receiver.name, "host": name}
        self._means.emit(
            Event("peer.unknown_host", Level.WARNING, "the host name of a known peer has no address", fields)
        )
