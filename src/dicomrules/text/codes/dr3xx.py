"""Codes DR3xx: presence."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

_RULE = "rule r {{\n  {}\n}}"

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR301",
        "a negative test on what may be missing",
        'Is an object without the attribute meant, or not? Both readings of `X != "a"` are common, and the wrong one sends'
        ' the wrong objects. Say it: `X is present and X != "a"`, or `X is blank or X != "a"`.',
        bad='condition c = StudyDescription != "TEST"',
        good='condition c = StudyDescription is blank or StudyDescription != "TEST"',
    ),
    CodeRecord(
        "DR302",
        "a value that may be missing, without `otherwise`",
        "The attribute may be absent or empty, or the operation may fail. Say what then: another value, `keep`, `empty`,"
        " `remove`, or a verdict; or ask first, in `when` or `if`.",
        bad=_RULE.format("set PatientName = PatientID"),
        good=_RULE.format('set PatientName = PatientID otherwise quarantine "no PatientID"'),
    ),
    CodeRecord(
        "DR303",
        "an `otherwise` that cannot happen",
        "The value is always there and always fits, so this part of the rule never runs. Its author expected a case that"
        " the rule does not have: perhaps another attribute was meant.",
        bad=_RULE.format('set InstitutionName = "NORTH" otherwise keep'),
        good=_RULE.format('set InstitutionName = "NORTH"'),
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR304",
        "`not` around `[every]`",
        "`[every]` over nothing is true, so `not` would be false for an object without the attribute, which hardly anybody"
        " expects. Turn the test round and say `[any]`.",
        bad='condition c = not (ImageType[every] == "ORIGINAL")',
        good='condition c = ImageType[any] != "ORIGINAL"',
    ),
    CodeRecord(
        "DR305",
        "an `otherwise` that may itself have no value",
        "What stands after `otherwise` is the last word: a constant, a verdict, or a value that is known to be there.",
        bad=_RULE.format("set PatientID = OtherPatientIDs[first] otherwise StudyID"),
        good=_RULE.format(
            'set PatientID = first_present(OtherPatientIDs[first], StudyID) otherwise quarantine "no number"'
        ),
    ),
)
