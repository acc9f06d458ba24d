"""Rows of the language's small print that no room has to itself: names, words, white space, what comes later."""

from datetime import timedelta

import pytest
from pydicom.datadict import DicomDictionary
from pydicom.uid import UID_dictionary

from dicomrules.lang.format import format
from dicomrules.lang.parse import parse
from dicomrules.rulebook.load import load
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source
from tests.unit.rulebook.say import codes, failures, program


def said(text: str) -> list[Diagnostic]:
    """What is found, unused names left out."""
    loaded = load(["a.rules"], lambda _: "language 1\n" + text)
    return [one for one in loaded.diagnostics if one.code != "DR109"]


def errors(text: str) -> set[str]:
    return {one.code for one in said(text) if one.is_error}


def fixes(text: str) -> list[str]:
    return [fix.replacement for one in said(text) for fix in one.fixes]


# ── names and words ───────────────────────────────────────────────────────────────────────────────────────────────


def test_s1_each_kind_has_names_of_its_own() -> None:
    assert errors('rule ct { empty StudyID } condition ct = Modality == "CT" table ct { "A" => "B" }') == set()


@pytest.mark.parametrize(
    "text",
    [
        'parameter x = "A" condition x = Modality == "CT"',
        'parameter x = "A" rule r { let x = "B" set StudyID = x }',
        'condition x = Modality == "CT" rule r { let x = "B" set StudyID = x }',
        'parameter x = "A" function f(x) = x | trim',
        'rule r { let calling_aet = "B" set StudyID = calling_aet }',
        "rule r { empty StudyID } rule r { empty StationName }",
    ],
)
def test_s1_values_conditions_arguments_and_context_names_share_theirs_and_hide_nothing(text: str) -> None:
    assert "DR108" in errors(text)


@pytest.mark.parametrize("word", ["rule", "otherwise", "quarantine", "present", "and"])
def test_s3_a_reserved_word_is_refused_as_a_name_with_another_one(word: str) -> None:
    assert errors(f"rule {word} {{ empty StudyID }}") == {"DR004"}
    assert any(word in fix and fix != word for fix in fixes(f"rule {word} {{ empty StudyID }}"))


def test_s3_components_and_functions_may_be_called_like_words() -> None:
    assert errors('rule r { when PatientName.given is present set PatientName.given = "A" }') == set()
    assert errors("function format(x) = x | trim") == errors("function my_format(x) = x | trim")


@pytest.mark.parametrize(("written", "laid_out"), [("( 0010,0020 )", "PatientID"), ("(0009,10ff)", "(0009,10FF)")])
def test_s76_the_formatter_writes_the_keyword_where_there_is_one_and_else_upper_case(
    written: str, laid_out: str
) -> None:
    file, _ = parse(Source("a", f"language 1\nrule r {{ empty {written} }}"))
    assert format(file) == f"language 1\n\nrule r {{\n  empty {laid_out}\n}}\n"


def test_s73_a_text_knows_these_escapes_and_no_other() -> None:
    assert failures(
        r'rule r { set PatientComments = "\"\t\u{41}" } test "t" { given Modality = "CT"'
        r' expect PatientComments == "\"\tA" }'
    ) == []  # fmt: skip
    assert errors(r'rule r { set PatientComments = "a\qb" }') == {"DR008"}
    assert errors('rule r { set StudyDescription = "a\nb" }') >= {"DR008"}


def test_s73_a_backslash_is_no_way_to_give_several_values() -> None:
    assert errors(r'rule r { set ImageType = "ORIGINAL\\PRIMARY" }')
    assert errors('rule r { set ImageType = ["ORIGINAL", "PRIMARY"] }') == set()


def test_s75_white_space_and_comments_mean_nothing_between_tokens() -> None:
    close = 'rule r{when Modality not in["CT"]and Rows>1 hold "x" for 24h}'
    wide = 'rule\nr\n{ when\tModality\nnot\n in [ "CT" ] # one\n and Rows\n>\n1 hold\n"x"\nfor 24h }'
    assert parse(Source("a", "language 1 " + close))[0].items == parse(Source("b", "language 1 " + wide))[0].items
    assert errors('rule r { hold "x" for 24 h }')
    assert errors("rule r { empty ( 0010 , 0020 ) }") == set()


def test_s77_a_uid_keyword_stands_where_a_uid_is_expected_and_a_misspelt_one_is_told() -> None:
    assert errors("condition c = SOPClassUID is present and SOPClassUID == CTImageStorage") == set()
    for typed, meant in (("SOPClassUID == CTImageStorge", "CTImageStorage"), ("PatientIDD is present", "PatientID")):
        (found,) = said(f"condition c = {typed}")
        assert found.code == "DR101"
        assert f"`{meant}`" in " ".join([*found.notes, *(f"`{fix.replacement}`" for fix in found.fixes)])


def test_s77_no_keyword_is_both_an_attribute_and_a_uid() -> None:
    attributes = {entry[4] for entry in DicomDictionary.values() if entry[4]}
    assert attributes.isdisjoint(entry[4] for entry in UID_dictionary.values() if entry[4])


@pytest.mark.parametrize("number", ["+5", "1e3", "1.", ".5"])
def test_s78_these_are_no_numbers(number: str) -> None:
    assert errors(f"condition c = SliceThickness < {number}")


