"""An association that we request and on which the peer may report events to us (N-EVENT-REPORT, PS3.7 10.1.1).

The peer may do so at any time, also between our request and its response. What it reports is kept until `next_report`
is asked for it; whoever took a report says what to answer.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dicomrules.model.exchange import CommandSet
from dicomrules.net.association import Association, Target
from dicomrules.net.failures import ProtocolViolation, TimedOut
from dicomrules.wire import dimse
from dicomrules.wire.associate import ProposedContext
from dicomrules.wire.dimse import CommandField
from dicomrules.wire.events import CommandReceived, DataFragment, WireEvent

_MOST_WAITING = 16  # reports that a peer may have sent without waiting for an answer


@dataclass(frozen=True, slots=True)
class EventReport:
    """An N-EVENT-REPORT-RQ with its data set."""

    context_id: int
    command: CommandSet
    data_set: bytes


class ReportedAssociation(Association):
    """An Association that takes reports. `most_bytes` caps the data set of one of them."""

    def __init__(self, target: Target, proposed: Sequence[ProposedContext], most_bytes: int) -> None:
        """As Association."""
        self._most_bytes = most_bytes
        self._reports: deque[EventReport] = deque()
        self._coming: CommandReceived | None = None  # the report whose data set is on its way
        self._data_set = bytearray()
        super().__init__(target, proposed)

    def next_report(self, seconds: float) -> EventReport | None:
        """The next report; None when none came in time. AssociationError when the peer has ended the association."""
        deadline = time.monotonic() + seconds
        with self._ending_on_error():
            while not self._reports:
                if self._end:
                    raise self._end
                try:
                    self._take_input(deadline)
                except TimedOut:
                    return None
            return self._reports.popleft()

    def answer(self, report: EventReport, status: int) -> None:
        """The N-EVENT-REPORT-RSP. AssociationError when it cannot be sent."""
        with self._ending_on_error():
            response = self._connection.command(report.context_id, dimse.response(report.command, status))
            self._send([response], time.monotonic() + self.target.response)

    def _on(self, event: WireEvent) -> None:
        if isinstance(event, CommandReceived) and event.command["CommandField"] == CommandField.N_EVENT_REPORT_RQ:
            self._coming = event
            if not event.has_data_set:
                self._whole()
        elif isinstance(event, DataFragment) and self._coming is not None:
            self._data_set += event.data
            if len(self._data_set) > self._most_bytes:
                self._end = ProtocolViolation("the peer sent a report without end")
            elif event.is_last:
                self._whole()
        else:
            super()._on(event)

    def _whole(self) -> None:
        """A report is there as a whole."""
        assert self._coming is not None
        self._reports.append(EventReport(self._coming.context_id, self._coming.command, bytes(self._data_set)))
        self._coming = None
        self._data_set.clear()
        if len(self._reports) > _MOST_WAITING:
            self._end = ProtocolViolation("the peer sent more reports than it may without an answer")
