"""Proofs about conditions are true: whatever is proven never to hold together is never seen to by the engine."""

import random
from decimal import Decimal

import pytest

from dicomrules.dicom.tags import tag_of, vr_of
from dicomrules.engine.decide import Engine
from dicomrules.lang.check.proof import Claim, Prover
from dicomrules.model.decision import Needs
from dicomrules.program.case import Given, GivenAbsent, GivenAttribute, GivenContext
from dicomrules.program.expression import (
    Among,
    Both,
    Compare,
    Condition,
    Context,
    Either,
    Expression,
    InNetworks,
    Is,
    Literal,
    Matches,
    Named,
    Not,
    Origin,
    Range,
    Read,
    TextTest,
)
from dicomrules.program.path import Path, Step
from dicomrules.program.ruleset import Guard, Program, Rule
from dicomrules.program.types import Regex, Type
from dicomrules.rulebook.arrived import arrived

TEXTS = ("A", "AB", "B", "ABC", "CAB")
NUMBERS = (0, 1, 5, 10)
ADDRESSES = ("10.1.2.3", "10.1.3.3", "192.0.2.7")
NETWORKS = ("10.0.0.0/8", "10.1.2.0/24", "192.0.2.7", "10.1.3.0/24")
SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def read(keyword: str) -> Read:
    tag = tag_of(keyword)
    assert tag is not None
    return Read(Path((Step(tag, vr_of(tag), keyword),), text=keyword))


TEXT, WHOLE, DECIMAL = read("StudyID"), read("InstanceNumber"), read("SliceThickness")


def text_test(dice: random.Random, subject: Expression, type_: Type) -> Condition:
    sought = Literal(dice.choice(TEXTS), type_)
    members = tuple(Literal(each, type_) for each in dice.sample(TEXTS, dice.randint(1, 3)))
    return dice.choice(
        (
            Compare(dice.choice(("==", "!=")), subject, sought, type_),
            Compare("==", sought, subject, type_),
            Among(subject, members, type_, dice.random() < 0.5),
            TextTest(dice.choice(("contains", "starts", "ends")), subject, sought),
            Matches(subject, Regex(dice.choice(("A.*", "[AB]+", "B"))), dice.random() < 0.5),
        )
    )


def number_test(dice: random.Random, subject: Expression, type_: Type) -> Condition:
    make = Decimal if type_ is Type.DECIMAL else int
    low, high = sorted(dice.choices(NUMBERS, k=2))
    members = (Range(make(low), make(high)), Literal(make(dice.choice(NUMBERS)), type_))
    return dice.choice(
        (
            Compare(dice.choice(SIGNS), subject, Literal(make(low), type_), type_),
            Compare(dice.choice(SIGNS), Literal(make(low), type_), subject, type_),
            Among(subject, members[: dice.randint(1, 2)], type_, dice.random() < 0.5),
        )
    )


def test(dice: random.Random) -> Condition:
    which = dice.randrange(6)
    if which == 0:
        return Is(dice.choice((TEXT, WHOLE)), dice.choice(("present", "absent", "empty", "blank", "malformed")))
    if which == 1:
        return InNetworks(Context("calling_ip"), tuple(dice.sample(NETWORKS, 2)), dice.random() < 0.5)
    if which == 2:
        return text_test(dice, Context("calling_aet"), Type.TEXT)
    if which == 3:
        return number_test(dice, DECIMAL, Type.DECIMAL)
    return text_test(dice, TEXT, Type.TEXT) if which == 4 else number_test(dice, WHOLE, Type.INT)


test.__test__ = False  # type: ignore[attr-defined]


def condition(dice: random.Random, depth: int = 3) -> Condition:
    if depth == 0 or dice.random() < 0.3:
        return test(dice)
    parts = tuple(condition(dice, depth - 1) for _ in range(2))
    return dice.choice((Both(parts), Both(parts), Either(parts), Not(parts[0]), Named("c", parts[0])))


