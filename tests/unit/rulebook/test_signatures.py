"""I-15: objects that somebody has signed."""

from pydicom.dataset import Dataset

from dicomrules.engine.signed import BROKEN
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import dataset, encode, with_items
from tests.unit.rulebook.whole import leaving, rule, run

ROUTES = " routes all first match { else => pacs }"


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
