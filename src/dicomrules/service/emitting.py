"""Where the events of one process go: to the log, and to the audit trail when there is one."""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.observe.audit import AuditTrail
from dicomrules.observe.audit_message import Application, Writer
from dicomrules.observe.emit import Background, fan_out
from dicomrules.observe.log import log_to
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.outbox import Outbox
from dicomrules.service.look import AUDIT
from dicomrules.service.plan import Plan


class Emitting:
    """The Emit of one process, made after the fork. Close it at the end."""

    def __init__(self, plan: Plan) -> None:
        log = log_to(sys.stderr, as_json=plan.log_as_json)
        self._trail: AuditTrail | None = None
        self._hears: Callable[[Event], bool] = log.hears
        if plan.settings.observing.audit is None:
            self._background = Background(log)
            return
        self._hears = lambda event: True
        trail = self._trail = audit_trail(plan, log)
        self._background = Background(fan_out(log, trail), tick=trail.tick)

    def __call__(self, event: Event) -> None:
        """Take `event`, from any thread, at once. What nobody hears wakes nobody: there are several an instance."""
        if self._hears(event):
            self._background(event)

    def close(self) -> None:
        """Take nothing more; tell what was taken."""
        self._background.close()
        if self._trail is not None:
            with suppress(LedgerError):  # said to the log by whoever keeps
                self._trail.close()


def writer(plan: Plan) -> Writer:
    """Writes the audit messages of this gateway."""
    return Writer(plan.settings.name, f"dicomrules {plan.settings.name}")


def audit_trail(plan: Plan, log: Emit) -> AuditTrail:
    """The audit trail of one process."""
    own = Application(plan.settings.aet, "")
    applications = {
        each.name: Application(each.aet, each.host)
        for each in plan.settings.destinations
        if isinstance(each, DicomDestination)
    }
    return AuditTrail(writer(plan), Keeping(plan, log), own, applications)


class Keeping:
    """Puts audit messages into the outbox, opened when the first comes; what cannot be kept is said to the log."""

    def __init__(self, plan: Plan, log: Emit) -> None:
        self._state = plan.settings.state
        self._log = log
        self._outbox: Outbox | None = None

    def __call__(self, messages: list[bytes]) -> None:
        """Keep them, in order."""
        try:
            if self._outbox is None:
                self._outbox = Outbox(self._state)
            lost = len(messages) - self._outbox.put(AUDIT, messages, datetime.now(UTC))
            why = "the outbox is full"
        except LedgerError as error:
            lost, why = len(messages), str(error)
        if lost:
            text = "audit messages could not be kept"
            self._log(Event("audit.lost", Level.ERROR, text, {"messages": lost, "why": why}))
