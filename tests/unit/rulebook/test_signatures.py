"""I-15: objects that somebody has signed."""

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from dicomrules.engine.decide import Engine
from dicomrules.engine.signed import BROKEN
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import dataset, encode, envelope, with_items
from tests.unit.rulebook.say import program
from tests.unit.rulebook.whole import leaving, rule, run

EXPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
ROUTES = " routes all first match { else => pacs }"


def decided(text: str, made: Dataset, syntax: str) -> Decision:
    """What rules make of an object that came in this transfer syntax."""
    decision = Engine(program(text)).decide(replace(envelope(made), transfer_syntax=syntax))
    assert isinstance(decision, Decision)
    return decision


def signed() -> Dataset:
    """A small CT with a signature."""
    made = dataset(PatientID="4711")
    made.MACParametersSequence = with_items({"MACIDNumber": 1, "MACAlgorithm": "SHA256"})
    made.DigitalSignaturesSequence = with_items({"MACIDNumber": 1, "DigitalSignatureUID": "1.2.9"})
    return made


def test_i15_a_signature_that_a_rewrite_breaks_is_told_of_and_left_as_it_is() -> None:
    made = signed()
    result = run(rule('set PatientID = "1" set IssuerOfPatientID = "A"') + ROUTES, made)
    assert result.decision.verdict is Verdict.SEND
    assert result.decision.notes == (BROKEN,)
    left = leaving(made, result.decision.variants[0].patch)
    assert left.PatientID == "1"
    assert left.DigitalSignaturesSequence == made.DigitalSignaturesSequence


def test_i15_without_a_change_or_without_a_signature_there_is_nothing_to_tell() -> None:
    untouched = run(rule('when PatientID == "1" set PatientID = "2" set IssuerOfPatientID = "A"') + ROUTES, signed())
    assert untouched.decision.variants[0].patch.is_empty
    assert untouched.decision.notes == ()
    unsigned = run(rule('set PatientID = "1" set IssuerOfPatientID = "A"') + ROUTES, dataset(PatientID="4711"))
    assert unsigned.decision.notes == ()


def test_i15_a_rule_may_take_signatures_away() -> None:
    made = signed()
    body = "remove DigitalSignaturesSequence, MACParametersSequence"
    result = run(rule(body) + ROUTES, made)
    left = leaving(made, result.decision.variants[0].patch)
    assert "DigitalSignaturesSequence" not in left
    assert "MACParametersSequence" not in left
    assert result.decision.notes == ()
    assert encode(left)[:20] == encode(made)[:20]


def test_i15_a_rule_may_hold_what_is_signed() -> None:
    result = run(rule('when DigitalSignaturesSequence is present hold "signed"') + ROUTES, signed())
    assert (result.decision.verdict, result.decision.reasons) == (Verdict.HOLD, ("signed",))
    assert run(
        rule('when DigitalSignaturesSequence is present hold "signed"') + ROUTES, dataset()
    ).decision.verdict is (Verdict.SEND)


CODED = "a digital signature of it may no longer fit what leaves for {}: pixels are coded anew"


@pytest.mark.parametrize(
    ("arms", "syntax", "told"),
    [
        ("pacs compressed JPEG2000Lossless", EXPLICIT, (CODED.format("pacs"),)),
        ("pacs compressed JPEGBaseline8Bit quality 80 and vna", EXPLICIT, (CODED.format("pacs"),)),
        ("pacs failover vna compressed RLELossless", EXPLICIT, (CODED.format("vna"),)),
        ("pacs decompressed and vna compressed RLELossless", JPEG, (CODED.format("pacs, vna"),)),
        ("pacs decompressed", EXPLICIT, ()),
        ("pacs compressed JPEGBaseline8Bit", JPEG, ()),
        ("pacs", EXPLICIT, ()),
    ],
)
def test_i15_pixels_that_a_route_has_coded_anew_are_told_of_too(arms: str, syntax: str, told: tuple[str, ...]) -> None:
    made = signed()
    made.add_new(0x7FE00010, "OW", bytes(64))
    text = f"routes all every match {{ always => {arms} }}"
    assert decided(text, made, syntax).notes == told
    del made.PixelData
    assert decided(text, made, syntax).notes == ()
    made = dataset()
    made.add_new(0x7FE00010, "OW", bytes(64))
    assert decided(text, made, syntax).notes == ()


def test_i15_what_rules_have_broken_is_told_of_once() -> None:
    made = signed()
    made.add_new(0x7FE00010, "OW", bytes(64))
    text = rule("empty StationName") + " routes all every match { always => pacs compressed RLELossless }"
    assert decided(text, made, EXPLICIT).notes == (CODED.format("pacs"),)
    made.StationName = "CT1"
    assert decided(text, made, EXPLICIT).notes == (BROKEN,)


def test_i15_a_form_that_a_group_keeps_breaks_nothing() -> None:
    group = 'group trial { rule keeps { empty StudyID hold "later" } }'
    text = f"{group} routes all every match {{ always => pacs and vna through trial compressed RLELossless }}"
    made = signed()
    made.add_new(0x7FE00010, "OW", bytes(64))
    assert decided(text, made, EXPLICIT).notes == ()
