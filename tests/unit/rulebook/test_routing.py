"""Destinations and their options, carried in the Decision; destinations from tables; shares by study."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision, Options
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import PEER, dataset, envelope
from tests.unit.rulebook.say import codes, failures, program

ZONE = 'settings { timezone "Europe/Madrid" } schedule nights = "19:00-06:00"\n'


def decided(text: str, **values: Any) -> Decision:
    decision = Engine(program(text)).decide(envelope(dataset(**values)), explain=True)
    assert isinstance(decision, Decision)
    return decision


def routed(answer: str, **values: Any) -> Decision:
    return decided(ZONE + "routes all every match { always => " + answer + " }", **values)


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        ('as "OTHER"', Options("pacs", calling="OTHER")),
        ("as calling_aet", Options("pacs", calling=PEER.calling_aet)),
        ("compressed JPEG2000Lossless", Options("pacs", compressed="1.2.840.10008.1.2.4.90")),
        ("compressed JPEGBaseline8Bit quality 80", Options("pacs", compressed="1.2.840.10008.1.2.4.50", quality=80)),
        ("decompressed", Options("pacs", decompressed=True)),
        ("during nights", Options("pacs", during="nights")),
        ("by study after 60s", Options("pacs", study_after=timedelta(seconds=60))),
        ("only once", Options("pacs", only_once=True)),
        ("only once per 24h", Options("pacs", only_once=True, once_per=timedelta(hours=24))),
        ("with 2 priors", Options("pacs", priors=2)),
        ("priority high", Options("pacs", priority="high")),
    ],
)
def test_each_option_is_carried_in_the_decision(said: str, carried: Options) -> None:
    (variant,) = routed(f"pacs {said} and vna").variants
    assert variant.destinations == ("pacs", "vna")
    assert variant.options == (carried,)


@pytest.mark.parametrize(
    "said",
    [
        "compressed HTJ2KLossless",
        "with 2 priors",
    ],
)
def test_a_gateway_refuses_what_its_delivery_does_not_act_on_and_rules_alone_do_not(said: str) -> None:
    text = ZONE + f"routes all every match {{ always => pacs {said} and research }}"
    assert "DR002" in codes(text, destinations=["pacs", "vna", "research"])
    assert "DR002" not in codes(text)


@pytest.mark.parametrize(
    "said", ["as calling_aet", "during nights", "by study after 60s", "only once", "priority high", "failover vna"]
)
def test_a_gateway_takes_what_its_delivery_acts_on(said: str) -> None:
    text = ZONE + f"routes all every match {{ always => pacs {said} and research }}"
    assert "DR002" not in codes(text, destinations=["pacs", "vna", "research"])


def test_a_gateway_takes_groups_shares_and_destinations_from_tables() -> None:
    text = """group trial { rule p { empty StudyID } }
        table stores { "A" => "pacs" }
        routes a every match { always => balance(pacs through trial, vna through trial) }
        routes b first match { else => lookup stores[called_aet] otherwise hold "unknown" }"""
    assert codes(text, destinations=["pacs", "vna", "research"]) == ["DR109"]  # research


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("compressed JPEG2000Loseless", "DR219"),
        ("compressed CTImageStorage", "DR219"),
        ("compressed JPEGBaseline8Bit quality 101", "DR219"),
        ("compressed JPEG2000Lossless decompressed", "DR412"),
        ('as "A TITLE THAT IS TOO LONG"', "DR203"),
        ('as ""', "DR203"),
        ("as receiver", "DR103"),
        ("during days", "DR107"),
        ("with 0 priors", "DR219"),
        ("priority high priority low", "DR009"),
        ("through nobody", "DR107"),
    ],
)
def test_what_is_wrong_with_an_option_is_reported(said: str, code: str) -> None:
    assert code in codes(ZONE + f"routes all every match {{ always => pacs {said} }}")


def test_during_needs_a_time_zone() -> None:
    assert "DR218" in codes('schedule n = "Sat" routes all every match { always => pacs during n }')


# ── failover and balance ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_failover_is_sent_to_the_first_and_the_others_stand_in_for_the_one_before() -> None:
    (variant,) = routed("pacs failover vna priority low failover research and vna").variants
    assert variant.destinations == ("pacs", "vna")
    assert variant.options == (
        Options("vna", priority="low", stands_in_for="pacs"),
        Options("research", stands_in_for="vna"),
    )


def share(text: str, study: str) -> str:
    made = program(text)
    decision = Engine(made).decide(envelope(dataset(StudyInstanceUID=study)))
    assert isinstance(decision, Decision)
    (destination,) = decision.destinations
    return destination


def test_r05_s61_balance_shares_by_weight_and_never_splits_a_study() -> None:
    engine = Engine(program("routes all every match { always => balance(pacs 25, vna 35, research 40) }"))

    def sent(study: int, instance: int) -> str:
        made = dataset(StudyInstanceUID=f"1.2.{study}", SOPInstanceUID=f"1.2.{study}.{instance}")
        decision = engine.decide(envelope(made))
        assert isinstance(decision, Decision)
        return decision.destinations[0]

    shares = Counter(sent(study, 1) for study in range(1000))
    assert 200 < shares["pacs"] < 300
    assert 300 < shares["vna"] < 400
    assert 350 < shares["research"] < 450
    assert all(sent(study, 1) == sent(study, 2) for study in range(20))


def test_s61_the_share_hangs_on_the_study_as_received() -> None:
    text = "routes all every match { always => balance(pacs, vna, research) }"
    override = 'rule r { set StudyInstanceUID = "1.2.3.4.5" override }\n' + text
    for study in ("1.2.1", "1.2.2", "1.2.3", "1.2.4"):
        assert share(text, study) == share(override, study)


def test_shares_are_said_for_all_members_or_for_none_and_are_one_or_more() -> None:
    assert "DR412" in codes("routes t every match { always => balance(pacs 25, vna) }")
    assert "DR219" in codes("routes t every match { always => balance(pacs 0, vna 1) }")


def test_a_balance_inside_a_failover_has_its_own_member_stand_in() -> None:
    decision = routed("pacs failover balance(vna, research)")
    ((variant,), (standby,)) = decision.variants, decision.variants[0].options
    assert variant.destinations == ("pacs",)
    assert (standby.destination in ("vna", "research"), standby.stands_in_for) == (True, "pacs")


# ── destinations from tables ──────────────────────────────────────────────────────────────────────────────────────

STORES = """table stores from csv "s.csv" { key "AET" as text aet value "Store" as destination store
    value "Days" as int days unavailable => hold "no list" }\n"""
TO_STORE = 'routes all first match { else => lookup stores[called_aet].store otherwise hold "unknown store" }\n'


def stored(cells: str, test: str = "", routes: str = TO_STORE) -> tuple[str, dict[str, str]]:
    return STORES + routes + test, {"s.csv": "AET,Store,Days\n" + cells}


def test_r27_a_destination_is_what_the_table_says_and_the_otherwise_where_it_says_nothing() -> None:
    text, files = stored(
        "ONE,pacs,3\nTWO,vna,4\nNONE,,5\n",
        """test "t" { given called_aet = "ONE" expect sent to pacs given called_aet = "TWO" expect sent to vna
        given called_aet = "THREE" expect hold "unknown store"
        given called_aet = "NONE" expect hold "unknown store" }""",
    )
    assert failures(text, files) == []


def test_every_cell_of_a_destination_column_is_checked_against_what_is_expected() -> None:
    text, files = stored("ONE,pasc,3\n")
    assert "DR605" in codes(text, files)
    text, files = stored("ONE,pacs,3\nTWO,vna,3\nTHREE,research,3\n")
    assert codes(text, files) == []


def test_a_column_that_holds_no_destinations_is_no_destination() -> None:
    text, files = stored("ONE,pacs,3\n", routes=TO_STORE.replace(".store", ".days"))
    assert "DR201" in codes(text, files)


def test_the_values_of_an_inline_table_are_destinations_or_it_is_an_error() -> None:
    routes = 'routes all first match { else => lookup stores[called_aet] otherwise quarantine "unknown" }'
    good = 'table stores { "ONE" => "pacs" "TEST" => "vna" }' + routes
    assert failures(good + 'test "t" { given Modality = "CT" expect sent to vna }') == []
    assert "DR106" in codes('table stores { "ONE" => "pasc" }' + routes)


def test_a_destination_from_a_table_takes_options_and_goes_through_a_group() -> None:
    text = """group trial { rule p { set StudyID = "T" } } table stores { "GATEWAY" => "research" }
        routes a every match { always => pacs }
        routes b first match { else => lookup stores[called_aet] otherwise hold "x" through trial priority low }"""
    plain, trial = decided(text).variants
    assert (plain.destinations, trial.destinations, trial.group) == (("pacs",), ("research",), "trial")
    assert trial.options == (Options("research", priority="low"),)


def test_a_table_that_sends_to_a_destination_reached_otherwise_is_quarantined() -> None:
    text = """group trial { rule p { set StudyID = "T" } } table stores { "GATEWAY" => "pacs" }
        routes a every match { always => pacs }
        routes b first match { else => lookup stores[called_aet] otherwise hold "x" through trial }"""
    decision = decided(text)
    assert (decision.verdict, decision.reason) == (Verdict.QUARANTINE, "two ways to pacs")


def test_s55_a_verdict_of_a_destination_from_a_table_is_about_the_whole_object() -> None:
    text = """table stores { "A" => "pacs" } routes a every match { always => vna }
        routes b first match { else => lookup stores[called_aet] otherwise hold "unknown store" retry 5min for 24h }"""
    decision = decided(text)
    assert (decision.verdict, decision.variants, decision.retry, decision.limit) == (
        Verdict.HOLD,
        (),
        timedelta(minutes=5),
        timedelta(hours=24),
    )


@pytest.mark.parametrize(
    ("sender", "sent", "standbys"),
    [
        ("vna", ("pacs",), (Options("research", stands_in_for="pacs"),)),
        ("research", ("pacs",), (Options("vna", stands_in_for="pacs"),)),
        ("pacs", (), ()),
    ],
)
def test_s63_the_sender_is_left_out_of_a_failover_too(
    sender: str, sent: tuple[str, ...], standbys: tuple[Options, ...]
) -> None:
    made = program("routes all every match { always => pacs failover vna failover research }")
    decision = Engine(made, {sender: (PEER.calling_aet, PEER.address)}).decide(envelope(dataset()))
    assert isinstance(decision, Decision)
    assert decision.destinations == sent
    assert [one for variant in decision.variants for one in variant.options] == list(standbys)


def test_r09_nothing_goes_back_to_where_it_came_from_through_a_group_either() -> None:
    text = "group g { rule p { empty StudyID } } routes all every match { always => pacs and vna through g }"
    decision = Engine(program(text), {"vna": (PEER.calling_aet, PEER.address)}).decide(envelope(dataset()))
    assert isinstance(decision, Decision)
    assert [variant.destinations for variant in decision.variants] == [("pacs",)]
    assert any("vna left out" in note for note in decision.notes)
