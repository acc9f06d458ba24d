"""Through which group of rules the form was made that a delivery leaves in: as it was decided, not as it is shown.

A delivery names its variant, and variants are counted through all decisions of an instance. The decision that made it
is the last one that begins with it or before it: the one that counts, or an earlier one.
"""

from dicomrules.queue import encoding
from dicomrules.queue.errors import LedgerDamaged
from dicomrules.queue.transaction import Transaction


def group_of(tx: Transaction, delivery_id: int) -> str | None:
    """The name of the group; empty for the object as the rules alone made it, or as it came. None: nobody can tell."""
    rows = tx.run("decision_behind", (delivery_id,))
    if rows and rows[0][0] < 0:
        rows = tx.run("earlier_decision_behind", (delivery_id,))
    if not rows:
        return None
    place, raw = rows[0]
    try:
        return encoding.decode_outline(raw).variants[place].group
    except (LedgerDamaged, IndexError):
        return None