def test_s78_a_minus_belongs_to_digits_where_a_value_may_start_and_subtracts_after_one() -> None:
    assert errors("condition c = SliceThickness > -1.5") == set()
    text = "rule r { set InstanceNumber = SeriesNumber -1 otherwise keep }"
    assert failures(text + ' test "t" { given SeriesNumber = "4" expect InstanceNumber == 3 }') == []


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("PatientID is not present", "blank"),
        ("Modality not matches /C./", "not (Modality matches /C./)"),
        ('Modality does not contain "C"', 'not (Modality contains "C")'),
        ("Rows between 1 and 5", "in [1 .. 5]"),
        ('Modality = "CT"', "=="),
        ("SOPClassUID is CTImageStorage", "== CTImageStorage"),
    ],
)
def test_s88_what_people_type_first_is_refused_with_what_to_type_instead(typed: str, instead: str) -> None:
    (found,) = said(f"condition c = {typed}")
    assert found.code == "DR007"
    assert instead in [fix.replacement for fix in found.fixes]


# ── levels, protected attributes, rules, verdicts ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("set StudyDescription = SeriesDescription otherwise keep", "DR502"),
        ("set PatientComments = calling_aet otherwise keep", "DR502"),
        ("set StudyID = SOPInstanceUID | hash(10) otherwise keep", "DR502"),
        ('if SeriesDescription == "A" { set StudyDescription = "A" }', "DR503"),
        ('set StudyDescription = choose Modality { case "CT" => "A" else => "B" } otherwise keep', "DR503"),
    ],
)
def test_s64_what_all_of_a_study_share_is_not_made_of_what_one_series_has(rule: str, code: str) -> None:
    assert code in {one.code for one in said(f"rule r {{ {rule} }}")}


def test_s64_what_is_above_or_beside_may_be_used() -> None:
    for rule in (
        "set SeriesDescription = StudyDescription otherwise keep",
        "set StudyDescription = PatientID otherwise keep",
        "set SeriesDescription = calling_aet otherwise keep",
    ):
        assert not {one.code for one in said(f"rule r {{ {rule} }}")} & {"DR502", "DR503"}


@pytest.mark.parametrize(
    "attribute",
    ["SOPClassUID", "SpecificCharacterSet", "Rows", "BitsAllocated", "PhotometricInterpretation", "NumberOfFrames"],
)
@pytest.mark.parametrize("verb", ["empty {}", "remove {}", "copy {} to {}", "swap {} with {}"])
def test_s66_what_describes_the_bytes_is_not_written(attribute: str, verb: str) -> None:
    assert "DR207" in errors(f"rule r {{ {verb.format(attribute, attribute)} }}")


def test_s84_rules_without_a_condition_are_fine_and_a_condition_that_is_always_true_is_told() -> None:
    assert errors("rule a { empty StationName } rule b { empty SequenceName }") == set()
    found = said("rule a { when Rows > 1 or Rows is blank or Rows <= 1 or Rows is malformed empty StationName }")
    assert [one.code for one in found] == ["DR408"]


def test_s85_the_words_of_a_reject_fit_into_an_answer_and_its_status_is_a_failure() -> None:
    assert errors(f'rule r {{ reject "{"x" * 65}" }}')
    assert errors(f'rule r {{ reject "{"x" * 64}" }}') == set()
    assert errors('rule r { reject "no" status "0000" }')
    assert errors('rule r { reject "no" status "B000" }')
    assert errors('rule r { reject "no" status "A700" }') == set()
    assert errors("rule r { reject PatientID }") == {"DR001"}


# ── routes: what is parsed here and acted on by delivery ──────────────────────────────────────────────────────────


def test_s59_only_once_is_carried_to_delivery() -> None:
    ruled = program("routes all every match { always => pacs only once and vna only once per 24h }")
    once, per_day = ruled.routes[0].arms[0].answer
    assert once.options.only_once
    assert once.options.once_per is None
    assert per_day.options.once_per == timedelta(hours=24)


def test_s62_the_syntax_to_compress_to_is_carried_to_delivery() -> None:
    ruled = program("routes all every match { always => pacs compressed JPEG2000Lossless }")
    (way,) = ruled.routes[0].arms[0].answer
    assert way.options.compressed == "1.2.840.10008.1.2.4.90"


@pytest.mark.parametrize("option", ["through a through b", "during x during y", "priority high priority low"])
def test_s80_each_option_is_said_once(option: str) -> None:
    assert "DR009" in codes(f"routes all every match {{ always => pacs {option} }}")


# ── not in this version ───────────────────────────────────────────────────────────────────────────────────────────


def test_s40_pixels_to_redact_are_read_checked_and_not_carried_out_yet() -> None:
    assert errors("group g { rule r { redact pixels rect(0, 0, Columns, 75) } }") == {"DR002"}


@pytest.mark.parametrize("source", ["sql", "http", "worklist", "fhir"])
def test_s53_tables_whose_answers_a_study_would_keep_are_not_asked_yet(source: str) -> None:
    text = f'table t from {source} "c" {{ key "K" as AccessionNumber value "V" as PatientID unavailable => hold "x" }}'
    assert errors(text) == {"DR002"}


def test_a_number_that_is_given_arrives_as_it_is_written() -> None:
    text = "rule r { empty StudyDescription }"
    assert failures(text + ' test "t" { given PatientID = 00123 expect PatientID == "00123" }') == []
    assert failures(text + ' test "t" { given OtherPatientIDs = [007, 1] expect OtherPatientIDs has "007" }') == []
