"""I-19: what did not go through the group that a destination asks for never leaves for it, whatever led there."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dicomrules.model.decision import Decision, Options
from dicomrules.model.delivery import Kind, Outcome, State
from dicomrules.model.destination import DicomDestination
from dicomrules.model.instance import Envelope
from dicomrules.pipeline.deliver import Delivery, Target
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.groups import group_of
from dicomrules.queue.lanes import Ended
from dicomrules.queue.request import Ask, Progress
from tests.unit.pipeline.material import AWAY, SENT, Takes, World, sends
from tests.unit.pipeline.test_requests import Site
from tests.unit.pipeline.test_requests import world as world

HELD = "takes only what goes through trial, and this did not; release decides it again"


def destination(name: str, *groups: str) -> DicomDestination:
    return DicomDestination(name, name.upper(), "127.0.0.1", 104, "DICOMRULES", only_through=groups)


def through(group: str, *destinations: str) -> Callable[[Envelope], Decision]:
    """A decision whose one form was made by this group."""

    def decide(arrived: Envelope) -> Decision:
        decision = sends(arrived, *destinations)
        return replace(decision, variants=tuple(replace(one, group=group) for one in decision.variants))

    return decide


def both(arrived: Envelope) -> Decision:
    """As older rules may have decided: to both, as the rules alone made it."""
    return sends(arrived, "pacs", "research")


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Running:
    """The lanes of one gateway."""

    def __init__(self, world: World, *destinations: DicomDestination, **outcomes: Outcome) -> None:
        self.senders = {each.name: Takes(outcomes.get(each.name, SENT)) for each in destinations}
        self.delivery = Delivery(self.targets(*destinations), world.ledger, world.hears)
        self.delivery.start()

    def targets(self, *destinations: DicomDestination) -> list[Target]:
        return [Target(each, lambda each=each: self.senders[each.name]) for each in destinations]

    def given(self, name: str) -> list[str]:
        return [each.sop_instance for each in self.senders[name].given]


GUARDED, PACS = destination("research", "trial"), destination("pacs")


def test_i19_what_older_rules_sent_there_is_held_with_the_reason_and_all_else_goes(world: World) -> None:
    site = Site(world)
    kept = site.keep(both)
    running = Running(world, PACS, GUARDED)
    until(lambda: site.states(kept) == [("pacs", State.SENT), ("research", State.HELD)])
    assert running.delivery.drain(5)
    assert running.given("research") == []
    story = site.story(kept)
    assert (story.state, story.reason) == (InstanceState.HELD, f"research: {HELD}")
    assert [each.outcome.message for each in story.deliveries[1].attempts] == [HELD]
    assert [event.name for event in world.events] == ["delivery.held"]
    assert site.counts_agree()


def test_i19_what_went_through_the_group_goes_and_later_instances_of_the_study_that_did_not_are_held(
    world: World,
) -> None:
    site = Site(world)
    first, second = site.keep(through("trial", "research"), 1), site.keep(through("", "research"), 2)
    third = site.keep(through("other", "research"), 3)
    assert site.story(first).key.study == site.story(second).key.study == site.story(third).key.study
    running = Running(world, GUARDED)
    until(lambda: site.states(second) == site.states(third) == [("research", State.HELD)])
    until(lambda: site.states(first) == [("research", State.SENT)])
    assert running.delivery.drain(5)
    assert running.given("research") == [site.story(first).key.sop_instance]
    assert "and this went through other" in site.story(third).reason


def test_i19_a_destination_may_name_several_groups(world: World) -> None:
    site = Site(world)
    kept = [site.keep(through(group, "research"), number) for number, group in enumerate(("images", "reports"), 1)]
    running = Running(world, destination("research", "images", "reports"))
    until(lambda: all(site.states(each) == [("research", State.SENT)] for each in kept))
    assert running.delivery.drain(5)


def test_i19_a_reload_that_adds_the_key_counts_for_what_waits(world: World) -> None:
    site = Site(world)
    kept = site.keep(both)
    running = Running(world, PACS, destination("research"), research=AWAY)
    until(lambda: site.states(kept) == [("pacs", State.SENT), ("research", State.DEFERRED)])
    tried = len(running.given("research"))
    running.senders["research"] = Takes(SENT)
    running.delivery.use(running.targets(PACS, GUARDED), running.delivery._hours)
    world.ledger.requests.step(lambda tx: len(tx.run("due_at_once", ("research", 64, 0))))
    site.ask(Ask.RESUME, None, "research")
    running.delivery.wake()
    until(lambda: site.states(kept) == [("pacs", State.SENT), ("research", State.HELD)])
    assert running.delivery.drain(5)
    assert (tried, running.given("research")) == (1, [])


def test_i19_a_process_that_dies_before_the_outcome_is_written_looks_again(world: World) -> None:
    site = Site(world)
    kept = site.keep(both)
    assert [each.state for each in world.ledger.claim("research", 64, datetime.now(UTC))] == [State.SENDING]
    running = Running(world, PACS, GUARDED)  # `sending` was left behind
    until(lambda: site.states(kept) == [("pacs", State.SENT), ("research", State.HELD)])
    assert running.delivery.drain(5)
    assert running.given("research") == []


def test_i19_it_does_not_stand_in_for_another_one_with_what_may_not_go_there(world: World) -> None:
    def decide(arrived: Envelope) -> Decision:
        (variant,) = sends(arrived, "pacs").variants
        instead = (Options("research", stands_in_for="pacs"),)
        return replace(sends(arrived, "pacs"), variants=(replace(variant, options=instead),))

    site = Site(world)
    kept = site.keep(decide)
    running = Running(world, PACS, GUARDED, pacs=AWAY)
    until(lambda: "destination.away" in [event.name for event in world.events])
    time.sleep(0.3)
    assert site.states(kept) == [("pacs", State.DEFERRED)], "it waits for the one it is for"
    running.delivery.use(running.targets(PACS, destination("research")), running.delivery._hours)
    running.delivery.wake()
    until(lambda: site.states(kept) == [("research", State.SENT)])
    assert running.delivery.drain(5)


def test_i19_a_ledger_that_cannot_be_read_is_no_leave_to_send(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(world)
    kept = site.keep(through("trial", "research"))

    def fails(tx: object, delivery_id: int) -> str:
        raise LedgerError("the disk is gone")

    monkeypatch.setattr("dicomrules.pipeline.guarded.group_of", fails)
    running = Running(world, GUARDED)
    until(lambda: site.states(kept) == [("research", State.DEFERRED)])
    assert running.delivery.drain(5)
    assert running.given("research") == []


# ── what people ask for ───────────────────────────────────────────────────────────────────────────────────────────


def test_i19_nobody_sends_it_there_as_received(world: World) -> None:
    site = Site(world)
    kept = site.keep(both)
    site.attempt("research", Outcome(Kind.HELD, HELD))
    answer = site.ask(Ask.AS_RECEIVED, kept, "pacs", "research")
    assert answer.progress is Progress.REFUSED
    assert answer.answer == (
        "research takes only what goes through trial, so nothing leaves for it as received; `held release` without "
        "--as-received decides it again by today's rules"
    )
    assert site.states(kept) == [("pacs", State.QUEUED), ("research", State.HELD)], "nothing is changed"
    assert site.ask(Ask.AS_RECEIVED, kept, "pacs").progress is Progress.DONE


def test_i19_what_left_before_the_destination_asked_for_a_group_is_not_sent_again_as_it_was(world: World) -> None:
    site = Site(world)
    kept = site.keep(both)
    for name in ("pacs", "research"):
        site.attempt(name, SENT)
    for named in ((), ("research",)):
        answer = site.ask(Ask.RESEND, kept, *named)
        assert answer.progress is Progress.REFUSED
        assert answer.answer == (
            "research takes only what goes through trial, and what it got did not: `--reroute` decides anew by today's "
            "rules, `--destination` names others"
        )
    assert site.states(kept) == [("pacs", State.SENT), ("research", State.SENT)]
    assert site.ask(Ask.RESEND, kept, "pacs").progress is Progress.DONE


def test_i19_release_and_reroute_send_what_the_rules_of_today_make_and_the_group_is_known_of_every_decision(
    world: World, tmp_path: Path
) -> None:
    arrived = World.at(tmp_path / "as" if (tmp_path / "as").mkdir() is None else tmp_path).arrive()
    site = Site(world, through("trial", "research")(arrived))
    kept = site.keep(both)
    site.attempt("research", Outcome(Kind.HELD, HELD))
    assert site.ask(Ask.RELEASE, kept).answer == "queued for research"
    running = Running(world, PACS, GUARDED)
    until(lambda: ("research", State.SENT) in site.states(kept))
    assert site.ask(Ask.RESEND, kept, "research").progress is Progress.DONE, "that form may go again"
    until(lambda: len(running.given("research")) == 2)
    assert site.ask(Ask.REROUTE, kept).progress is Progress.DONE
    until(lambda: len(running.given("research")) == 3)
    assert running.delivery.drain(5)
    assert State.HELD not in dict(site.states(kept)).values()


def test_i19_the_group_of_a_form_is_that_of_the_decision_that_made_it(world: World, tmp_path: Path) -> None:
    arrived = World.at(tmp_path / "as" if (tmp_path / "as").mkdir() is None else tmp_path).arrive()
    site = Site(world, through("trial", "research")(arrived), through("other", "research")(arrived))
    kept = site.keep(both)
    for _ in range(2):
        site.attempt("research", SENT)
        assert site.ask(Ask.REROUTE, kept).progress is Progress.DONE
    ids = [each.id for each in site.story(kept).deliveries if each.destination == "research"]
    assert [world.ledger.read(lambda tx, id=id: group_of(tx, id)) for id in ids] == ["", "trial", "other"]
    assert world.ledger.read(lambda tx: group_of(tx, 4711)) is None
    now = datetime.now(UTC)
    (last,) = world.ledger.claim("research", 64, now)
    world.ledger.record_outcomes([Ended(last, SENT)], now)
    connection = world.ledger._session.connection
    connection.execute("UPDATE earlier_decisions SET decision = x'00112233445566'")
    assert [world.ledger.read(lambda tx, id=id: group_of(tx, id)) for id in ids] == [None, None, "other"]
