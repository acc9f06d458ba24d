"""The ledger beside a model of it in a few lines: the same steps, the same answers, at every step."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dicomrules.model.decision import Decision, Options
from dicomrules.model.delivery import Delivery, Kind, Standing, State
from dicomrules.model.instance import Verdict
from dicomrules.queue.consign import Choice
from dicomrules.queue.entry import Arrival, InstanceState, Kept
from dicomrules.queue.failover import StandIn
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import MODALITY, NOW, decision, entry, envelope, outcome

DESTINATIONS = ("pacs", "archive")
OTHER = {"pacs": "archive", "archive": "pacs"}
UIDS = tuple(f"1.2.3.{n}" for n in range(4))
AFTER = {
    Kind.SENT: State.SENT,
    Kind.STORED: State.STORED,
    Kind.DEFERRED: State.DEFERRED,
    Kind.FAILED: State.FAILED,
    Kind.KNOWN: State.SENT,
    Kind.HELD: State.HELD,
    Kind.CORRUPT: State.HELD,
}


@dataclass
class Owed:
    """One delivery of the model. `elsewhere` is what `during` is at the other destination."""

    destination: str
    state: State
    during: str = ""
    stand_in: str = ""
    attempts: int = 0
    due: int = 0
    elsewhere: str = ""

    @property
    def way(self) -> tuple[str, str, str]:
        """Its consignment: all instances are of one study."""
        return self.destination, self.during, self.stand_in

    def waits(self, minute: int) -> bool:
        return self.state is State.QUEUED or (self.state is State.DEFERRED and self.due <= minute)


@dataclass
class Known:
    """One instance of the model."""

    uid: str
    content: str
    peer: str
    verdict: Verdict
    state: InstanceState
    copies: int = 1
    owed: list[Owed] = field(default_factory=list)

    @property
    def open(self) -> int:
        return sum(one.state is not State.SENT for one in self.owed)


class QueueMachine(RuleBasedStateMachine):
    """Instances arrive, lanes claim and report, processes die, the sweep goes by. Time is a counter of minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = Ledger.open(self.folder)
        self.reader = Reader.open(self.folder)
        self.known: dict[int, Known] = {}
        self.claimed: list[Delivery] = []
        self.owed: dict[int, tuple[int, Owed]] = {}
        self.minute = 0
        self.diverted: set[tuple[str, str, str]] = set()
        self.standings: dict[str, tuple[Standing, int]] = {}  # and since which minute

    def teardown(self) -> None:
        self.reader.close()
        self.ledger.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.minute)

    @rule(
        uid=st.sampled_from(UIDS),
        content=st.sampled_from("ab"),
        peer=st.sampled_from(("CT_A1", "ORTHANC")),
        destinations=st.sets(st.sampled_from(DESTINATIONS)),
        verdict=st.sampled_from((Verdict.SEND, Verdict.SEND, Verdict.SEND, Verdict.HOLD, Verdict.REJECT)),
        during=st.sampled_from(("", "", "nights")),
    )
    def arrives(self, uid: str, content: str, peer: str, destinations: set[str], verdict: Verdict, during: str) -> None:
        """What goes to one destination only has the other as its stand-in."""
        order = tuple(sorted(destinations))
        arriving = entry(uid, *order, content=uid + content, peer=replace(MODALITY, calling_aet=peer))
        if order:
            arriving = replace(arriving, decision=_by_routes(arriving.decision, order, during))
        if verdict is not Verdict.SEND:
            arrived = envelope(uid, uid + content, replace(MODALITY, calling_aet=peer))
            ref = "" if verdict is Verdict.REJECT else "held/x.dcm"
            arriving = replace(arriving, decision=decision(arrived, verdict=verdict), spool_ref=ref)
            order = ()
        (answer,) = self.ledger.record([arriving])
        same_peer = {i: one for i, one in self.known.items() if (one.uid, one.peer) == (uid, peer)}
        kept = [i for i, one in same_peer.items() if one.content == content and one.state is not InstanceState.GONE]
        if arriving.spool_ref and kept:
            assert (answer.arrival, answer.instance_id) == (Arrival.DUPLICATE, kept[-1])
            self.known[kept[-1]].copies += 1
            return
        others = [one for one in same_peer.values() if one.content != content and one.verdict is not Verdict.REJECT]
        conflict = bool(arriving.spool_ref and others)
        assert answer.arrival is (Arrival.CONFLICT if conflict else Arrival.NEW)
        self.known[answer.instance_id] = Known(uid, content, peer, verdict, self._first_state(verdict, conflict, order))
        for story in self.reader.trace(uid):
            if story.instance_id == answer.instance_id:
                for one in story.deliveries:
                    stand_in = OTHER[one.destination] if len(order) == 1 else ""
                    owed = Owed(one.destination, State.HELD if conflict else State.QUEUED, during, stand_in)
                    self.owed[one.id] = answer.instance_id, owed
                    self.known[answer.instance_id].owed.append(owed)
        assert [one.destination for one in self.known[answer.instance_id].owed] == list(order)

    def _first_state(self, verdict: Verdict, conflict: bool, destinations: tuple[str, ...]) -> InstanceState:
        if verdict is Verdict.REJECT:
            return InstanceState.GONE
        if conflict or verdict is Verdict.HOLD:
            return InstanceState.HELD
        return InstanceState.WAITING if destinations else InstanceState.DELIVERED

    def in_state(self, state: State) -> list[Owed]:
        """The deliveries of the model that are in this state."""
        return [one for _, one in self.owed.values() if one.state is state]

    @precondition(lambda self: self.in_state(State.QUEUED) or self.in_state(State.DEFERRED))
    @rule(destination=st.sampled_from(DESTINATIONS), limit=st.integers(1, 3), night=st.booleans())
    def claims(self, destination: str, limit: int, night: bool) -> None:
        """All that is claimed is of one way that is open, and as much of it as there is, longest due first."""
        opened = ("", "nights") if night else ("",)
        waiting: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
        for identity, (_, one) in self.owed.items():
            if one.destination == destination and one.waits(self.minute) and one.during in opened:
                waiting.setdefault(one.way, []).append((one.due, identity))
        possible = {way: sorted(found) for way, found in waiting.items() if way not in self.diverted}
        claimed = self.ledger.claim(destination, limit, self.now, Choice(schedules=opened))
        expected = [sorted(identity for _, identity in found[:limit]) for found in possible.values()]
        assert [one.id for one in claimed] in (expected or [[]])
        for one in claimed:
            owed = self.owed[one.id][1]
            owed.state, owed.attempts = State.SENDING, owed.attempts + 1
            assert one.attempts == owed.attempts
        self.claimed += claimed

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), kind=st.sampled_from(Kind))
    def ends(self, data: st.DataObject, kind: Kind) -> None:
        """An outcome of any claim ever made: it counts only for the one that stands."""
        delivery = data.draw(st.sampled_from(self.claimed))
        instance_id, owed = self.owed[delivery.id]
        stands = self._stands(delivery)
        later = NOW + timedelta(minutes=self.minute + 2)
        assert self.ledger.record_outcomes([Ended(delivery, outcome(kind), later)], self.now) == [stands]
        if not stands:
            return
        owed.state, owed.due = AFTER[kind], self.minute + 2
        instance = self.known[instance_id]
        if kind is Kind.CORRUPT:
            instance.state = InstanceState.HELD
            for other in instance.owed:
                if other.state in (State.QUEUED, State.DEFERRED):
                    other.state = State.HELD
        elif kind is Kind.HELD:
            instance.state = InstanceState.HELD
        elif AFTER[kind] is State.SENT and not instance.open and instance.state is InstanceState.WAITING:
            instance.state = InstanceState.DELIVERED

    @rule(source=st.sampled_from(DESTINATIONS), night=st.booleans())
    def a_destination_is_away(self, source: str, night: bool) -> None:
        """One consignment of it goes to its stand-in, what is deferred with it; and what follows of those before."""
        to, opened = OTHER[source], ("", "nights") if night else ("",)
        moved = self.ledger.failover.divert(source, StandIn(to), opened, self.now)
        ways = {
            one.way
            for _, one in self.owed.values()
            if one.destination == source and one.stand_in and one.during in opened and self._may_move(one)
        }
        candidates = {
            way: [one for _, one in self.owed.values() if one.way == way and self._may_move(one)] for way in ways
        }
        if not moved:
            return  # its consignment may have nothing that waits: then it is looked at again
        gone = [one for way in ways for one in candidates[way] if self._is_at(one, to)]
        assert len(gone) == moved
        assert len({one.way for one in gone}) == 1, "one consignment at a time"
        self.diverted.add(gone[0].way)
        for one in gone:
            one.destination, one.stand_in = to, source
            # Back where it was meant to go, its hours count again.
            one.during, one.elsewhere = one.elsewhere, one.during
            one.state, one.due = State.QUEUED, self.minute
            self.diverted.discard(one.way)

    def _may_move(self, one: Owed) -> bool:
        return one.state in (State.QUEUED, State.DEFERRED)

    def _is_at(self, owed: Owed, destination: str) -> bool:
        """Whether the ledger has it at this destination now."""
        identity = next(identity for identity, (_, one) in self.owed.items() if one is owed)
        return any(one.id == identity for one in self.reader.waiting(destination))

    @rule(destination=st.sampled_from(DESTINATIONS), standing=st.sampled_from(Standing))
    def a_destination_is_found_otherwise(self, destination: str, standing: Standing) -> None:
        """As its gate finds it. The queue itself is as before: whether anybody knocks is for the gate to say."""
        self.ledger.note_standing(destination, standing, standing.value, (self.now, None))
        since = self.minute
        if self.standings.get(destination, (None, 0))[0] is standing:
            since = self.standings[destination][1]
        self.standings[destination] = standing, since

    @precondition(lambda self: self.in_state(State.SENDING))
    @rule(data=st.data())
    def the_gate_closes_in_the_middle_of_a_batch(self, data: st.DataObject) -> None:
        """What was not tried is given back, and may be claimed at once by whoever may knock next."""
        under_way = [one for one in self.claimed if self._stands(one)]
        untried = data.draw(st.lists(st.sampled_from(under_way), unique_by=lambda one: one.id, min_size=1))
        self.ledger.give_back(untried, self.now)
        for one in untried:
            self.owed[one.id][1].state = State.QUEUED

    def _stands(self, claimed: Delivery) -> bool:
        owed = self.owed[claimed.id][1]
        return owed.state is State.SENDING and owed.attempts == claimed.attempts

    @precondition(lambda self: self.claimed)
    @rule()
    def the_delivery_process_dies(self) -> None:
        sending = self.in_state(State.SENDING)
        assert self.ledger.recover(self.now) == len(sending)
        for one in sending:
            one.state = State.QUEUED

    @rule()
    def all_processes_die(self) -> None:
        self.ledger.close()
        self.ledger = Ledger.open(self.folder)

    @precondition(lambda self: self.in_state(State.FAILED))
    @rule(data=st.data())
    def a_person_queues_a_failed_one_again(self, data: st.DataObject) -> None:
        identity = data.draw(st.sampled_from(sorted(self.owed)))
        owed = self.owed[identity][1]
        assert self.ledger.requeue([identity], self.now) == int(owed.state is State.FAILED)
        if owed.state is State.FAILED:
            owed.state, owed.due = State.QUEUED, min(owed.due, self.minute)

    @precondition(lambda self: any(one.state is InstanceState.DELIVERED for one in self.known.values()))
    @rule(limit=st.integers(1, 3))
    def the_sweep_moves_what_is_finished(self, limit: int) -> None:
        finished = self.ledger.retention.finished(limit)
        expected = [i for i, one in sorted(self.known.items()) if one.state is InstanceState.DELIVERED]
        assert [one.instance_id for one in finished] == expected[:limit]
        moved = [Kept(one.instance_id, one.spool_ref.replace("waiting", "done")) for one in finished]
        self.ledger.retention.mark_moved(moved)
        for one in finished:
            self.known[one.instance_id].state = InstanceState.DONE

    @precondition(lambda self: any(one.state is InstanceState.DONE for one in self.known.values()))
    @rule(limit=st.integers(1, 3))
    def the_sweep_removes_what_is_done(self, limit: int) -> None:
        expired = self.ledger.retention.expired(lambda _: self.now + timedelta(seconds=1), limit)
        done = {i for i, one in self.known.items() if one.state is InstanceState.DONE}
        assert {one.instance_id for one in expired} <= done
        assert len(expired) == min(limit, len(done))
        self.ledger.retention.mark_removed([one.instance_id for one in expired])
        for one in expired:
            self.known[one.instance_id].state = InstanceState.GONE

    @precondition(lambda self: any(one.state is InstanceState.GONE for one in self.known.values()))
    @rule()
    def history_is_forgotten(self) -> None:
        gone = {i for i, one in self.known.items() if one.state is InstanceState.GONE}
        assert self.ledger.retention.forget(self.now + timedelta(seconds=1)) == len(gone)
        self.known = {i: one for i, one in self.known.items() if i not in gone}
        self.owed = {i: pair for i, pair in self.owed.items() if pair[0] not in gone}
        self.claimed = [one for one in self.claimed if one.id in self.owed]

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        self.minute += minutes

    @invariant()
    def the_counters_say_what_is(self) -> None:
        status = self.reader.status()
        shown = {(one.name, state): n for one in status.destinations for state, n in one.deliveries.items() if n}
        assert shown == dict(Counter((one.destination, one.state) for _, one in self.owed.values()))
        instances = {state: n for state, n in status.instances.items() if n}
        assert instances == dict(Counter(one.state for one in self.known.values()))

    @invariant()
    def the_standing_of_each_destination_is_that_found_last(self) -> None:
        assert self.ledger.standings() == {name: standing for name, (standing, _) in self.standings.items()}
        for one in self.reader.status().destinations:
            standing, since = self.standings.get(one.name, (Standing.OPEN, 0))
            assert one.standing is standing
            if standing is not Standing.OPEN:
                assert one.since == NOW + timedelta(minutes=since)

    @invariant()
    def nothing_owed_is_out_of_sight(self) -> None:
        for destination in DESTINATIONS:
            listed = {one.id: one.state for one in self.reader.waiting(destination)}
            assert listed == {
                identity: one.state
                for identity, (_, one) in self.owed.items()
                if one.destination == destination and one.state is not State.SENT
            }

    @invariant()
    def each_story_is_that_of_the_model(self) -> None:
        stories = {story.instance_id: story for uid in UIDS for story in self.reader.trace(uid)}
        told = {i: (story.copies, story.state, [d.state for d in story.deliveries]) for i, story in stories.items()}
        assert told == {i: (one.copies, one.state, [d.state for d in one.owed]) for i, one in self.known.items()}


def _by_routes(decided: Decision, order: tuple[str, ...], during: str) -> Decision:
    """The decision with what routes say of its destinations."""
    said = [Options(name, during=during) for name in order]
    if len(order) == 1:
        said.append(Options(OTHER[order[0]], stands_in_for=order[0]))
    (variant,) = decided.variants
    return replace(decided, variants=(replace(variant, options=tuple(said)),))


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
