"""The time of day was set back: moments in the ledger lie in a future that nobody meant. What waits is due now.

A destination that is away is not asked more often for that: its pause is no moment in the ledger. What waits for the
quiet of a study waits for it from now on.
"""

from datetime import datetime

from dicomrules.queue import encoding
from dicomrules.queue.transaction import Transaction


def is_ahead(tx: Transaction, now: datetime) -> bool:
    """Whether the last instance came later than it is now."""
    last = tx.run("last_arrival")
    return bool(last) and bool(last[0][0] > encoding.micros(now))


def due_later(tx: Transaction, destination: str, now: datetime) -> list[int]:
    """The consignments of a destination in which something waits for a later moment."""
    return [identity for (identity,) in tx.run("due_later", (destination, encoding.micros(now)))]


def due_now(tx: Transaction, consignment: int, now: datetime, limit: int) -> bool:
    """A consignment is due, and up to `limit` deliveries in it are; whether there may be more."""
    at = encoding.micros(now)
    ((quiet,),) = tx.run("consignment_due_now", (at, consignment))
    return len(tx.run("due_now", (at + quiet, consignment, limit))) == limit


def commitments_due_now(tx: Transaction, destination: str, now: datetime) -> None:
    """What this destination has stored is asked about."""
    tx.run("commitments_due_now", (encoding.micros(now), destination))


def all_else_due_now(tx: Transaction, now: datetime) -> None:
    """Held instances are decided again, and reports on storage commitment are made."""
    for name in ("retries_due_now", "requests_due_now"):
        tx.run(name, (encoding.micros(now),))
