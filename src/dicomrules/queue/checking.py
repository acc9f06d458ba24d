"""Looking through the whole ledger, beside those who use it."""

from pathlib import Path

from dicomrules.queue.connection import open_for_reading, told
from dicomrules.queue.errors import LedgerDamaged, LedgerError


def problem_of(state: Path) -> str:
    """What SQLite finds wrong with the structure of the ledger in `state`; empty: nothing, or nobody can look."""
    try:
        connection = open_for_reading(state)
        try:
            with told():
                found = connection.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            connection.close()
    except LedgerDamaged as error:
        return str(error)
    except LedgerError:
        return ""  # the disk, or a newer version: not for us to mend
    return "" if found == [("ok",)] else f"the ledger is damaged: {str(found[0][0])[:200]}"
