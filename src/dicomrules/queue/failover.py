"""A consignment goes to another destination, because its own cannot be reached (S58).

Its deliveries become deliveries of the other destination, in the form and with the options that the decision has for
that. The consignment stays marked, so that what still comes of the study follows; a study stays where it went as long
as that can be reached. The history of a delivery keeps the attempts at both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dicomrules.model.decision import Options
from dicomrules.model.delivery import Kind, State
from dicomrules.model.instance import Verdict
from dicomrules.queue import consign, encoding
from dicomrules.queue.consign import Way
from dicomrules.queue.session import Session
from dicomrules.queue.transaction import GROUP, Row, Transaction


@dataclass(frozen=True, slots=True)
class Diverted:
    """A consignment whose deliveries go to `stand_in`, and when the last of them went."""

    consignment: int
    stand_in: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StandIn:
    """A destination that deliveries may move to; of `only_through`, not empty, only what went through these groups."""

    name: str
    only_through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """One delivery as it will be: its variant (counted from 0 in the decision), options and way."""

    id: int
    before: State
    instance_id: int
    variant: int
    options: bytes | None
    way: Way


class Failover:
    """The deliveries of one ledger that go to what stands in for their destination."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def divert(self, destination: str, to: StandIn, schedules: Sequence[str], now: datetime) -> int:
        """Move up to GROUP deliveries of one consignment that `to` stands in for; how many. 0: nothing is left."""
        with self._session.reading() as tx:
            consignment = _replaceable(tx, destination, to.name, schedules, now)
        return self.follow(consignment, destination, to, now) if consignment else 0

    def follow(self, consignment: int, destination: str, to: StandIn, now: datetime) -> int:
        """Move up to GROUP deliveries of this consignment; how many."""
        with self._session.reading() as tx:
            rows = tx.run("to_divert", (consignment, GROUP))
        moving = _prepare(rows, to)
        with self._session.writing() as tx:
            return _divert(tx, consignment, destination, to.name, moving, now)

    def diverted(self, destination: str, limit: int = 16) -> list[Diverted]:
        """Consignments of this destination that go elsewhere and have something waiting."""
        with self._session.reading() as tx:
            return _diverted(tx, destination, limit)

    def divert_from(self, consignment: int, now: datetime | None) -> None:
        """From now on this consignment goes to what stands in; None: it no longer does."""
        with self._session.writing() as tx:
            tx.run("diverted_at", (encoding.optional_micros(now), consignment))


def _replaceable(tx: Transaction, destination: str, stand_in: str, schedules: Sequence[str], now: datetime) -> int:
    """A consignment that `stand_in` may take from this destination, longest waiting; 0: there is none.

    What waits for a schedule, or for the quiet of its study, does not wait for the destination.
    """
    for schedule in schedules:
        for (identity,) in tx.run("replaceable", (destination, stand_in, schedule, encoding.micros(now))):
            return int(identity)
    return 0


def _diverted(tx: Transaction, destination: str, limit: int) -> list[Diverted]:
    """Consignments of this destination that go elsewhere and have something waiting."""
    return [
        Diverted(identity, stand_in, encoding.moment(at))
        for identity, stand_in, at in tx.run("diverted", (destination, limit))
    ]


def _prepare(rows: Sequence[Row], stand_in: StandIn) -> list[Moving]:
    """What becomes of deliveries at `stand_in`; without those that the decision has no way there for, or one past the
    groups that it asks for: these wait on.
    """
    found, to = [], stand_in.name
    for identity, state, instance_id, study, raw in rows:
        decision = encoding.decode_outline(raw)
        for number, variant in enumerate(decision.variants):
            said = next((one for one in variant.options if one.destination == to), None)
            allowed = not stand_in.only_through or variant.group in stand_in.only_through
            if allowed and variant.verdict is Verdict.SEND and (said is not None or to in variant.destinations):
                way = consign.way(study, said, consign.successors(decision).get(to, ""))
                found.append(Moving(identity, State(state), instance_id, number, _options(said), way))
                break
    return found


def _divert(tx: Transaction, consignment: int, source: str, to: str, moving: Sequence[Moving], now: datetime) -> int:
    """Move these deliveries of a consignment, as far as they still wait in it; how many."""
    at, count = encoding.micros(now), 0
    message = f"goes to {to} instead: {source} cannot be reached"
    for one in moving:
        target = consign.consigned(tx, to, one.way, at - one.way.quiet)
        ((variant_id,),) = tx.run("variant_numbered", (one.instance_id, one.variant))
        columns = (to, variant_id, one.options, target, at, one.id, consignment)
        for (attempts,) in tx.run("divert", columns):
            tx.run("insert_attempt", (one.id, attempts, 0, Kind.DEFERRED.value, None, message, None, at, at))
            tx.count("delivery", source, one.before, -1)
            tx.count("delivery", to, State.QUEUED)
            count += 1
        tx.run("diverted_at", (None, target))
    if count:
        tx.run("diverted_at", (at, consignment))
    consign.served(tx, consignment, at)
    return count


def _options(said: Options | None) -> bytes | None:
    return encoding.encode_options(said)
