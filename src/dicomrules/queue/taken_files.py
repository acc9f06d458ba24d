"""Which files of watched folders were taken and still lie there: a TakenFiles of `model.ports`, kept in the ledger."""

from collections.abc import Sequence

from dicomrules.queue.session import Session
from dicomrules.queue.transaction import GROUP


class KeptFiles:
    """Those of one ledger, by receiver and fingerprint."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def taken_files(self, receiver: str) -> set[bytes]:
        """The fingerprints of all files that were taken by this receiver and still lay there when it looked last."""
        with self._session.reading() as tx:
            return {fingerprint for (fingerprint,) in tx.run("taken_files", (receiver,))}

    def change_taken_files(self, receiver: str, taken: Sequence[bytes], gone: Sequence[bytes]) -> None:
        """Remember files that were taken, forget those that are gone."""
        changes = [("take_file", one) for one in taken] + [("forget_file", one) for one in gone]
        for start in range(0, len(changes), GROUP):
            with self._session.writing() as tx:
                for statement, fingerprint in changes[start : start + GROUP]:
                    tx.run(statement, (receiver, fingerprint))
