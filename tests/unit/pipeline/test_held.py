"""Held instances: decided again from the bytes received, by the rules as they are then."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.dicom.part10 import plain_head
from dicomrules.dicom.patch import apply
from dicomrules.engine.decide import Engine
from dicomrules.model.delivery import Kind, Outcome, State
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.pipeline.committer import Committer, Decided
from dicomrules.pipeline.held import HeldInstances, Means
from dicomrules.program.ruleset import Program
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.lanes import Ended
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import InstanceStory
from dicomrules.rulebook.load import load
from tests.unit.pipeline.material import Says, World

HEAD = "language 1 expects destinations pacs, research routes all every match { always => pacs }"
RULES = (
    HEAD
    + """
table episodes from csv "episodes.csv" { key "Patient" as PatientID value "Episode" as AdmissionID
  unavailable => hold "no list" }
rule episode { set AdmissionID = lookup episodes[PatientID].AdmissionID
  otherwise hold "no episode yet" retry 5min for 24h }
"""
)
GROUP = """
table episodes from csv "episodes.csv" { key "Patient" as PatientID value "Episode" as AdmissionID
  unavailable => hold "no list" }
group trial { rule pseudonym { set PatientID = lookup episodes[PatientID].AdmissionID otherwise hold "no number" } }
routes copies every match { always => research through trial }
"""
EMPTY, KNOWN = "Patient,Episode\n4712,E1\n", "Patient,Episode\n4711,E9\n"


def program(rules: str, cells: str) -> Program:
    files: Mapping[str, str] = {"a.rules": rules, "episodes.csv": cells}
    found = load(["a.rules"], files.__getitem__)
    assert found.program is not None, found.diagnostics
    return found.program


class Gateway:
    """One instance held by some rules, then looked at with others."""

    def __init__(self, state: Path, rules: Program, came_with: bytes | None = None) -> None:
        self.world = World.at(state)
        self.arrived = self.world.arrive(came_with=came_with)
        self.woken = 0
        self.state = state
        decision = Engine(rules).decide(self.arrived)
        asyncio.run(Committer(self.world.spool, self.world.ledger).commit(Decided(self.arrived, decision)))

    def held(self, rules: Program) -> HeldInstances:
        return HeldInstances(
            Engine(rules), Means(self.world.spool, self.world.ledger, self.world.events.append, self.wake)
        )

    def wake(self) -> None:
        self.woken += 1

    def after(self, **length: float) -> datetime:
        return self.arrived.received_at + timedelta(**length)

    @property
    def story(self) -> InstanceStory:
        (story,) = Reader.open(self.state).trace(self.arrived.key.sop_instance)
        return story


def leaves(gateway: Gateway, destination: str, arrived: Envelope) -> bytes:
    """The bytes that a delivery sends."""
    (delivery,) = gateway.world.ledger.claim(destination, 1, datetime.now(UTC) + timedelta(days=9))
    with gateway.world.spool.open(delivery.spool_ref) as stored:
        source = stored.source()
        return apply(delivery.patch, bytes(source.read(0, source.length)))


def test_s54_a_hold_is_decided_again_at_its_retry_and_stays_held_while_nothing_changes(tmp_path: Path) -> None:
    rules = program(RULES, EMPTY)
    gateway = Gateway(tmp_path, rules)
    held = gateway.held(rules)
    assert not held.step(gateway.after(minutes=4))
    assert held.step(gateway.after(minutes=5))
    assert not held.step(gateway.after(minutes=6))
    assert held.step(gateway.after(minutes=10))
    assert (gateway.story.state, gateway.story.reason) == (InstanceState.HELD, "no episode yet")
    assert gateway.story.decision.notes == ()


def test_s54_with_other_rules_it_is_decided_from_the_object_as_received_and_the_trace_says_so(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, program(RULES, EMPTY))
    rules = program(RULES, KNOWN)
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    assert held.step(gateway.after(minutes=1))
    story = gateway.story
    assert (story.state, story.decision.verdict) == (InstanceState.WAITING, Verdict.SEND)
    assert story.decision.fingerprint == rules.fingerprint
    assert 'before: hold "no episode yet"' in story.decision.notes[0]
    assert gateway.woken == 1
    assert b"E9" in leaves(gateway, "pacs", gateway.arrived)


BY_META = (
    HEAD
    + """
table episodes from csv "episodes.csv" { key "Patient" as PatientID value "Episode" as AdmissionID
  unavailable => hold "no list" }
rule episode { set AdmissionID = lookup episodes[PatientID].AdmissionID
  otherwise hold "no episode yet" retry 5min for 24h }
