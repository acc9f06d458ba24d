"""The ledger: every instance that was taken over, every delivery it owes, every attempt, in one SQLite file.

One object a process, made after the fork. Every method may be called from any thread and blocks until its transaction
is on the disk. Every transaction is short: at most GROUP rows, encoded before and decoded after the writer's lock is
held, and no other I/O inside. After an error of the disk the ledger writes no more until it is opened again, because
the kernel tells such an error only once; all methods then raise LedgerError.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from dicomrules.model.decision import Decision
from dicomrules.model.delivery import Delivery, Standing, State
from dicomrules.model.instance import Envelope
from dicomrules.queue import consign, deciding, encoding, lanes, recording, set_back
from dicomrules.queue.connection import FILE, open_for_writing
from dicomrules.queue.consign import ANY, Choice
from dicomrules.queue.entry import Arrival, Entry, Held, Recorded
from dicomrules.queue.errors import LedgerDamaged
from dicomrules.queue.failover import Failover
from dicomrules.queue.lanes import Ended
from dicomrules.queue.log import WriteAheadLog
from dicomrules.queue.requests import Requests
from dicomrules.queue.retention import Retention, mark_done
from dicomrules.queue.session import Session
from dicomrules.queue.taken_files import KeptFiles
from dicomrules.queue.transaction import GROUP, Transaction

T = TypeVar("T")


class Ledger:
    """The writing side. `Reader` is the reading one."""

    def __init__(self, state: Path) -> None:
        """As `open`."""
        self._session = Session(state, open_for_writing)
        self.log = WriteAheadLog(state / FILE, self._session)
        self.requests = Requests(self._session)
        self.failover = Failover(self._session)
        self.retention = Retention(self._session)
        self.taken = KeptFiles(self._session)

    @classmethod
    def open(cls, state: Path) -> Self:
        """The ledger in the folder `state`, made when there is none.

        Raises LedgerRefused, LedgerDamaged, LedgerError.
        """
        return cls(state)

    def close(self) -> None:
        """Close it, when no thread uses it any more."""
        self.log.close()
        self._session.close()

    @property
    def failure(self) -> str:
        """Why it writes no more until it is opened again; empty as long as it does."""
        return self._session.failure

    # Intake

    def record(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Record up to GROUP instances in one transaction; the answers in order.

        Once it returns, they survive a power cut. On LedgerError none may be acknowledged, and their files are left
        where they are.
        """
        if len(entries) > GROUP:
            raise ValueError(f"at most {GROUP} instances are recorded at once")
        prepared = [recording.prepare(entry) for entry in entries]
        with self._writing() as tx:
            return recording.record(tx, prepared)

    def record_history(self, entries: Sequence[Entry], now: datetime) -> list[Recorded]:
        """Record instances of a lost ledger that were done: they have files, and nothing is to be sent of them."""
        prepared = [recording.prepare(entry) for entry in entries]
        with self._writing() as tx:
            recorded = recording.record(tx, prepared)
            mark_done(tx, [each.instance_id for each in recorded if each.arrival is Arrival.NEW], now)
        return recorded

    def knows_file(self, sop_instance: str, ref: str) -> bool:
        """Whether an instance of this UID has this spool file, wherever that lies now."""
        name = ref.rpartition("/")[2]
        with self._reading() as tx:
            return any(known.endswith(name) for (known,) in tx.run("refs_of_uid", (sop_instance,)))

    def is_over(self, one: Envelope) -> bool:
        """Whether the same bytes came from the same peer after this, and all is over with them, down to their files."""
        with self._reading() as tx:
            return bool(tx.run("came_later", recording.same_again(one)))

    def note_crash(self, sop_instance: str, length: int) -> int:
        """An object was left behind undecided when the process died; how often that has happened to it now."""
        with self._writing() as tx:
            ((count,),) = tx.run("note_crash", (sop_instance, length))
        return int(count)

    def crashes(self) -> dict[tuple[str, int], int]:
        """All crash counts, to be read once at start: they change only then."""
        with self._reading() as tx:
            return {(sop_instance, length): count for sop_instance, length, count in tx.run("crashes")}

    # Held instances

    def due_again(self, now: datetime, until: datetime, limit: int) -> list[Held]:
        """Up to `limit` held instances that are to be decided again, longest due first.

        They come again at `until` unless `decide_again` says something else: so one whose deciding takes the process
        down is not the first thing the next one does. One whose row is damaged is held for a person.
        """
        with self._reading() as tx:
            found = [identity for (identity,) in tx.run("to_decide", (encoding.micros(now), min(limit, GROUP)))]
        if not found:
            return []
        with self._writing() as tx:
            for identity in found:
                tx.run("postpone", (encoding.micros(until), identity))
        return [one for identity in found if (one := self.instance(identity)) is not None]

    def decide_again(self, one: Held, decision: Decision, now: datetime) -> bool:
        """Write what a later decision made of a held instance; False when it is no longer held for one."""
        prepared = deciding.prepare(one, decision, now)
        with self._writing() as tx:
            return deciding.decide(tx, prepared)

    def rules_are(self, fingerprint: str, now: datetime) -> int:
        """These are the rules from now on: what others hold for a later decision is due. How many that are."""
        count, after = 0, 0
        while True:
            with self._reading() as tx:
                found = tx.run("held_under_others", (bytes.fromhex(fingerprint), after, GROUP))
            if not found:
                return count
            with self._writing() as tx:
                for (identity,) in found:
                    tx.run("decide_now", (encoding.micros(now), identity))
            count, after = count + len(found), found[-1][0]

    def instance(self, identity: int) -> Held | None:
        """An instance with what was decided of it last; None when it is unknown, or damaged: then it is held."""
        with self._reading() as tx:
            rows = tx.run("held_instance", (identity,))
            patches = tx.run("patches", (identity,))
        if not rows:
            return None
        try:
            return deciding.held(identity, rows[0], [encoding.decode_patch(patch) for (patch,) in patches])
        except LedgerDamaged:
            with self._writing() as tx:
                tx.run("hold_instance", (lanes.DAMAGED, identity))
            return None

    # Delivery

    def claim(self, destination: str, limit: int, now: datetime, choice: Choice = ANY) -> list[Delivery]:
        """Begin an attempt of up to `limit` (at most GROUP) deliveries that are due, all of one consignment.

        They come oldest first; one whose row is damaged is held instead. `attempts` of each is the number of the
        attempt that begins. Writes nothing when nothing is due.
        """
        with self._reading() as tx:
            if not consign.anything_due(tx, destination, choice, now):
                return []
        with self._writing() as tx:
            rows = lanes.claim(tx, destination, min(limit, GROUP), now, choice)
        deliveries, damaged = lanes.readable(rows)
        if damaged:
            with self._writing() as tx:
                lanes.hold_damaged(tx, damaged)
        return deliveries

    def record_outcomes(self, ended: Sequence[Ended], now: datetime) -> list[bool]:
        """Write down how attempts ended; for each whether it counted.

        One does not count when its delivery was taken from that attempt meanwhile; it is kept in the history. The
        last delivery sent makes its instance `delivered`; a corrupt one holds its instance and all that is still
        queued of it.
        """
        prepared = [lanes.prepare(one) for one in ended]
        counted: list[bool] = []
        for start in range(0, len(prepared), GROUP):
            with self._writing() as tx:
                counted += lanes.record_outcomes(tx, prepared[start : start + GROUP], now)
        return counted

    def give_back(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Queue claimed deliveries again whose attempt never began, because the lane is closing."""
        self._requeue([delivery.id for delivery in deliveries], State.SENDING, now)

    def requeue(self, deliveries: Sequence[int], now: datetime) -> int:
        """Queue failed deliveries again, because a person said so; how many of them were failed."""
        return self._requeue(deliveries, State.FAILED, now)

    def recover(self, now: datetime, *, suspected: bool = False) -> int:
        """Queue again what was being sent when the delivery process ended; how many. Before any lane starts.

        `suspected`: it died of itself, maybe of one of them. What was there every time that it died has failed.
        """
        count, places = 0, [0] * lanes.CRASHES
        for destination in self.destinations():
            while True:
                with self._writing() as tx:
                    found = lanes.cut_off(tx, destination, GROUP, now, places if suspected else None)
                count += found
                if found < GROUP:
                    break
        return count

    def take_back(self, now: datetime) -> int:
        """Queue again what is being sent and will not end in time, because the process is told to end; how many.

        An outcome that comes after all does not count. No delivery is suspected of anything.
        """
        count = 0
        for destination in self.destinations():
            with self._reading() as tx:
                sending = [identity for identity, *_ in tx.run("sending", (destination, 1_000_000))]
            count += self._requeue(sending, State.SENDING, now)
        return count

    def is_ahead_of(self, now: datetime) -> bool:
        """Whether the time of day has been set back since the last instance came."""
        with self._reading() as tx:
            return set_back.is_ahead(tx, now)

    def due_now(self, now: datetime) -> None:
        """The time of day was set back to `now`: nothing waits for a moment that it had been."""
        for destination in self.destinations():
            with self._reading() as tx:
                later = set_back.due_later(tx, destination, now)
            for consignment in later:
                more = True
                while more:
                    with self._writing() as tx:
                        more = set_back.due_now(tx, consignment, now, GROUP)
            with self._writing() as tx:
                set_back.commitments_due_now(tx, destination, now)
        with self._writing() as tx:
            set_back.all_else_due_now(tx, now)

    def form_of_another(self, delivery: Delivery, how: str) -> Delivery | None:
        """`delivery` in the form that was made the way `how` for another one of its variant; None: none was."""
        with self._reading() as tx:
            found = tx.run("form_of_another", (delivery.id, how))
        return lanes.in_form(delivery, *found[0]) if found else None

    def keep_form(self, formed: Delivery, how: str, leaves_as: str | None) -> None:
        """From now on this delivery leaves as `formed` is: pixels coded anew in the way `how`."""
        patch = encoding.encode_patch(formed.patch)
        with self._writing() as tx:
            tx.run("keep_form", (formed.id, how, formed.transfer_syntax, leaves_as, patch))

    def sent_before(self, delivery: Delivery) -> datetime | None:
        """When this destination took these very bytes (as received, with the same patch) before; None: it never did.

        As far back as the ledger remembers.
        """
        with self._reading() as tx:
            ((at,),) = tx.run("sent_before", (delivery.id,))
        return encoding.optional_moment(at)

    def sent_once(self, delivery: Delivery) -> datetime | None:
        """When another instance with the same content was sent to this destination; None: none was (S59).

        Under `only once per …`, one with the same SOP Instance UID, whatever its content.
        """
        with self._session.reading() as tx:
            if delivery.options is not None and delivery.options.once_per is not None:
                ((at,),) = tx.run("uid_sent", (delivery.sop_instance, delivery.instance_id, delivery.destination))
            else:
                ((at,),) = tx.run("same_sent", (delivery.id,))
        return encoding.optional_moment(at)

    def note_standing(
        self, destination: str, standing: Standing, words: str, at: tuple[datetime, datetime | None]
    ) -> None:
        """How a destination is from now on, and why. `at`: now, and when it is asked again."""
        since, until = at
        times = (encoding.micros(since), encoding.optional_micros(until))
        with self._session.writing() as tx:
            tx.run("note_standing", (destination, standing.value, *times, words))

    def standings(self) -> dict[str, Standing]:
        """How destinations were found last; one that was never in trouble is not among them."""
        with self._session.reading() as tx:
            return {name: Standing(standing) for name, standing, *_ in tx.run("standings")}

    def next_due(self, destination: str, schedules: tuple[str, ...] = ("",)) -> datetime | None:
        """When a destination's first delivery is due (in the past, for a queued one); None when none waits.

        Of what waits for a schedule, only what these `schedules` are about is looked at.
        """
        with self._reading() as tx:
            return encoding.optional_moment(consign.next_due(tx, destination, schedules))

    def schedules(self) -> list[str]:
        """Every schedule that something has to wait for."""
        with self._reading() as tx:
            return [name for (name,) in tx.run("schedules")]

    def destinations(self) -> list[str]:
        """Every destination that has or had a delivery, whether it is still in the gateway file or not."""
        with self._reading() as tx:
            return [name for (name,) in tx.run("destinations")]

    # For the other modules of this room

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` reads; it must be short."""
        with self._reading() as tx:
            return work(tx)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` does, as one transaction: short, and with no other I/O inside."""
        with self._writing() as tx:
            return work(tx)

    # Within

    def _requeue(self, deliveries: Sequence[int], before: State, now: datetime) -> int:
        count = 0
        for start in range(0, len(deliveries), GROUP):
            with self._writing() as tx:
                count += lanes.requeue(tx, deliveries[start : start + GROUP], before, now)
        return count

    def _reading(self) -> AbstractContextManager[Transaction]:
        return self._session.reading()

    def _writing(self) -> AbstractContextManager[Transaction]:
        return self._session.writing()
