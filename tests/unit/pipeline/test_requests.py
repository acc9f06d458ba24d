"""What people ask for is done, and nothing else; what came of it is written down with it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.model.decision import Decision, Options
from dicomrules.model.delivery import Kind, Outcome, State
from dicomrules.model.instance import Envelope, Verdict
from dicomrules.pipeline.committer import Decided, record_of
from dicomrules.pipeline.patients import named
from dicomrules.pipeline.requests import Means, Requests
from dicomrules.pipeline.sweep import Retention, Sweep
from dicomrules.queue.entry import Entry, InstanceState
from dicomrules.queue.lanes import CORRUPT, Ended
from dicomrules.queue.reader import Reader
from dicomrules.queue.request import Ask, Progress, Request, Wish
from dicomrules.queue.story import InstanceStory
from tests.unit.pipeline.material import SENT, Says, World, sends, verdict

DESTINATIONS = {"pacs": (), "archive": (), "research": ("trial",)}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path / "state" if (tmp_path / "state").mkdir() is None else tmp_path)
    yield made
    made.ledger.close()


class Site:
    """A gateway's ledger, the delivery side's requests, and a view of both."""

    def __init__(self, world: World, *answers: Decision | Exception | None) -> None:
        self.world = world
        self.resumed: list[str] = []
        means = Means(world.spool, world.ledger, world.events.append, lambda: None, self.resumed.append, DESTINATIONS)
        self.requests = Requests(Says(*(answers or (None,))), means)
        self.reader = Reader.open(Path(world.spool._root).parent)

    def keep(self, decide, number: int = 1, patient: str = "4711") -> int:  # type: ignore[no-untyped-def]
        """An instance as intake leaves it; its number in the ledger."""
        arrived: Envelope = self.world.arrive(number, patient)
        decision: Decision = decide(arrived)
        held = decision.verdict in (Verdict.HOLD, Verdict.QUARANTINE)
        self.world.spool.seal(arrived.spool_ref, record_of(Decided(arrived, decision)))
        (ref,) = self.world.spool.commit([arrived.spool_ref], [held], arrived.received_at.date())
        people = named(arrived, decision.variants)
        (recorded,) = self.world.ledger.record([Entry(arrived, decision, ref, patients=people)])
        return recorded.instance_id

    def attempt(self, destination: str, outcome: Outcome) -> None:
        """One attempt of everything that is due there."""
        now = datetime.now(UTC)
        claimed = self.world.ledger.claim(destination, 64, now)
        self.world.ledger.record_outcomes([Ended(each, outcome, now) for each in claimed], now)

    def ask(self, kind: Ask, instance: int | None = None, *destinations: str) -> Request:
        """A wish, acted on."""
        wish = Wish(kind, "alice", "she said so", instance, ",".join(destinations))
        (identity,) = self.world.ledger.requests.ask([wish], datetime.now(UTC))
        self.requests.step(datetime.now(UTC))
        made = self.world.ledger.requests.get(identity)
        assert made is not None
        return made

    def story(self, instance: int) -> InstanceStory:
        return self.reader.story(instance)

    def states(self, instance: int) -> list[tuple[str, State]]:
        return [(each.destination, each.state) for each in self.story(instance).deliveries]

    def counts_agree(self) -> bool:
        """The counters say what the rows say."""
        connection = self.world.ledger._session.connection
        rows = connection.execute("SELECT destination, state, count(*) FROM deliveries GROUP BY 1, 2").fetchall()
        counted = {(name, state): n for name, state, n in rows}
        told = {
            (each.name, state.value): n
            for each in self.reader.status().destinations
            for state, n in each.deliveries.items()
        }
        instances = dict(connection.execute("SELECT state, count(*) FROM instances GROUP BY 1").fetchall())
        shown = {state.value: n for state, n in self.reader.status().instances.items() if n}
        return {k: n for k, n in told.items() if n} == counted and shown == instances


def test_a_quarantined_instance_is_released_by_the_rules_of_today(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE, "no patient number"))
    answer = site.ask(Ask.RELEASE, kept)
    assert (answer.progress, answer.answer) == (Progress.DONE, "queued for pacs")
    story = site.story(kept)
    assert story.state is InstanceState.WAITING
    assert [each.decision.reason for each in story.earlier] == ["no patient number"]
    assert [(each.wish.who, each.wish.why) for each in story.requests] == [("alice", "she said so")]
    site.attempt("pacs", SENT)
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


def test_what_the_rules_of_today_still_keep_stays_held_and_says_why(world: World) -> None:
    site = Site(world, verdict(Verdict.QUARANTINE, "still no patient number"))
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE, "no patient number"))
    answer = site.ask(Ask.RELEASE, kept)
    assert answer.progress is Progress.REFUSED
    assert "still no patient number" in answer.answer
    assert site.story(kept).state is InstanceState.HELD
    assert site.counts_agree()


def test_what_the_rules_reject_today_is_kept_because_success_was_promised(world: World) -> None:
    site = Site(world, verdict(Verdict.REJECT, "not ours"))
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE))
    assert site.ask(Ask.RELEASE, kept).progress is Progress.REFUSED
    assert site.story(kept).state is InstanceState.HELD


def test_a_conflict_is_released_with_new_deliveries(world: World) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    conflict = site.keep(lambda arrived: sends(arrived, "pacs", "archive"), patient="4712")
    assert site.story(conflict).state is InstanceState.HELD
    assert site.ask(Ask.RELEASE, conflict).progress is Progress.DONE
    assert site.states(conflict) == [("pacs", State.QUEUED)]
    assert site.counts_agree()


def test_a_released_patient_is_known_for_the_study_and_a_third_one_is_not(world: World) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), 2, patient="4712")
    assert site.story(other).state is InstanceState.HELD
    assert site.ask(Ask.RELEASE, other).progress is Progress.DONE
    of_both = [site.keep(lambda arrived: sends(arrived, "pacs"), 3 + n, who) for n, who in enumerate(("4711", "4712"))]
    third = site.keep(lambda arrived: sends(arrived, "pacs"), 5, "4713")
    assert [site.story(each).state for each in of_both] == [InstanceState.WAITING] * 2
    assert site.story(third).state is InstanceState.HELD
    assert site.counts_agree()


@pytest.mark.parametrize("destinations", [(), ("pacs",)])
@pytest.mark.parametrize(("number", "patient"), [(2, "4712"), (1, "4711x"), (1, "4712")])
def test_who_has_a_study_rerouted_sends_nothing_that_is_held_by_a_doubt(
    world: World, number: int, patient: str, destinations: tuple[str, ...]
) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), number, patient)
    answer = site.ask(Ask.REROUTE, other, *destinations)
    assert (answer.progress, "`dicomrules held release`" in answer.answer) == (Progress.REFUSED, True)
    assert site.states(other) == [("pacs", State.HELD)]
    assert site.ask(Ask.RELEASE, other).progress is Progress.DONE
    assert site.counts_agree()


def test_what_a_rule_has_quarantined_is_released_and_not_rerouted(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE, "no patient number"))
    assert site.ask(Ask.REROUTE, kept).progress is Progress.REFUSED
    assert site.story(kept).state is InstanceState.HELD


@pytest.mark.parametrize("ask", [(Ask.AS_RECEIVED, "pacs"), (Ask.DISCARD,)])
def test_what_is_said_of_one_object_makes_no_patient_known(world: World, ask: tuple[Ask, *tuple[str, ...]]) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), 2, patient="4712")
    kind, *destinations = ask
    assert site.ask(kind, other, *destinations).progress is Progress.DONE
    later = site.keep(lambda arrived: sends(arrived, "pacs"), 3, patient="4712")
    assert site.story(later).state is InstanceState.HELD


class KeepsForm:
    """Rules that send every object to the PACS, and a form of it to research, which their group may keep."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def decide(self, arrived: Envelope) -> Decision:
        decision = sends(arrived, "pacs")
        (plain,) = decision.variants
        reasons = () if self.verdict is Verdict.SEND else ("no pseudonym",)
        form = replace(plain, destinations=("research",), group="trial", verdict=self.verdict, reasons=reasons)
        return replace(decision, variants=(plain, form))


