"""Lanes claim by consignment: a study together, the longest waiting first, by priority, at its hours, in its quiet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dicomrules.model.decision import Options, Variant
from dicomrules.model.delivery import Delivery, Kind
from dicomrules.queue.consign import Choice, successors
from dicomrules.queue.entry import Entry
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from tests.unit.queue.material import NOW, entry, outcome


def of_study(study: str, number: int, *options: Options, came: datetime = NOW) -> Entry:
    """An instance of a study, for `pacs` or for the destinations that options name."""
    one = entry(f"{study}.{number}", *([each.destination for each in options if not each.stands_in_for] or ["pacs"]))
    key = replace(one.envelope.key, study=study)
    envelope = replace(one.envelope, key=key, received_at=came)
    (variant,) = one.decision.variants
    return replace(
        one, envelope=envelope, decision=replace(one.decision, variants=(replace(variant, options=tuple(options)),))
    )


def studies(claimed: Sequence[Delivery]) -> set[str]:
    return {one.study for one in claimed}


def fill(ledger: Ledger, study: str, count: int, *options: Options, came: datetime = NOW) -> None:
    for start in range(0, count, 64):
        ledger.record([of_study(study, n, *options, came=came) for n in range(start, min(start + 64, count))])


def test_a_claim_is_of_one_study(ledger: Ledger) -> None:
    ledger.record([of_study(study, n) for n in range(5) for study in ("1.1", "1.2")])
    first = ledger.claim("pacs", 64, NOW)
    assert (len(first), len(studies(first))) == (5, 1)
    assert studies(ledger.claim("pacs", 64, NOW)) == {"1.1", "1.2"} - studies(first)


def test_a_small_study_does_not_wait_for_the_end_of_a_large_one(ledger: Ledger) -> None:
    fill(ledger, "1.1", 200)
    fill(ledger, "1.2", 3)
    at = [NOW + timedelta(seconds=n) for n in range(1, 5)]
    assert [studies(ledger.claim("pacs", 64, now)) for now in at] == [{"1.1"}, {"1.2"}, {"1.1"}, {"1.1"}]


def test_a_lane_keeps_to_its_study_and_others_take_another(ledger: Ledger) -> None:
    fill(ledger, "1.1", 200)
    fill(ledger, "1.2", 200, came=NOW + timedelta(seconds=1))
    now = NOW + timedelta(seconds=2)
    mine = ledger.claim("pacs", 64, now)[0].consignment
    other = ledger.claim("pacs", 64, now, Choice(taken=frozenset({mine})))[0].consignment
    assert other != mine
    kept = ledger.claim("pacs", 64, now, Choice(mine=mine, taken=frozenset({other})))
    assert {one.consignment for one in kept} == {mine}


def test_when_there_is_but_one_study_all_lanes_help(ledger: Ledger) -> None:
    fill(ledger, "1.1", 128)
    first = ledger.claim("pacs", 64, NOW)
    second = ledger.claim("pacs", 64, NOW, Choice(taken=frozenset({first[0].consignment})))
    assert len(first) == len(second) == 64


def test_r03_high_goes_before_medium_before_low_whenever_it_came(ledger: Ledger) -> None:
    for study, priority in (("1.1", "low"), ("1.2", ""), ("1.3", "high")):
        fill(ledger, study, 1, Options("pacs", priority=priority))
    assert [studies(ledger.claim("pacs", 64, NOW)) for _ in range(3)] == [{"1.3"}, {"1.2"}, {"1.1"}]


def test_a_turn_may_begin_at_a_lower_priority_so_that_nothing_starves(ledger: Ledger) -> None:
    fill(ledger, "1.1", 1, Options("pacs", priority="low"))
    fill(ledger, "1.3", 1, Options("pacs", priority="high"))
    assert studies(ledger.claim("pacs", 64, NOW, Choice(first=2))) == {"1.1"}


def test_what_waits_for_a_schedule_is_claimed_only_while_that_is_open(ledger: Ledger) -> None:
    fill(ledger, "1.1", 1, Options("pacs", during="nights"))
    assert ledger.claim("pacs", 64, NOW) == []
    assert ledger.schedules() == ["nights"]
    assert studies(ledger.claim("pacs", 64, NOW, Choice(schedules=("", "nights")))) == {"1.1"}


QUIET = Options("pacs", study_after=timedelta(seconds=60))


def test_s60_a_study_waits_until_nothing_of_it_has_come_for_so_long(ledger: Ledger) -> None:
    for second in (0, 40, 80):
        ledger.record([of_study("1.1", second, QUIET, came=NOW + timedelta(seconds=second))])
        assert ledger.claim("pacs", 64, NOW + timedelta(seconds=second + 59)) == []
    assert len(ledger.claim("pacs", 64, NOW + timedelta(seconds=140))) == 3


def test_s60_an_object_that_goes_elsewhere_disturbs_the_quiet_too(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 0, QUIET)])
    ledger.record([of_study("1.1", 1, Options("archive"), came=NOW + timedelta(seconds=50))])
    ledger.record([of_study("1.2", 1, Options("archive"), came=NOW + timedelta(seconds=100))])
    assert ledger.claim("pacs", 64, NOW + timedelta(seconds=109)) == []
    assert len(ledger.claim("pacs", 64, NOW + timedelta(seconds=110))) == 1


def test_s60_what_comes_late_follows_when_it_is_quiet_again(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 0, QUIET)])
    (first,) = ledger.claim("pacs", 64, NOW + timedelta(seconds=60))
    ledger.record_outcomes([Ended(first, outcome(Kind.SENT))], NOW)
    ledger.record([of_study("1.1", 1, QUIET, came=NOW + timedelta(hours=1))])
    assert ledger.claim("pacs", 64, NOW + timedelta(hours=1, seconds=59)) == []
    assert len(ledger.claim("pacs", 64, NOW + timedelta(hours=1, seconds=60))) == 1


def test_s60_a_deferral_does_not_break_into_the_quiet(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 0, QUIET)])
    (first,) = ledger.claim("pacs", 64, NOW + timedelta(seconds=60))
    ledger.record([of_study("1.1", 1, QUIET, came=NOW + timedelta(seconds=61))])
    ledger.record_outcomes([Ended(first, outcome(Kind.DEFERRED), NOW + timedelta(seconds=65))], NOW)
    assert ledger.claim("pacs", 64, NOW + timedelta(seconds=120)) == []
    assert len(ledger.claim("pacs", 64, NOW + timedelta(seconds=121))) == 2


def test_sends_under_two_titles_are_two_consignments(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 1, Options("pacs", calling="A")), of_study("1.1", 2, Options("pacs", calling="B"))])
    assert [one.options and one.options.calling for one in ledger.claim("pacs", 64, NOW)] == ["A"]


def test_a_delivery_that_names_no_consignment_goes_in_its_turn(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 1)])
    ledger._session.connection.execute(
        "INSERT INTO deliveries (instance_id, variant_id, destination, state, next_attempt)"
        " VALUES (1, 1, 'archive', 'queued', 5)"
    )
    assert studies(ledger.claim("archive", 64, NOW)) == {"1.1"}


@pytest.mark.parametrize("count", [3, 300])
def test_d20_a_claim_looks_at_as_many_rows_with_many_waiting_as_with_few(ledger: Ledger, count: int) -> None:
    for number in range(count):
        ledger.record([of_study(f"1.{number}", n) for n in range(2)])
    steps: list[int] = []
    ledger._session.connection.set_progress_handler(lambda: bool(steps.append(1)), 10)
    assert len(ledger.claim("pacs", 2, NOW)) == 2
    ledger._session.connection.set_progress_handler(None)
    assert len(steps) < 200, "instructions of SQLite, in tens"


def variant(*options: Options) -> Variant:
    (one,) = entry("1.2.3", "pacs").decision.variants
    names = tuple(each.destination for each in options if not each.stands_in_for)
    return replace(one, destinations=names, options=options)


def test_s58_a_chain_of_stand_ins_ends_where_it_began() -> None:
    decided = entry("1.2.3", "pacs").decision
    chain = (Options("a"), Options("b", stands_in_for="a"), Options("c", stands_in_for="b"))
    assert successors(replace(decided, variants=(variant(*chain),))) == {"a": "b", "b": "c", "c": "a"}


def test_s58_a_stand_in_that_gets_the_instance_anyway_replaces_nothing() -> None:
    decided = entry("1.2.3", "pacs").decision
    both = (Options("a"), Options("b"), Options("b", stands_in_for="a"))
    assert successors(replace(decided, variants=(variant(*both),))) == {}
