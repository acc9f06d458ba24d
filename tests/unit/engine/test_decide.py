"""Routes, verdicts, look-ups, loop guard and explanations (S50 to S57, S63, S72)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Needs
from dicomrules.model.instance import Verdict
from dicomrules.program.expression import Both, Column, Either, Join, Lookup, Named, Not, Origin
from dicomrules.program.ruleset import Arm, Guard, Program, Routes, Settings, Table
from dicomrules.program.statement import Let
from dicomrules.program.types import Type
from dicomrules.program.verdict import Nowhere, Stop
from tests.unit.engine.make import (
    PEER,
    compare,
    dataset,
    decide,
    encode,
    envelope,
    eq,
    is_,
    lit,
    p,
    program,
    read,
    rule,
    set_,
)


def arm(answer: object, when: object = None, *, unless: bool = False, is_else: bool = False) -> Arm:
    guard = None if when is None else Guard(when, unless)  # type: ignore[arg-type]
    return Arm(guard, answer if not isinstance(answer, str) else (answer,), is_else)  # type: ignore[arg-type]


def routes(*arms: Arm, first: bool = True, name: str = "main") -> Routes:
    return Routes(name, first, arms)


def routed(made: object, *tables: Routes, **arguments: object) -> object:
    return decide(Program(routes=tables), made, **arguments).decision  # type: ignore[arg-type]


CT, MR = eq("Modality", "CT"), eq("Modality", "MR")


def test_first_match_takes_one_arm_and_every_match_all_that_fit() -> None:
    arms = (arm("a", CT), arm("b", is_("Modality", "present")), arm("c", is_else=True))
    assert routed(dataset(Modality="CT"), routes(*arms)).destinations == ("a",)
    assert routed(dataset(Modality="CT"), routes(*arms, first=False)).destinations == ("a", "b")
    assert routed(dataset(), routes(*arms, first=False)).destinations == ("c",)


def test_unless_is_the_safe_direction_of_an_arm() -> None:
    table = routes(arm("pacs", CT), arm(Stop("quarantine", "no"), MR, unless=True), arm("vna", is_else=True))
    assert routed(dataset(), table).verdict is Verdict.QUARANTINE
    assert routed(dataset(Modality="MR"), table).destinations == ("vna",)


def test_destinations_of_all_tables_are_united_each_once() -> None:
    decision = routed(dataset(), routes(arm(("a", "b"))), routes(arm(("b", "c")), name="copies"))
    assert decision.destinations == ("a", "b", "c")
    assert len(decision.variants) == 1


def test_routes_are_read_on_the_rewritten_data_set() -> None:
    made = Program(rules=(rule(set_("Modality", "MR")),), routes=(routes(arm("mr", MR), arm("ct", is_else=True)),))
    assert decide(made, dataset(Modality="CT")).decision.destinations == ("mr",)


def test_a_table_that_takes_nothing_of_an_object_quarantines_it() -> None:
    decision = routed(dataset(), routes(arm("a", CT)))
    assert decision.verdict is Verdict.QUARANTINE
    assert decision.reasons == ("no arm of routes main applies",)


def test_without_any_routes_the_rewritten_object_is_a_variant_without_destinations() -> None:
    decision = decide(program(set_("PatientID", "X")), dataset()).decision
    assert decision.verdict is Verdict.SEND
    assert decision.variants[0].destinations == ()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("drop", "hold"), "hold"),
        (("hold", "quarantine"), "quarantine"),
        (("quarantine", "reject"), "reject"),
        (("reject", "drop"), "reject"),
    ],
)
def test_s55_the_strongest_verdict_of_all_tables_counts_and_every_reason_is_kept(
    kinds: tuple[str, str], expected: str
) -> None:
    tables = [routes(arm(Stop(kind, kind)), name=kind) for kind in kinds]  # type: ignore[arg-type]
    decision = routed(dataset(), *tables, routes(arm("pacs"), name="other"))
    assert decision.verdict == expected
    assert decision.reasons == kinds
    assert decision.destinations == ()


def test_a_hold_says_when_it_is_decided_again_and_for_how_long() -> None:
    stop = Stop("hold", "no episode", retry=timedelta(minutes=5), limit=timedelta(hours=24))
    decision = decide(program(stop), dataset()).decision
    assert (decision.retry, decision.limit, decision.status) == (timedelta(minutes=5), timedelta(hours=24), 0)


def test_when_every_table_says_nowhere_the_verdict_is_drop_with_all_reasons() -> None:
    decision = routed(dataset(), routes(arm(Nowhere("a"))), routes(arm(Nowhere("b")), name="two"))
    assert (decision.verdict, decision.reasons) == (Verdict.DROP, ("a", "b"))


def test_s56_nowhere_in_every_match_takes_nothing_away_from_the_other_arms() -> None:
    decision = routed(dataset(), routes(arm(Nowhere("a")), arm("pacs"), first=False))
    assert (decision.verdict, decision.destinations) == (Verdict.SEND, ("pacs",))
    assert decision.notes == ("nowhere: a",)


def test_r09_s63_only_the_destination_that_is_the_sender_itself_is_left_out() -> None:
    applications = {"pacs": (PEER.calling_aet, PEER.address), "vna": (PEER.calling_aet, "192.0.2.99")}
    decision = routed(dataset(), routes(arm(("pacs", "vna"))), applications=applications)
    assert decision.destinations == ("vna",)
    assert decision.notes == ("pacs left out: it would go back to the application that sent it",)


def test_s63_if_it_was_the_only_one_the_verdict_is_drop_with_that_reason() -> None:
    decision = routed(dataset(), routes(arm("pacs")), applications={"pacs": (PEER.calling_aet, PEER.address)})
    assert decision.verdict is Verdict.DROP
    assert decision.reasons == ("it would go back to the application that sent it",)


def test_a_verdict_of_a_rule_ends_the_object_and_later_rules_did_not_fire() -> None:
    rules = (rule(Stop("quarantine", "stop"), name="one"), rule(set_("PatientID", "X"), name="two"))
    decision = decide(Program(rules=rules, routes=(routes(arm("pacs")),)), dataset()).decision
    assert decision.verdict is Verdict.QUARANTINE
    assert [hit.rule for hit in decision.hits] == ["one"]
    assert decision.hits[0].notes == ('quarantine "stop"',)


def test_s72_a_rule_fired_when_its_guard_was_true_even_without_effect() -> None:
    decision = decide(program(set_("PatientID", read("StudyID"), "keep"), when=CT), dataset(Modality="CT")).decision
    assert [hit.matched for hit in decision.hits] == [True]


# ---- look-ups ----

EPISODES = Table(
    "episodes",
    (Type.TEXT,),
    {"AdmissionID": Type.TEXT, "PatientID": Type.TEXT},
    {("A1",): {"AdmissionID": "E1", "PatientID": "00123"}, ("A2",): {"AdmissionID": None, "PatientID": "9"}},
    unavailable=Stop("hold", "episode list unavailable"),
)
LOOKED_UP = set_(
    "AdmissionID", Lookup("episodes", (read("AccessionNumber"),), "AdmissionID"), Stop("hold", "no episode")
)


def with_table(table: Table, *body: object) -> Program:
    return Program(rules=(rule(*body),), tables={table.name: table})


def test_a_look_up_finds_the_cell_of_its_key() -> None:
    result = decide(with_table(EPISODES, LOOKED_UP), dataset(AccessionNumber=" A1 "))
    assert result.value("AdmissionID") == "E1"


@pytest.mark.parametrize(
    ("accession", "note"),
    [("A9", "lookup episodes: not found"), ("A2", "lookup episodes: empty cell"), (None, "otherwise: absent")],
)
def test_s51_a_miss_an_empty_cell_and_a_missing_key_take_the_otherwise_and_the_trace_tells_them_apart(
    accession: str | None, note: str
) -> None:
    made = dataset() if accession is None else dataset(AccessionNumber=accession)
    result = decide(with_table(EPISODES, LOOKED_UP), made)
    assert result.decision.verdict is Verdict.HOLD
    assert note in result.notes


def test_s50_a_composite_key_needs_all_its_parts_not_blank() -> None:
    table = Table("t", (Type.TEXT, Type.INT), {"": Type.TEXT}, {("A", "7"): {"": "found"}, ("", "7"): {"": "never"}})
    key = (read("StudyID"), read("InstanceNumber"))
    statement = set_("PatientID", Lookup("t", key, ""), lit("missed"))
    assert (
        decide(with_table(table, statement), dataset(StudyID="A", InstanceNumber="007")).value("PatientID") == "found"
    )
    assert decide(with_table(table, statement), dataset(StudyID=" ", InstanceNumber="7")).value("PatientID") == "missed"


def test_a_row_gives_several_values_from_one_answer() -> None:
    body = (
        Let("row", Lookup("episodes", (read("AccessionNumber"),), None), Stop("hold", "no episode")),
        set_("AdmissionID", Column("row", "AdmissionID"), "keep"),
        set_("PatientID", Column("row", "PatientID"), "keep"),
    )
    result = decide(with_table(EPISODES, *body), dataset(AccessionNumber="A1"))
    assert (result.value("AdmissionID"), result.value("PatientID")) == ("E1", "00123")
    assert decide(with_table(EPISODES, *body), dataset(AccessionNumber="A9")).decision.verdict is Verdict.HOLD


def test_s52_an_unavailable_table_comes_before_otherwise() -> None:
    table = replace(EPISODES, reachable=False)
    decision = decide(with_table(table, LOOKED_UP), dataset(AccessionNumber="A1")).decision
    assert decision.reasons == ("episode list unavailable",)


def test_what_is_not_in_the_program_is_asked_for_and_decided_again_with_the_answer() -> None:
    engine = Engine(with_table(replace(EPISODES, rows=None), LOOKED_UP))
    arrived = envelope(dataset(AccessionNumber="A1"))
    assert engine.decide(arrived) == Needs("episodes", ("A1",))
    decided = engine.decide(arrived, {("episodes", ("A1",)): {"AdmissionID": "E7"}})
    assert decided.variants[0].changes[0].after == "E7"  # type: ignore[union-attr]
    missed = engine.decide(arrived, {("episodes", ("A1",)): None})
    assert missed.verdict is Verdict.HOLD  # type: ignore[union-attr]


# ---- explanations ----


def test_a_hit_says_which_clauses_decided_with_the_value_seen() -> None:
    modality = replace(CT, origin=Origin('Modality == "CT"', "a.rules:3:8"))
    body = replace(eq("BodyPartExamined", "CHEST"), origin=Origin('BodyPartExamined == "CHEST"', "a.rules:3:27"))
    guard = Both((modality, body))
    hit = decide(program(when=guard), dataset(Modality="CT", BodyPartExamined="CHEST")).decision.hits[0]
    assert [(clause.text, clause.seen, clause.answer) for clause in hit.because] == [
        ('Modality == "CT"', "CT", True),
        ('BodyPartExamined == "CHEST"', "CHEST", True),
    ]
    assert hit.because[0].place == "a.rules:3:8"


def test_explain_tells_about_rules_that_did_not_fire_and_why() -> None:
    rules = (rule(name="no", when=Both((MR, CT))), rule(Stop("drop", "x"), name="stop"), rule(name="late"))
    hits = decide(Program(rules=rules), dataset(Modality="CT"), explain=True).decision.hits
    assert [(hit.rule, hit.matched) for hit in hits] == [("no", False), ("stop", True), ("late", False)]
    assert [(clause.seen, clause.answer) for clause in hits[0].because] == [("CT", False)]
    assert hits[2].notes == ("not reached",)


def test_explain_tells_about_every_arm() -> None:
    table = routes(arm("a", MR), arm("b", CT), arm("c", CT), arm("d", is_else=True))
    hits = decide(Program(routes=(table,)), dataset(Modality="CT"), explain=True).decision.hits
    assert [(hit.matched, hit.notes) for hit in hits] == [
        (False, ()),
        (True, ("b",)),
        (False, ("an arm above applies",)),
        (False, ()),
    ]
    assert all(hit.kind == "route" and hit.rule == "main" for hit in hits)


def test_without_explain_only_what_applied_is_told() -> None:
    table = routes(arm("a", MR), arm("d", is_else=True))
    hits = decide(Program(rules=(rule(when=MR),), routes=(table,)), dataset(Modality="CT")).decision.hits
    assert [(hit.kind, hit.notes) for hit in hits] == [("route", ("d",))]


def test_a_named_condition_stands_above_its_clauses_and_any_shows_the_values_it_saw() -> None:
    guard = Either((Named("is_mr", MR), Not(eq("ImageType[any]", "X"))))
    hit = decide(program(when=guard), dataset(Modality="CT", ImageType=["A", "B"])).decision.hits[0]
    assert [(clause.text, clause.seen, clause.answer) for clause in hit.because] == [
        ("is_mr", "", False),
        ("", "CT", False),
        ("not ()", "A\\B", True),
    ]


# ---- deciding as a whole ----


def test_an_instance_without_an_index_cannot_be_decided() -> None:
    with pytest.raises(ValueError, match="no index"):
        Engine(Program()).decide(replace(envelope(dataset()), index=None))


def test_the_fingerprint_of_the_program_is_that_of_the_decision() -> None:
    assert decide(Program(fingerprint="abc"), dataset()).decision.fingerprint == "abc"


VALUES = st.binary(max_size=12) | st.sampled_from([b"", b"  ", b"CT", b"20080000", b"A\\B", b"1.2", b"\x1b$B", b"\xff"])
PATHS = (
    *("PatientID", "PatientName.family", "InstanceNumber", "SliceThickness", "StudyDate", "StudyTime", "PatientAge"),
    *("ImageType[any]", "StudyInstanceUID", "AcquisitionDateTime", "Rows", "ImageType[value 2]", "PixelSpacing[last]"),
)
WANTED = {
    Type.INT: lit(1, Type.INT),
    Type.TEXT: lit("CT"),
    Type.CODE: lit("CT"),
    Type.PERSON: lit("A^B", Type.PERSON),
    Type.UID: lit("1.2", Type.UID),
}


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), VALUES, max_size=6), st.booleans())
def test_deciding_never_raises_is_deterministic_and_does_not_change_its_input(
    values: dict[str, bytes], strict: bool
) -> None:
    made = dataset()
    data = bytearray(encode(made)[: encode(made).index(b"\x20\x00")])
    for path in sorted(values, key=lambda one: p(one).steps[-1].tag):
        step = p(path).steps[-1]
        raw = values[path] + b" " * (len(values[path]) % 2)
        tag = int(step.tag)  # type: ignore[arg-type]
        if tag > 0x00080018:
            data += tag.to_bytes(4, "big")[1::-1] + tag.to_bytes(4, "big")[3:1:-1]
            data += step.vr.encode() + len(raw).to_bytes(2, "little") + raw
    tests = [is_(path, "present") for path in PATHS]
    tests += [compare(path, "==", WANTED[p(path).type]) for path in PATHS if p(path).type in WANTED]
    rules = [rule(set_("StudyDescription", "seen"), when=test, name=f"r{n}") for n, test in enumerate(tests)]
    copies = [set_("StudyID", read(path), "empty") for path in PATHS if "any" not in path and p(path).type is Type.TEXT]
    rules.append(rule(*copies, set_("PatientID", Join((read("PatientID"), lit("-1"))), "remove"), name="copies"))
    malformed = Stop("quarantine", "malformed") if strict else None
    engine = Engine(Program(rules=tuple(rules), settings=Settings(malformed=malformed)))
    arrived = envelope(bytes(data))
    first = engine.decide(arrived, explain=True)
    assert first == engine.decide(envelope(bytes(data)), explain=True)
    assert bytes(arrived.index.source.read(0, arrived.length)) == bytes(data)  # type: ignore[union-attr]


def test_s21_explain_names_the_rule_whose_guard_met_a_malformed_value() -> None:
    made = encode(dataset(PatientBirthDate="20000101")).replace(b"20000101", b"20080000")
    rules = (rule(name="one"), rule(name="two", when=is_("PatientBirthDate", "present")), rule(name="three"))
    strict = Program(rules=rules, settings=Settings(malformed=Stop("quarantine", "malformed value")))
    decision = decide(strict, made, explain=True).decision
    assert [hit.rule for hit in decision.hits] == ["one", "two", "three"]
    assert decision.hits[1].notes == ("PatientBirthDate is malformed", 'quarantine "malformed value"')
    assert decision.hits[2].notes == ("not reached",)
    assert decision.notes == ("PatientBirthDate is malformed",)