@pytest.mark.parametrize(
    ("today", "form", "state"),
    [
        (Verdict.QUARANTINE, State.HELD, InstanceState.HELD),
        (Verdict.SEND, State.QUEUED, InstanceState.WAITING),
    ],
)
def test_a_release_settles_a_doubt_about_an_object_of_which_a_group_keeps_a_form_too(
    world: World, today: Verdict, form: State, state: InstanceState
) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(KeepsForm(Verdict.QUARANTINE).decide, 2, patient="4712")
    assert site.states(other) == [("pacs", State.HELD), ("research", State.HELD)]
    site.requests.use(KeepsForm(today), DESTINATIONS)
    assert site.ask(Ask.RELEASE, other).progress is Progress.DONE
    assert site.states(other) == [("pacs", State.QUEUED), ("research", form)]
    assert site.story(other).state is state
    assert site.counts_agree()


def test_a_release_that_the_rules_keep_makes_no_patient_known(world: World) -> None:
    site = Site(world, verdict(Verdict.QUARANTINE, "look"))
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), 2, patient="4712")
    assert site.ask(Ask.RELEASE, other).progress is Progress.REFUSED
    later = site.keep(lambda arrived: sends(arrived, "pacs"), 3, patient="4712")
    assert site.story(later).state is InstanceState.HELD


