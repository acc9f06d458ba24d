"""The last look before anything goes to a destination that takes only what went through certain groups of rules.

`validate` proves that no route passes them by (DR614). Whatever else might lead there is stopped here, in the one place
that everything passes on its way to such a destination: deliveries that older rules decided, what stands in for
another destination, what a person sends again or as it came. It is held, with the reason; nothing is sent, and nothing
is lost. Other destinations are not wrapped, and pay nothing.
"""

from collections.abc import Iterator, Sequence

from dicomrules.model.delivery import Delivery, Kind, Outcome
from dicomrules.model.destination import Destination, takes_only
from dicomrules.model.ports import Sender
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.groups import group_of
from dicomrules.queue.ledger import Ledger


class GuardedSender:
    """A Sender that hands to another one what that may get."""

    def __init__(self, inner: Sender, groups: Sequence[str], ledger: Ledger) -> None:
        self._inner = inner
        self._groups = groups
        self._ledger = ledger

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """As the other one does; what it may not get ends in an outcome too."""
        allowed: list[Delivery] = []
        for delivery in deliveries:
            refused = self._refused(delivery)
            if refused is None:
                allowed.append(delivery)
            else:
                yield delivery, refused
        if allowed:
            yield from self._inner.send(allowed)

    def close(self) -> None:
        """Close the other one."""
        self._inner.close()

    def _refused(self, delivery: Delivery) -> Outcome | None:
        try:
            group = self._ledger.read(lambda tx: group_of(tx, delivery.id))
        except LedgerError as error:
            return Outcome(Kind.DEFERRED, f"the ledger does not say through which group it went: {error}")
        if group is not None and group in self._groups:
            return None
        return Outcome(Kind.HELD, f"{takes_only(self._groups)}, and {_went(group)}; release decides it again")


def guarded(sender: Sender, destination: Destination, ledger: Ledger) -> Sender:
    """The sender of a destination, behind the look when the destination asks for one."""
    return GuardedSender(sender, destination.only_through, ledger) if destination.only_through else sender


def _went(group: str | None) -> str:
    if group is None:
        return "the ledger no longer tells what this went through"
    return f"this went through {group}" if group else "this did not"