rule sender { when meta.SourceApplicationEntityTitle == "THEM" set StationName = "BY THEM" }
"""
)


@pytest.mark.parametrize("sender", ["THEM", "US"])
def test_a_later_decision_reads_the_file_meta_that_the_object_came_with(tmp_path: Path, sender: str) -> None:
    came_with = plain_head(("1.2", "1.2.3"), "1.2.840.10008.1.2.1", sender)
    gateway = Gateway(tmp_path, program(BY_META, EMPTY), came_with)
    rules = program(BY_META, KNOWN)
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    assert held.step(gateway.after(minutes=1))
    assert gateway.story.state is InstanceState.WAITING
    assert (b"BY THEM" in leaves(gateway, "pacs", gateway.arrived)) == (sender == "THEM")


def test_s54_after_for_it_is_quarantined_counted_from_the_first_hold(tmp_path: Path) -> None:
    rules = program(RULES, EMPTY)
    gateway = Gateway(tmp_path, rules)
    held = gateway.held(rules)
    for hours in (1, 2, 23.99):
        held.step(gateway.after(hours=hours))
    assert gateway.story.decision.verdict is Verdict.HOLD
    assert held.step(gateway.after(hours=24))
    story = gateway.story
    assert (story.state, story.decision.verdict, story.reason) == (
        InstanceState.HELD,
        Verdict.QUARANTINE,
        "no episode yet",
    )
    assert not held.step(gateway.after(days=99))


def test_what_would_be_rejected_now_is_kept_because_the_sender_was_told_success(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, program(RULES, EMPTY))
    rules = program(HEAD + ' rule all { reject "not today" }', EMPTY)
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    held.step(gateway.after(minutes=1))
    assert (gateway.story.decision.verdict, gateway.story.state) == (Verdict.QUARANTINE, InstanceState.HELD)


def test_a_held_variant_is_decided_again_and_what_has_left_stays_as_it_was(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, program(HEAD + GROUP, EMPTY))
    states = {each.destination: each.state for each in gateway.story.deliveries}
    assert states == {"pacs": State.QUEUED, "research": State.HELD}
    rules = program(
        HEAD.replace("always", 'when Modality == "MR"').replace("pacs }", 'pacs else => nowhere "no" }') + GROUP, KNOWN
    )
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    assert held.step(gateway.after(minutes=1))
    states = {each.destination: each.state for each in gateway.story.deliveries}
    assert states == {"pacs": State.QUEUED, "research": State.QUEUED}
    assert gateway.story.state is InstanceState.WAITING
    assert b"4711" in leaves(gateway, "pacs", gateway.arrived)
    sent = leaves(gateway, "research", gateway.arrived)
    assert b"E9" in sent
    assert b"4711" not in sent


def test_what_one_destination_leaves_to_a_person_stays_held_when_a_variant_goes_on(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, program(HEAD + GROUP, EMPTY))
    (claimed,) = gateway.world.ledger.claim("pacs", 1, datetime.now(UTC))
    doubt = Outcome(Kind.HELD, "it has this SOP instance already")
    gateway.world.ledger.record_outcomes([Ended(claimed, doubt)], datetime.now(UTC))
    rules = program(HEAD + GROUP, KNOWN)
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    assert held.step(gateway.after(minutes=1))
    states = {each.destination: each.state for each in gateway.story.deliveries}
    assert states == {"pacs": State.HELD, "research": State.QUEUED}
    assert (gateway.story.state, gateway.story.reason) == (
        InstanceState.HELD,
        "pacs: it has this SOP instance already",
    )


def test_a_variant_that_the_rules_no_longer_send_anywhere_is_withdrawn(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, program(HEAD + GROUP, EMPTY))
    rules = program(HEAD, EMPTY)
    held = gateway.held(rules)
    held.start(rules.fingerprint, gateway.after(minutes=1))
    held.step(gateway.after(minutes=1))
    assert [each.destination for each in gateway.story.deliveries] == ["pacs"]
    assert gateway.story.decision.stopped[0].verdict is Verdict.DROP


@pytest.mark.parametrize("problem", [ValueError("a bug"), OSError("a disk")])
def test_what_cannot_be_decided_stays_held_and_is_tried_again_later(tmp_path: Path, problem: Exception) -> None:
    gateway = Gateway(tmp_path, program(RULES, EMPTY))
    means = Means(gateway.world.spool, gateway.world.ledger, gateway.world.events.append, gateway.wake)
    held = HeldInstances(Says(problem), means)
    assert held.step(gateway.after(minutes=5))
    assert not held.step(gateway.after(minutes=5, seconds=1))
    assert gateway.story.decision.verdict is Verdict.HOLD
    assert [event.name for event in gateway.world.events] == ["decision.failed"]
    assert held.step(gateway.after(minutes=10))