def test_corrupt_bytes_never_leave(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs"))
    site.attempt("pacs", Outcome(Kind.CORRUPT, "digest"))
    assert site.story(kept).reason == CORRUPT
    for kind, destinations in ((Ask.RELEASE, ()), (Ask.AS_RECEIVED, ("pacs",)), (Ask.RESEND, ()), (Ask.REROUTE, ())):
        answer = site.ask(kind, kept, *destinations)
        assert (answer.progress, "never leaves" in answer.answer) == (Progress.REFUSED, True)
    assert site.states(kept) == [("pacs", State.HELD)]


def test_as_received_means_unedited_and_where_a_person_said(world: World) -> None:
    site = Site(world, RuntimeError("no rules are asked"))
    kept = site.keep(lambda arrived: verdict(Verdict.HOLD, "malformed structure"))
    assert site.ask(Ask.AS_RECEIVED, kept, "archive").progress is Progress.DONE
    (claimed,) = site.world.ledger.claim("archive", 1, datetime.now(UTC))
    assert claimed.patch.is_empty
    assert "alice said so" in site.story(kept).decision.notes[-1]


def test_discarded_is_over_but_its_bytes_are_kept_as_long_as_of_what_is_delivered(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE))
    assert site.ask(Ask.DISCARD, kept).progress is Progress.DONE
    assert site.story(kept).reason == "discarded by alice: she said so"
    now, week = datetime.now(UTC), timedelta(days=7)
    Sweep(world.spool, world.ledger, Retention(week, week)).step(now)
    assert (len(world.files("held")), len(world.files("done"))) == (0, 1)
    Sweep(world.spool, world.ledger, Retention(week, week)).step(now + week + week)
    assert len(world.files("done")) == 0
    assert site.counts_agree()


def test_a_discarded_instance_comes_back_while_its_bytes_are_there(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE))
    site.ask(Ask.DISCARD, kept)
    assert site.ask(Ask.REROUTE_ALONE, kept).progress is Progress.DONE
    assert site.states(kept) == [("pacs", State.QUEUED)]
    assert site.counts_agree()


@pytest.mark.parametrize("destinations", [(), ("pacs",)])
def test_what_was_discarded_comes_back_by_its_own_name_and_never_with_its_study(
    world: World, destinations: tuple[str, ...]
) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), 2, patient="4712")
    assert site.ask(Ask.DISCARD, other).progress is Progress.DONE
    answer = site.ask(Ask.REROUTE, other, *destinations)
    assert (answer.progress, f"`dicomrules resend number:{other} --reroute`" in answer.answer) == (
        Progress.REFUSED,
        True,
    )
    assert site.states(other) == [("pacs", State.DISCARDED)]
    assert site.ask(Ask.REROUTE_ALONE, other, *destinations).progress is Progress.DONE
    assert site.ask(Ask.REROUTE, other, *destinations).progress is Progress.DONE  # it is part of its study again
    assert site.counts_agree()


