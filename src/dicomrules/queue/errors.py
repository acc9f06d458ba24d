"""What can go wrong with the ledger."""


class LedgerError(Exception):
    """The ledger could not read or write.

    Whether what was asked for was kept is unknown until the next start: answer nobody, delete nothing.
    """


class LedgerRefused(LedgerError):
    """The ledger must not be opened as things are: made by a newer version, SQLite too old, no ledger there."""


class LedgerDamaged(LedgerError):
    """The ledger's file is not what was written. Keep it aside and make a new one from the spool."""
