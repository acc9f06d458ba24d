"""Moving on what is delivered, and forgetting what is over.

Files come first, rows after: a file is moved or removed, then its row says so. A crash between leaves a row whose
file has moved, which the spool finds, or is gone, and the same step is done again; never a file that no row knows.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from dicomrules.model.delivery import State
from dicomrules.queue import encoding
from dicomrules.queue.entry import InstanceState, Kept
from dicomrules.queue.session import Session
from dicomrules.queue.transaction import GROUP, Row, Transaction


class Retention:
    """What is over in one ledger."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def finished(self, limit: int) -> list[Kept]:
        """Instances whose deliveries are all sent and whose files still lie in `waiting`, oldest first."""
        with self._session.reading() as tx:
            return [Kept(*row) for row in tx.run("delivered", (limit,))]

    def mark_moved(self, moved: Sequence[Kept]) -> None:
        """The files of these instances have been moved: their new refs. Those that were finished are done."""
        for start in range(0, len(moved), GROUP):
            with self._session.writing() as tx:
                _mark_moved(tx, moved[start : start + GROUP])

    def expired(self, before: Callable[[Collection[str]], datetime], limit: int) -> list[Kept]:
        """Up to `limit` instances whose bytes are still kept, and need not be: those that were done `before` the moment
        that counts for what went to these destinations.
        """
        with self._session.reading() as tx:
            return [Kept(*row) for row in _expired(tx, before, limit)]

    def mark_removed(self, instances: Sequence[int]) -> None:
        """The files of these instances have been removed; only their history stays."""
        for start in range(0, len(instances), GROUP):
            with self._session.writing() as tx:
                _mark_removed(tx, instances[start : start + GROUP])

    def forget(self, before: datetime) -> int:
        """Delete the history of up to GROUP instances without bytes that were over before that moment, whose studies
        were that have not been seen since, and what was asked about destinations; how many.
        """
        at = encoding.micros(before)
        with self._session.reading() as tx:
            if not any(tx.run(table, (at, 1)) for table in ("gone_before", "studies_before", "requests_before")):
                return 0
        with self._session.writing() as tx:
            return _forget(tx, before, GROUP)


def _mark_moved(tx: Transaction, moved: Iterable[Kept]) -> None:
    """These instances' files have other refs now; those that were delivered are done."""
    for kept in moved:
        for (state,) in tx.run("instance_state", (kept.instance_id,)):
            after = InstanceState.DONE if state == InstanceState.DELIVERED else InstanceState(state)
            tx.run("move_instance", (kept.spool_ref, kept.derived_ref, after.value, kept.instance_id))
            tx.move_instance(InstanceState(state), after)


def mark_done(tx: Transaction, instances: Iterable[int], now: datetime) -> None:
    """These are over, and their files are where such files lie: they are kept for a whole retention from now on."""
    for identity in instances:
        if tx.run("done_long_ago", (encoding.micros(now), identity)):
            tx.move_instance(InstanceState.DELIVERED, InstanceState.DONE)


def _expired(tx: Transaction, before: Callable[[Collection[str]], datetime], limit: int) -> list[Row]:
    """Up to `limit` instances with bytes that were done before what counts for their destinations, with their refs."""
    found: list[Row] = []
    for (names,) in tx.run("kept_for"):
        at = encoding.micros(before(names.split(",") if names else ()))
        found += tx.run("done_before", (names, at, limit - len(found)))
    return found


def _mark_removed(tx: Transaction, instances: Iterable[int]) -> None:
    """The files of these instances, which were done, are removed."""
    for identity in instances:
        if tx.run("bytes_removed", (identity,)):
            tx.move_instance(InstanceState.DONE, InstanceState.GONE)


def _forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the rows of up to `limit` instances without bytes that were over `before`, of as many studies' patients,
    and of as many requests about whole destinations; how many.
    """
    found = tx.run("gone_before", (encoding.micros(before), limit))
    asked = tx.run("requests_before", (encoding.micros(before), limit))
    studies: set[Row] = set()
    for identity in found:
        tx.run("forget_attempts", identity)
        tx.run("forget_commitments", identity)
        tx.run("forget_requests", identity)
        tx.run("forget_earlier", identity)
        tx.run("forget_forms", identity)
        for destination, state in tx.run("forget_deliveries", identity):
            tx.count("delivery", destination, State(state), -1)
        tx.run("forget_variants", identity)
        studies.update(tx.run("forget_instance", identity))
        tx.count("instance", "", InstanceState.GONE, -1)
    for study in studies:
        tx.run("forget_consignments", study)
    patients = tx.run("studies_before", (encoding.micros(before), limit))
    for identity in patients:
        tx.run("forget_study_patient", identity)
    for identity in asked:
        tx.run("forget_request", identity)
    return len(found) + len(patients) + len(asked)