def test_what_was_discarded_is_sent_as_it_was_by_its_own_name_and_never_with_its_study(world: World) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs"), 2, patient="4712")
    site.ask(Ask.DISCARD, other)
    now = datetime.now(UTC)
    Sweep(world.spool, world.ledger, Retention(timedelta(days=9), timedelta(days=9))).step(now + timedelta(days=1))
    lies = world.files("done")
    answer = site.ask(Ask.RESEND, other, "pacs").answer
    assert answer == f"it was discarded: `dicomrules resend number:{other} --destination pacs` brings it back"
    assert site.states(other) == [("pacs", State.DISCARDED)]
    assert len(lies) == 1
    assert world.files("done") == lies  # a ledger made anew would have sent it from `waiting`
    assert site.ask(Ask.RESEND_ALONE, other, "pacs").answer == "queued again for pacs"
    assert site.counts_agree()


def test_what_was_discarded_at_one_destination_is_sent_again_to_the_other_with_its_study(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("pacs", SENT)
    site.ask(Ask.DISCARD, kept, "archive")
    assert site.ask(Ask.RESEND, kept, "pacs", "archive").answer == "queued again for pacs"
    assert site.counts_agree()


def test_what_was_given_up_with_all_that_waited_for_a_destination_is_sent_there_when_that_is_named(
    world: World,
) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs"))
    site.ask(Ask.GIVE_UP, None, "pacs")
    assert site.ask(Ask.RESEND, kept).progress is Progress.REFUSED
    assert site.ask(Ask.RESEND, kept, "pacs").answer == "queued again for pacs"


def test_what_was_discarded_at_one_destination_does_not_go_there_with_its_study(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("pacs", SENT)
    site.ask(Ask.DISCARD, kept, "archive")
    assert site.ask(Ask.REROUTE, kept).progress is Progress.REFUSED
    assert site.states(kept) == [("pacs", State.SENT), ("archive", State.DISCARDED)]


def test_what_is_held_as_a_whole_is_not_rerouted_by_its_own_name_either(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE))
    assert site.ask(Ask.REROUTE_ALONE, kept).progress is Progress.REFUSED
    assert site.story(kept).state is InstanceState.HELD


def test_what_is_held_for_one_destination_is_held_no_more_once_that_is_given_up(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("archive", Outcome(Kind.HELD, "look at it"))
    assert site.ask(Ask.DISCARD, kept, "archive").progress is Progress.DONE
    assert (site.story(kept).state, site.story(kept).reason) == (InstanceState.WAITING, "")
    assert site.counts_agree()
    site.attempt("pacs", SENT)
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


def test_what_is_held_as_a_whole_is_held_for_the_others_when_one_destination_is_given_up(world: World) -> None:
    site = Site(world)
    site.keep(lambda arrived: sends(arrived, "pacs"))
    other = site.keep(lambda arrived: sends(arrived, "pacs", "archive"), 2, patient="4712")
    assert site.ask(Ask.DISCARD, other, "archive").progress is Progress.DONE
    assert site.story(other).state is InstanceState.HELD
    assert site.story(other).reason.startswith("identity conflict")
    assert site.counts_agree()


def test_a_form_that_is_given_up_is_not_decided_again(world: World) -> None:
    site = Site(world)
    kept = site.keep(KeepsForm(Verdict.HOLD).decide)
    assert site.ask(Ask.DISCARD, kept, "research").progress is Progress.DONE
    assert site.story(kept).state is InstanceState.WAITING
    assert world.ledger.rules_are("0" * 64, datetime.now(UTC)) == 0
    site.attempt("pacs", SENT)
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


def test_a_failed_delivery_can_be_discarded_alone(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("pacs", SENT)
    site.attempt("archive", Outcome(Kind.FAILED, "never", 0xC000))
    assert site.ask(Ask.DISCARD, kept, "archive").progress is Progress.DONE
    assert site.states(kept) == [("pacs", State.SENT), ("archive", State.DISCARDED)]
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.ask(Ask.DISCARD, kept, "archive").progress is Progress.REFUSED
    assert site.counts_agree()


def test_sending_again_sends_the_same_bytes(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", edit=b"\x08\x00\x05\x00"))
    first = site.world.ledger.claim("pacs", 1, datetime.now(UTC))
    now = datetime.now(UTC)
    site.world.ledger.record_outcomes([Ended(first[0], SENT)], now)
    Sweep(world.spool, world.ledger, Retention(timedelta(days=7), timedelta(days=7))).step(now)
    assert site.story(kept).state is InstanceState.DONE
    assert site.ask(Ask.RESEND, kept).answer == "queued again for pacs"
    assert site.states(kept) == [("pacs", State.SENT), ("pacs", State.QUEUED)]
    (again,) = site.world.ledger.claim("pacs", 1, datetime.now(UTC))
    assert (again.patch, again.digest) == (first[0].patch, first[0].digest)
    assert again.spool_ref.startswith("waiting/")
    site.world.ledger.record_outcomes([Ended(again, SENT)], datetime.now(UTC))
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


def test_a_person_may_send_again_what_a_route_sends_only_once(world: World) -> None:
    site = Site(world)

    def once(arrived: Envelope) -> Decision:
        decision = sends(arrived, "pacs")
        (variant,) = decision.variants
        return replace(decision, variants=(replace(variant, options=(Options("pacs", only_once=True),)),))

    kept = site.keep(once)
    site.attempt("pacs", SENT)
    assert site.ask(Ask.RESEND, kept).progress is Progress.DONE
    (again,) = site.world.ledger.claim("pacs", 1, datetime.now(UTC))
    assert again.options is not None
    assert not again.options.only_once


def test_bytes_that_retention_has_removed_are_not_sent_again(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs"))
    site.attempt("pacs", SENT)
    now = datetime.now(UTC)
    sweep = Sweep(world.spool, world.ledger, Retention(timedelta(), timedelta(days=7)))
    sweep.step(now)
    sweep.step(datetime.now(UTC))
    answer = site.ask(Ask.RESEND, kept)
    assert (answer.progress, answer.answer) == (Progress.REFUSED, "its bytes are no longer kept")


def test_rerouting_decides_anew_and_replaces_what_is_not_sent(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("pacs", SENT)
    site.attempt("archive", Outcome(Kind.FAILED, "never", 0xC000))
    assert site.ask(Ask.REROUTE, kept).progress is Progress.DONE
    assert site.states(kept) == [("pacs", State.SENT), ("archive", State.DISCARDED), ("pacs", State.QUEUED)]
    assert [each.variant for each in site.story(kept).deliveries] == [-1, -1, 0]
    site.attempt("pacs", SENT)
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


class SendsAll:
    """Rules that send every object to both."""

    def decide(self, arrived: Envelope) -> Decision:
        return sends(arrived, "pacs", "archive")


def test_rerouting_to_one_destination_leaves_what_waits_for_another(world: World) -> None:
    site = Site(world)
    site.requests.use(SendsAll(), DESTINATIONS)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("pacs", SENT)
    assert site.ask(Ask.REROUTE, kept, "pacs").answer == "queued for pacs"
    assert site.states(kept) == [("pacs", State.SENT), ("archive", State.QUEUED), ("pacs", State.QUEUED)]
    site.attempt("pacs", SENT)
    assert site.story(kept).state is InstanceState.WAITING
    site.attempt("archive", SENT)
    assert site.story(kept).state is InstanceState.DELIVERED
    assert site.counts_agree()


def test_rerouting_to_one_destination_leaves_what_is_held_for_another_held_with_its_reason(world: World) -> None:
    site = Site(world)
    site.requests.use(SendsAll(), DESTINATIONS)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("archive", Outcome(Kind.HELD, "look at it"))
    assert site.ask(Ask.REROUTE, kept, "pacs").progress is Progress.DONE
    assert site.states(kept) == [("archive", State.HELD), ("pacs", State.QUEUED)]
    site.attempt("pacs", SENT)
    assert (site.story(kept).state, site.story(kept).reason) == (InstanceState.HELD, "archive: look at it")
    assert site.counts_agree()


def test_as_received_gives_up_what_is_held_and_leaves_what_waits_for_others(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "pacs", "archive"))
    site.attempt("archive", Outcome(Kind.HELD, "look at it"))
    assert site.ask(Ask.AS_RECEIVED, kept, "archive").progress is Progress.DONE
    assert site.states(kept) == [
        ("pacs", State.QUEUED),
        ("archive", State.DISCARDED),
        ("archive", State.QUEUED),
    ]
    conflict = site.keep(lambda arrived: sends(arrived, "pacs", "archive"), patient="4712")
    assert site.ask(Ask.AS_RECEIVED, conflict, "archive").progress is Progress.DONE
    assert site.states(conflict) == [("archive", State.QUEUED)], "it leaves for no other"
    for _ in range(2):
        site.attempt("pacs", SENT)
        site.attempt("archive", SENT)
    assert {site.story(each).state for each in (kept, conflict)} == {InstanceState.DELIVERED}
    assert site.counts_agree()


def test_rerouting_that_would_drop_it_changes_nothing(world: World) -> None:
    site = Site(world, verdict(Verdict.DROP, "not wanted"))
    kept = site.keep(lambda arrived: sends(arrived, "pacs"))
    site.attempt("pacs", SENT)
    assert site.ask(Ask.REROUTE, kept).progress is Progress.REFUSED
    assert site.story(kept).decision.verdict is Verdict.SEND


def test_a_destination_nobody_has_is_refused_but_what_waits_for_it_can_be_given_up(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: sends(arrived, "old-pacs"))
    assert "no destination old-pacs" in site.ask(Ask.RESEND, kept, "old-pacs").answer
    assert site.ask(Ask.GIVE_UP, None, "old-pacs").answer == "discarded: 1"
    assert site.states(kept) == [("old-pacs", State.DISCARDED)]
    assert site.story(kept).state is InstanceState.DELIVERED
    assert [each.wish.kind for each in site.story(kept).requests] == [Ask.RESEND, Ask.GIVE_UP]
    assert site.counts_agree()


def test_what_failed_at_a_destination_is_queued_again_however_much_it_is(world: World) -> None:
    site = Site(world)
    for number in range(70):
        site.keep(lambda arrived: sends(arrived, "pacs"), number + 1)
    for _ in range(2):
        site.attempt("pacs", Outcome(Kind.FAILED, "never", 0xC000))
    assert site.ask(Ask.RETRY, None, "pacs").answer == "queued again: 70"
    assert site.resumed == ["pacs"]
    assert site.counts_agree()


def test_a_request_that_took_the_process_down_is_refused_at_the_next_start(world: World) -> None:
    site = Site(world)
    kept = site.keep(lambda arrived: verdict(Verdict.QUARANTINE))
    (identity,) = world.ledger.requests.ask([Wish(Ask.RELEASE, "alice", "", kept)], datetime.now(UTC))
    world.ledger.requests.begin(world.ledger.requests.open(1))
    site.requests.start(datetime.now(UTC))
    ended = world.ledger.requests.get(identity)
    assert ended is not None
    assert ended.progress is Progress.REFUSED
    assert site.story(kept).state is InstanceState.HELD


def test_what_was_decided_anew_and_is_held_can_be_decided_again_by_the_clock(world: World) -> None:
    """Variants of earlier decisions stay, so numbers go on from there."""
    site = Site(world, replace(verdict(Verdict.HOLD, "wait"), retry=timedelta()), None)
    kept = site.keep(lambda arrived: sends(arrived, "pacs"))
    site.attempt("pacs", SENT)
    assert site.ask(Ask.REROUTE, kept).progress is Progress.REFUSED  # held now
    assert site.story(kept).state is InstanceState.HELD
    assert site.ask(Ask.RELEASE, kept).progress is Progress.DONE
    assert site.states(kept) == [("pacs", State.SENT), ("pacs", State.QUEUED)]
    assert site.counts_agree()