def given(dice: random.Random) -> Given:
    facts: list[GivenAttribute | GivenAbsent | GivenContext] = [
        GivenContext("calling_aet", dice.choice(TEXTS)),
        GivenContext("calling_ip", dice.choice(ADDRESSES)),
    ]
    for where, values in (
        (TEXT, ("", " ", *TEXTS)),
        (WHOLE, ("", "x", "0", "1", "3", "5", "7", "10")),
        (DECIMAL, ("0.5", "1", "5.0", "10")),
    ):
        value = dice.choice((None, *values))
        facts.append(
            GivenAbsent(where.path) if value is None else GivenAttribute(where.path, (value,) if value else ())
        )
    return Given(tuple(facts))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_proven_never_to_hold_together_never_does(seed: int) -> None:
    dice = random.Random(seed)
    conditions = [condition(dice) for _ in range(60)]
    rules = tuple(
        Rule(f"r{index}", Guard(one), (), origin=Origin(place=str(index))) for index, one in enumerate(conditions)
    )
    engine = Engine(Program(rules=rules))
    seen: list[frozenset[int]] = []
    for number in range(150):
        tried = engine.attempt(arrived(given(dice), number, "", lambda name: b""), {}, explain=True)
        assert not isinstance(tried, Needs)
        seen.append(frozenset(int(hit.rule[1:]) for hit in tried.decision.hits if hit.kind == "rule" and hit.matched))
    prover = Prover(left=10**9)
    proven = 0
    for one in range(len(conditions)):
        for other in range(one + 1):
            for holds in (True, False):
                claims = [Claim(conditions[one], holds), Claim(conditions[other], holds)]
                if prover.never(claims):
                    proven += 1
                    assert not any((one in each) is holds and (other in each) is holds for each in seen)
    assert proven > 20


def both(*parts: Condition) -> bool:
    return Prover().never([Claim(part) for part in parts])


def equals(value: str) -> Compare:
    return Compare("==", TEXT, Literal(value, Type.TEXT), Type.TEXT)


def order(sign: str, value: int) -> Compare:
    return Compare(sign, WHOLE, Literal(value, Type.INT), Type.INT)  # type: ignore[arg-type]  # one of the signs


def starts(text: str) -> TextTest:
    return TextTest("starts", TEXT, Literal(text, Type.TEXT))


def test_sets_ranges_beginnings_and_presence_contradict() -> None:
    assert both(equals("A"), equals("B"))
    assert both(order("<", 10), order(">", 20))
    assert both(order(">", 5), order("<", 6))
    assert both(starts("AB"), starts("C"))
    assert both(starts("AB"), Not(starts("A")))
    assert both(equals("AB"), Not(TextTest("contains", TEXT, Literal("B", Type.TEXT))))
    assert both(equals("A"), Is(TEXT, "blank"))
    assert both(Is(TEXT, "present"), Is(TEXT, "malformed"))
    assert both(Compare("<", read("Rows"), Literal(0, Type.INT), Type.INT))


def test_what_may_be_is_not_proven() -> None:
    assert not both(order(">", 5), order("<", 7))
    assert not both(starts("A"), starts("AB"))
    assert not both(Not(equals("A")), Not(equals("B")))
    assert not both(Not(equals("A")), Is(TEXT, "blank"))
    assert not both(Not(Is(TEXT, "present")), Not(Is(TEXT, "blank")))


def test_a_proof_that_is_too_long_is_given_up_and_remembered() -> None:
    def either(subject: Expression, *values: str) -> Condition:
        return Either(tuple(Compare("==", subject, Literal(value, Type.TEXT), Type.TEXT) for value in values))

    claims = [Claim(either(Context(f"c{number}"), "A", "B")) for number in range(14)]
    claims += [Claim(either(TEXT, "1", "2")), Claim(either(TEXT, "3", "4"))]
    about = Origin("here", "a:1:1")
    prover = Prover(most=200)
    assert not prover.never(claims, about)
    assert list(prover.given_up) == [about]
    assert Prover(most=10**6, left=10**6).never(claims)
