"""Codes DR1xx: names."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

_RULE = "rule prefix {{\n  {}\n}}"
_PREFIX = '\n# prefix.rules:\n# rule prefix {\n#   set IssuerOfPatientID = "SITEA"\n# }'

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR101",
        "unknown attribute",
        "The word is no keyword of the DICOM data dictionary (PS3.6), and no UID keyword either. Under `not`, a misspelt"
        " attribute would be true for every object.",
        bad="condition c = SopClassUID is present",
        good="condition c = SOPClassUID is present",
    ),
    CodeRecord(
        "DR102",
        "unknown tag",
        "The data dictionary (PS3.6) knows no attribute with this tag. Often two digits have changed places.",
        bad='condition c = (1018,1018) starts with "Xeleris"',
        good='condition c = (0018,1018) starts with "Xeleris"',
    ),
    CodeRecord(
        "DR103",
        "unknown name in an expression",
        "A lower-case name is a `let` above, a parameter, a condition, an argument of the function, or one of the context"
        " names such as `calling_aet`.",
        bad='condition c = calling_ae == "CT_A1"',
        good='condition c = calling_aet == "CT_A1"',
    ),
    CodeRecord(
        "DR104",
        "unknown function",
        "Only the functions of the language and those that the file defines can be called; text is never copied into a"
        " tag instead.",
        bad=_RULE.format('set PatientID = PatientID | pad_lft(8, "0") otherwise keep'),
        good=_RULE.format('set PatientID = PatientID | pad_left(8, "0") otherwise keep'),
    ),
    CodeRecord(
        "DR105",
        "unknown table or column",
        "`lookup` names a table of these rule files and one of its value columns, as the table spells them.",
        bad=_RULE.format("set AdmissionID = lookup episode[AccessionNumber].AdmissionID otherwise keep"),
        good=_RULE.format("set AdmissionID = lookup episodes[AccessionNumber].AdmissionID otherwise keep"),
    ),
    CodeRecord(
        "DR106",
        "unknown destination",
        "Destinations are named by `expects destinations`, so that a misspelt one is found here and not when an image has"
        " nowhere to go.",
        bad="expects destinations pacs\nroutes r every match {\n  always => pasc\n}",
        good="expects destinations pacs\nroutes r every match {\n  always => pacs\n}",
    ),
    CodeRecord(
        "DR107",
        "unknown rule, action, group, set of tags, schedule or secret",
        "The name must be defined in these rule files by an item of that kind. A test that names no rule of yours would prove"
        " nothing; a set of attributes that is not there would remove nothing.",
        bad='test "t" {\n  given Modality = "CT"\n  expect fired prefx\n}',
        good='test "t" {\n  given Modality = "CT"\n  expect fired prefix\n}',
    ),
    CodeRecord(
        "DR108",
        "a name given twice",
        "Two things of one kind with one name: nobody can tell which one is meant. `let` names, parameters, conditions,"
        " arguments and context names share one space and never hide each other.",
        bad="condition c = Rows > 1\ncondition c = Rows > 2",
        good="condition c = Rows > 1\ncondition d = Rows > 2",
    ),
    CodeRecord(
        "DR109",
        "defined, but never used",
        "Often the place where it should be used says something else.",
        bad='condition from_site_a = calling_aet == "CT_A1"   # and no rule says `from_site_a`',
        good='condition from_site_a = calling_aet == "CT_A1"\nrule r {\n  when from_site_a\n  empty OtherPatientIDs\n}',
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR110",
        "used before it is defined, or by itself",
        "Conditions, functions and actions may use only those defined above them, so that none can go round in circles.",
        bad="condition a = b\ncondition b = Rows > 1",
        good="condition b = Rows > 1\ncondition a = b",
    ),
    CodeRecord(
        "DR111",
        "an include that is not possible",
        "Included files lie below the folder of the file that includes them, named by a relative path without `..`, and"
        " never include one another in a circle.",
        bad='include "/etc/site.rules"',
        good='include "common/prefix.rules"' + _PREFIX.replace("# prefix", "# common/prefix"),
    ),
    CodeRecord(
        "DR112",
        "a file included twice",
        "Each file is read once, where it is named first.",
        bad='include "prefix.rules"\ninclude "prefix.rules"' + _PREFIX,
        good='include "prefix.rules"' + _PREFIX,
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR113",
        "too large when written out",
        "Conditions, functions and actions stand for what they are made of. Each may grow to 20,000 parts, so that the cost"
        " of deciding one object stays bounded; all functions and actions where they are used to 200,000, of which a"
        " statement is five.",
        bad="condition c0 = Rows > 1 and Columns > 1\n"
        + "\n".join(f"condition c{n} = c{n - 1} and c{n - 1}" for n in range(1, 14)),
        good="condition c = Rows > 1 and Columns > 1",
    ),
    CodeRecord(
        "DR114",
        "a setting said twice",
        "A setting counts for all rule files together and is said once.",
        bad='settings { timezone "Europe/Madrid"  timezone "Europe/Paris" }',
        good='settings { timezone "Europe/Madrid" }',
    ),
    CodeRecord(
        "DR115",
        "a parameter from outside that does not fit",
        "The gateway file or `--set` gives a value to a `parameter` of these rule files; it must be one that the default's"
        " type allows.",
        bad="parameter rows = 512   # and `--set rows=many`",
        good="parameter rows = 512   # and `--set rows=1024`",
    ),
)
