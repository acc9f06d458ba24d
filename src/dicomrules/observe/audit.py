"""The audit trail: a sink that makes audit messages (PS3.15 A.5) of events and keeps them in the outbox.

Which events are told is said in one table. The messages leave later, by `syslog`, whenever the repository takes them;
images never wait for it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dicomrules.model.event import Event
from dicomrules.observe.audit_message import Application, Writer
from dicomrules.observe.transfers import Transfers, Way
from dicomrules.wire.associate import CONGESTED, LIMIT_EXCEEDED

# Keeps messages durably, in order. May raise; what it could not keep is lost, and said to be by whoever catches it.
Keep = Callable[[list[bytes]], None]

RECEIVED = "instance.received"
SENT = "instance.sent"
# Refusals that concern who somebody is or may be, not how much room there is.
ALERTS = frozenset({"association.rejected", "tls.refused", "stow.refused"})
_NO_ALERT = frozenset({CONGESTED.meaning, LIMIT_EXCEEDED.meaning})


class AuditTrail:
    """Hears every event of one process. `own` is the gateway itself, `applications` what is behind a destination."""

    def __init__(
        self,
        writer: Writer,
        keep: Keep,
        own: Application,
        applications: Mapping[str, Application],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer = writer
        self._keep = keep
        self._own = own
        self._applications = applications
        self._transfers = Transfers(writer)
        self._now = now

    def __call__(self, event: Event) -> None:
        """Take `event`, if it is one that the audit trail tells of."""
        messages = self._messages(event)
        if messages:
            self._keep(messages)

    def tick(self) -> None:
        """Time has passed: tell of transfers that are over."""
        if messages := self._transfers.tick(self._now()):
            self._keep(messages)

    def close(self) -> None:
        """Tell of everything that is under way."""
        if messages := self._transfers.tick(self._now(), all_of_them=True):
            self._keep(messages)

    def _messages(self, event: Event) -> list[bytes]:
        fields = {name: str(value) for name, value in event.fields.items()}
        if event.name == RECEIVED:
            own = Application(fields.get("called_aet", "") or self._own.aet, self._own.host)
            source = Application(fields.get("calling_aet", ""), fields.get("address", ""))
            way = Way(source, own, fields.get("study", ""), again=fields.get("arrival") == "duplicate")
            return self._transfers.took(way, fields.get("sop_class", ""), self._now())
        if event.name == SENT:
            name = fields.get("destination", "")
            way = Way(self._own, self._applications.get(name, Application("", name)), fields.get("study", ""))
            return self._transfers.took(way, fields.get("sop_class", ""), self._now())
        if event.name in ALERTS and event.text not in _NO_ALERT:
            who = Application(fields.get("calling_aet", ""), fields.get("address", ""))
            return [self._writer.alert(who, fields.get("why") or event.text, self._now())]
        return []
