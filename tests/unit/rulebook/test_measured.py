"""I-12: what an image is measured, placed and read by goes only where a rule names it, whatever reaches it besides."""

import pytest
from pydicom.dataset import Dataset

from dicomrules.dicom.measured import FRAMES, MEASURED
from dicomrules.dicom.tags import keyword_of, vr_of
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import dataset, with_items
from tests.unit.rulebook.whole import leaving, rule, run

ROUTES = " routes all first match { else => pacs }"
KEYWORDS = [keyword_of(tag) for tag in sorted(MEASURED)]
PLAIN = [keyword_of(tag) for tag in sorted(MEASURED - FRAMES)]
FUNCTIONAL = [keyword_of(tag) for tag in sorted(FRAMES)]
VALUES = {"DS": "1.5", "CS": "L", "UI": "1.2.3", "LO": "x", "SH": "x", "US": 1, "FD": 1.5, "FL": 1.5, "SS": 1, "UL": 1}
VRS = sorted({vr_of(tag) for tag in MEASURED})
GROUPS = sorted({f"{tag >> 16:04X}" for tag in MEASURED})

AFFIXES = {f"/{word[:5]}.*/" for word in KEYWORDS} | {f"/.*{word[-5:]}/" for word in KEYWORDS}
PATTERNS = f"tags t = [{', '.join(sorted(AFFIXES))}]"
BY_VR = "tags t = [" + ", ".join(f"vr {vr}" for vr in VRS) + "]"
MASKS = "tags t = [" + ", ".join(f"({group},xxxx)" for group in GROUPS) + "]"


def image(*keywords: str) -> Dataset:
    """An object with these attributes, at the top and inside an item."""
    made, item = dataset(PatientID="4711", StationName="CT1"), Dataset()
    for keyword in keywords:
        vr = vr_of(next(tag for tag in MEASURED if keyword_of(tag) == keyword))
        value = with_items({"PatientComments": "x"}) if vr == "SQ" else VALUES[vr]
        setattr(made, keyword, value)
        setattr(item, keyword, value)
    made.ReferencedImageSequence = [item]
    return made


def left(text: str, made: Dataset) -> Dataset:
    """What leaves."""
    result = run(text + ROUTES, made)
    assert result.decision.verdict is Verdict.SEND, result.decision.reasons
    return leaving(made, result.decision.variants[0].patch)


def missing(after: Dataset, before: Dataset, keywords: list[str]) -> list[str]:
    """What is not there as it was; of a sequence, that it is there."""
    return [
        word
        for word in keywords
        if word not in after or (after[word].VR != "SQ" and after[word] != before[word]) or after[word].is_empty
    ]


@pytest.mark.parametrize("verb", ["remove", "empty"])
@pytest.mark.parametrize(
    ("target", "before"),
    [
        ("tags t", PATTERNS),
        ("tags t anywhere", PATTERNS + " except [ReferencedImageSequence]"),
        ("tags t", BY_VR),
        ("tags t anywhere", BY_VR + " except [ReferencedImageSequence]"),
        ("tags t", MASKS),
        ("tags t anywhere", MASKS + " except [ReferencedImageSequence]"),
        (", ".join(f"({group},xxxx)" for group in GROUPS), ""),
        ("(xxxx,xxxx)", ""),
        ("(xxxx,xxxx) anywhere except ReferencedImageSequence", ""),
    ],
)
def test_i12_patterns_masks_and_vrs_never_reach_it(target: str, before: str, verb: str) -> None:
    made = image(*KEYWORDS)
    after = left(rule(f"{verb} {target}", before), made)
    assert missing(after, made, KEYWORDS) == []
    if "anywhere" in target:
        assert missing(after.ReferencedImageSequence[0], made.ReferencedImageSequence[0], KEYWORDS) == []


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_i12_a_rule_that_names_it_takes_it_away(keyword: str) -> None:
    made = image(keyword)
    assert keyword not in left(rule(f"remove {keyword}"), made)
    assert keyword not in left(rule("remove tags t", f"tags t = [/Patient.*/, {keyword}, vr PN]"), made)
    assert keyword not in left(rule(f"keep only PatientID except {keyword}"), made)
    assert keyword not in left(rule(f"remove {keyword} keep only PatientID"), made)
    everywhere = left(rule(f"remove {keyword} anywhere"), made)
    assert keyword not in everywhere
    assert keyword not in everywhere.ReferencedImageSequence[0]


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("keep only PatientID", ""),
        ("keep only tags t", "tags t = [PatientID, (0002,xxxx)]"),
        ("keep only PatientID except tags t", PATTERNS),
    ],
)
def test_i12_keep_only_keeps_it(body: str, before: str) -> None:
    made = image(*PLAIN)
    after = left(rule(body, before), made)
    assert missing(after, made, PLAIN) == []
    assert "StationName" not in after


@pytest.mark.parametrize("keyword", FUNCTIONAL)
def test_i12_functional_groups_that_keep_only_does_not_name_are_a_question_for_a_person(keyword: str) -> None:
    made = image(keyword)
    kept = run(rule("keep only PatientID") + ROUTES, made).decision
    assert (kept.verdict, kept.reasons) == (Verdict.QUARANTINE, (f"`keep only` does not name {keyword}",))
    assert left(rule(f"keep only PatientID, {keyword}"), made)[keyword] == made[keyword]


def test_i12_in_a_group_only_that_form_is_kept_for_a_person() -> None:
    text = "group g { rule thin { keep only PatientID } }"
    text += " routes x every match { always => pacs and research through g }"
    decision = run(text, image("SharedFunctionalGroupsSequence")).decision
    assert (decision.verdict, decision.destinations) == (Verdict.SEND, ("pacs",))
    assert [each.verdict for each in decision.stopped] == [Verdict.QUARANTINE]


def test_i12_every_keyword_is_one() -> None:
    assert (len(MEASURED), len(FRAMES)) == (51, 2)
