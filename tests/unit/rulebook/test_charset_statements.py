"""`charset to` and `charset from` by the rows of the language's small print."""

import pytest
from pydicom.dataset import Dataset

from tests.unit.engine.make import dataset
from tests.unit.rulebook.whole import codes, hit, latin, rule, run


def test_s39_all_text_changes_at_every_depth_and_the_rest_does_not() -> None:
    leaves = run(rule('charset to "ISO_IR 192"'), latin()).leaves
    assert leaves.SpecificCharacterSet == "ISO_IR 192"
    assert leaves.PatientName == "Müller^Jörg"
    assert leaves.RequestAttributesSequence[0].RequestedProcedureDescription == "Schädel"


@pytest.mark.parametrize(
    "body",
    [
        'set StudyDescription = "頭部"  charset to "ISO_IR 192"',
        'charset to "ISO_IR 192"  set StudyDescription = "頭部"',
        'if PatientName is present { set StudyDescription = "頭部" }  charset to "GB18030"',
    ],
)
def test_s39_the_order_of_text_and_charset_does_not_matter(body: str) -> None:
    result = run(rule(body, 'settings { unencodable => quarantine "does not fit" }'), latin())
    assert result.decision.reasons == ()
    assert result.value("StudyDescription") == "頭部"
    assert result.value("PatientName") == "Müller^Jörg"
    assert result.leaves.RequestAttributesSequence[0].RequestedProcedureDescription == "Schädel"


def test_s39_rules_still_see_what_the_object_declares_while_new_text_waits() -> None:
    text = (
        'settings { unencodable => quarantine "does not fit" } rule a { set StudyDescription = "頭部" }'
        ' rule b { when SpecificCharacterSet has "ISO_IR 100" and PatientName.family == "Müller"'
        ' charset to "ISO_IR 192" }'
    )
    assert run(text, latin()).value("StudyDescription") == "頭部"


@pytest.mark.parametrize(
    ("setting", "reason", "value"),
    [
        ('quarantine "does not fit"', ("does not fit",), ""),
        ("ascii", (), "Lodz"),
        ('charset to "ISO_IR 192"', (), "Łódź"),
    ],
)
def test_s39_when_no_charset_statement_comes_the_setting_decides(
    setting: str, reason: tuple[str, ...], value: str
) -> None:
    text = f'settings {{ unencodable => {setting} }} rule a {{ set StudyDescription = "Łódź" }}'
    text += ' rule b { when Modality == "MR" charset to "ISO_IR 192" }'
    result = run(text, latin())
    assert result.decision.reasons == reason
    if value:
        assert result.value("StudyDescription") == value
        assert result.value("PatientName") == "Müller^Jörg"
        assert b"?" not in result.data


def test_s39_text_that_cannot_be_read_goes_by_the_setting() -> None:
    broken = dataset(SpecificCharacterSet="ISO_IR 192", PatientID="1")
    broken.add_new(0x00104000, "LT", b"caf\xe9 ")
    convert = rule('charset to "ISO_IR 192"')
    assert run(convert, broken).decision.reasons == ("text of the object is not in its character set",)
    held = run('settings { unencodable => hold "look" } ' + convert, broken)
    assert (held.decision.verdict, held.decision.reasons) == ("hold", ("look",))
    lost = run("settings { unencodable => ascii } " + convert, broken)
    assert lost.value("PatientComments") == "caf"
    assert "text that cannot be read: what is not ASCII is lost" in lost.notes


def test_s39_text_that_does_not_fit_the_new_character_set_goes_by_the_setting() -> None:
    made = latin()
    made.SpecificCharacterSet, made.PatientName = "ISO_IR 192", "Łódź"
    assert run(rule('charset to "ISO_IR 100"'), made).decision.verdict == "quarantine"
    kept = run('settings { unencodable => charset to "ISO_IR 192" } ' + rule('charset to "ISO_IR 100"'), made)
    assert (kept.value("SpecificCharacterSet"), kept.value("PatientName")) == ("ISO_IR 192", "Łódź")
    plain = run("settings { unencodable => ascii } " + rule('charset to "ISO_IR 100"'), made)
    assert plain.value("PatientName") == "Lodz"
    assert plain.leaves.RequestAttributesSequence[0].RequestedProcedureDescription == "Schädel"


def chinese() -> Dataset:
    made = dataset(PatientID="1")
    made.add_new(0x00100010, "PN", "王^小東".encode("gbk"))
    return made


def test_charset_from_puts_the_declaration_right_and_leaves_the_bytes() -> None:
    result = run(rule('charset from "GBK"'), chinese())
    assert result.value("SpecificCharacterSet") == "GBK"
    assert result.value("PatientName") == "王^小東"
    assert "王^小東".encode("gbk") in result.data


def test_charset_from_to_writes_anew() -> None:
    result = run(rule('charset from "GBK" to "ISO_IR 192"'), chinese())
    assert result.value("SpecificCharacterSet") == "ISO_IR 192"
    assert result.value("PatientName") == "王^小東"
    assert "王^小東".encode() in result.data


@pytest.mark.parametrize("to", ["", ' to "ISO_IR 192"'])
def test_text_that_rules_wrote_before_charset_from_is_still_read_right(to: str) -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 100")
    made.add_new(0x00100010, "PN", "王^小東".encode("gbk") + b" ")
    text = 'settings { unencodable => quarantine "x" } rule a { set StudyDescription = "Köln" }'
    result = run(text + f' rule b {{ charset from "GB18030"{to} }}', made)
    assert result.value("StudyDescription") == "Köln"
    assert result.value("PatientName") == "王^小東"


def test_charset_from_after_text_was_written_is_a_warning() -> None:
    assert codes(rule('copy PatientName to PatientBirthName  charset from "GBK"')) == {"DR415"}
    assert codes(rule('charset from "GBK"  copy PatientName to PatientBirthName')) == set()


def test_several_terms_are_separated_by_a_backslash() -> None:
    made = dataset()
    made.add_new(0x00100010, "PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B")
    text = rule('charset from "\\\\ISO 2022 IR 87" to "ISO_IR 192"')
    assert run(text, made).value("PatientName").ideographic == "山田^太郎"
    assert codes(rule('charset to "ISO-8859-1"')) == {"DR219"}


def test_the_character_set_is_a_change_that_is_told() -> None:
    changes = hit(run(rule('charset to "ISO_IR 192"'), latin())).changes
    assert [(one.path, one.before, one.after) for one in changes] == [
        ("SpecificCharacterSet", "ISO_IR 100", "ISO_IR 192")
    ]
