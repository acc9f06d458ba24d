"""Peers that ask for storage commitment and give it, made with pynetdicom: an independent implementation of both roles.

`Modality` stores, asks, and takes reports, on the association it asked on or on a port of its own. `Pacs` stores, is
asked, and reports as its `answers` say.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance, Verification

from tests.peers.running import until

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
CT = str(CTImageStorage)


@dataclass(frozen=True)
class Told:
    """One N-EVENT-REPORT as it came: instances by what it says of them, and by which association."""

    transaction: str
    event_type: int
    committed: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str, int], ...]
    calling_aet: str
    where: str  # same | new


def read(event: Any, where: str) -> Told:
    """A report in plain values."""
    said = event.event_information
    return Told(
        transaction=str(said.TransactionUID),
        event_type=int(event.event_type),
        committed=tuple(
            (str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID))
            for one in said.get("ReferencedSOPSequence", ())
        ),
        failed=tuple(
            (str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID), int(one.FailureReason))
            for one in said.get("FailedSOPSequence", ())
        ),
        calling_aet=event.assoc.requestor.ae_title,
        where=where,
    )


def reference(sop_class: str, sop_instance: str, reason: int | None = None) -> Dataset:
    """An item of a list of references."""
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = sop_class, sop_instance
    if reason is not None:
        one.FailureReason = reason
    return one


@dataclass
class Modality:
    """An application that sends images and wants them kept. Its reports come to `told`, whichever way."""

    gateway: int
    aet: str = "CT_A1"
    called: str = "DICOMRULES"
    port: int = 0  # listens for reports there; 0: it does not listen
    answers_report: int = 0x0000
    told: list[Told] = field(default_factory=list)
    roles_proposed: list[tuple[bool, bool]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = None
        if self.port:
            ae = AE(self.aet)
            ae.add_supported_context(StorageCommitmentPushModel, SYNTAXES, scu_role=False, scp_role=True)
            handlers = [(evt.EVT_N_EVENT_REPORT, self._take, ["new"]), (evt.EVT_REQUESTED, self._requested)]
            self._server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()

    def _requested(self, event: Any) -> None:
        for role in event.assoc.requestor.role_selection.values():
            self.roles_proposed.append((bool(role.scu_role), bool(role.scp_role)))

    def _take(self, event: Any, where: str) -> tuple[int, None]:
        self.told.append(read(event, where))
        return self.answers_report, None

    def associate(self) -> Any:
        """An association for storing and asking."""
        ae = AE(self.aet)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20  # its threads miss one another now and then
        ae.add_requested_context(Verification)
        ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
        ae.add_requested_context(StorageCommitmentPushModel, SYNTAXES)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._take, ["same"])]
        association = ae.associate("127.0.0.1", self.gateway, ae_title=self.called, evt_handlers=handlers)
        assert association.is_established
        return association

    def store(self, *images: Dataset) -> list[str]:
        """Store these; their UIDs. Every one must be acknowledged.

        Each has an association of its own: on one, pynetdicom's two threads now and then compete for a response.
        """
        for image in images:
            association = self.associate()
            try:
                assert association.send_c_store(image).Status == 0
            finally:
                association.release()
        return [str(image.SOPInstanceUID) for image in images]

    def ask(
        self, instances: Sequence[tuple[str, str]], transaction: str = "", stay: Callable[[], object] | None = None
    ) -> tuple[int, str]:
        """Ask for commitment to (SOP class, SOP instance) pairs, and stay until `stay` is true; status, transaction."""
        asked = Dataset()
        asked.TransactionUID = transaction or generate_uid()
        asked.ReferencedSOPSequence = [reference(*one) for one in instances]
        association = self.associate()
        try:
            status, _ = association.send_n_action(
                asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
            if stay is not None:
                until(stay, 30, "a report on the same association")
        finally:
            association.release()
        return int(status.Status), str(asked.TransactionUID)

    def report_on(self, transaction: str, seconds: float = 30) -> Told:
        """The report on a transaction, when it has come."""
        until(lambda: any(one.transaction == transaction for one in self.told), seconds, "a report")
        return next(one for one in self.told if one.transaction == transaction)


@dataclass(frozen=True)
class Question:
    """One N-ACTION as it came."""

    transaction: str
    instances: tuple[tuple[str, str], ...]
    calling_aet: str


# What a PACS does with a question: `pacs.report(…)` as often as it likes, or nothing.
Answering = Callable[["Pacs", Question, Any], None]


def commits(pacs: "Pacs", question: Question, association: Any) -> None:
    """All of it, at once, on a new association."""
    pacs.report(question.transaction, question.instances)


def never(pacs: "Pacs", question: Question, association: Any) -> None:
    """No report at all."""


@dataclass
class Pacs:
    """A destination that is asked for storage commitment. It reports to `gateway`, called `calls`."""

    port: int
    gateway: int
    aet: str = "PACS"
    calls: str = "DICOMRULES"
    answering: Answering = commits
    action_status: int = 0x0000
    stored: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # what its reports were answered
    roles_answered: list[tuple[bool | None, bool | None]] = field(default_factory=list)
    reporting: int = 0  # reports that are being made just now

    def begin(self) -> None:
        """As if it had just been started: a good one that has seen nothing."""
        until(lambda: not self.reporting, 30, "its last report to be answered")
        self.answering, self.action_status = commits, 0x0000
        for seen in (self.stored, self.questions, self.statuses, self.roles_answered):
            seen.clear()

    def __enter__(self) -> Self:
        ae = AE(self.aet)
        ae.add_supported_context(CTImageStorage, ExplicitVRLittleEndian)
        ae.add_supported_context(StorageCommitmentPushModel, SYNTAXES)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._asked)]
        self._server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    def _store(self, event: Any) -> int:
        self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    def _asked(self, event: Any) -> tuple[int, None]:
        said = event.action_information
        question = Question(
            transaction=str(said.TransactionUID),
            instances=tuple(
                (str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID))
                for one in said.ReferencedSOPSequence
            ),
            calling_aet=event.assoc.requestor.ae_title,
        )
        self.questions.append(question)
        if self.action_status == 0:
            threading.Thread(target=self._answer, args=(question, event.assoc), daemon=True).start()
        return self.action_status, None

    def _answer(self, question: Question, association: Any) -> None:
        time.sleep(0.2)  # the N-ACTION-RSP goes first
        self.answering(self, question, association)

    def report(
        self,
        transaction: str,
        committed: Sequence[tuple[str, str]] = (),
        failed: Sequence[tuple[str, str, int]] = (),
        association: Any = None,
    ) -> None:
        """One N-EVENT-REPORT, on that association or on a new one."""
        self.reporting += 1
        try:
            self._report(transaction, committed, failed, association)
        finally:
            self.reporting -= 1

    def _report(
        self,
        transaction: str,
        committed: Sequence[tuple[str, str]],
        failed: Sequence[tuple[str, str, int]],
        association: Any,
    ) -> None:
        said = Dataset()
        said.TransactionUID = transaction
        if committed:
            said.ReferencedSOPSequence = [reference(*one) for one in committed]
        if failed:
            said.FailedSOPSequence = [reference(*one) for one in failed]
        over = association or self._call()
        status, _ = over.send_n_event_report(
            said, 2 if failed else 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        self.statuses.append(int(status.Status) if "Status" in status else -1)
        if association is None:
            over.release()

    def _call(self) -> Any:
        ae = AE(self.aet)
        ae.acse_timeout = ae.dimse_timeout = 60
        ae.add_requested_context(StorageCommitmentPushModel, SYNTAXES)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        over = ae.associate("127.0.0.1", self.gateway, ae_title=self.calls, ext_neg=[role])
        assert over.is_established
        context = over.accepted_contexts[0]
        self.roles_answered.append((context.as_scu, context.as_scp))
        return over
