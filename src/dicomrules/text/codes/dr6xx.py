"""Codes DR6xx: what belongs to the rules and lies outside of them: files, tables, tests, the gateway."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

_TABLE = (
    'table episodes from csv "episodes.csv" {\n  key   "Accession" as AccessionNumber\n'
    '  value "Episode" as AdmissionID\n  unavailable => hold "list unavailable"\n}\n# episodes.csv:\n'
)
_BIRTHDAYS = (
    'table birthdays from csv "birthdays.csv" {\n  key   "Patient" as PatientID\n'
    '  value "Born" as PatientBirthDate\n  unavailable => hold "list unavailable"\n}\n# birthdays.csv:\n'
)
_PREFIX = '\n# prefix.rules:\n# rule prefix {\n#   set IssuerOfPatientID = "SITEA"\n# }'
_GATEWAY = (
    "routes all every match {\n  always => pacs\n}\n# gateway.yaml:\n"
    "# destinations:\n#   pacs:\n#     dicom: {aet: PACS, host: 10.20.3.9, port: 104}"
)
_TRIAL = "expects destinations research\ngroup trial {\n  rule no_name {\n    empty PatientName\n  }\n}\n"
_GUARDED = (
    "\n# gateway.yaml:\n# destinations:\n#   research:\n#     folder: {path: research}\n#     only_through: [trial]"
)

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR601",
        "a file that cannot be read",
        "The rules cannot be checked without it. Rule files and CSV files are plain text in UTF-8.",
        bad='include "prefixes.rules"' + _PREFIX,
        good='include "prefix.rules"' + _PREFIX,
    ),
    CodeRecord(
        "DR602",
        "a CSV file that cannot be used",
        "A table is read as a whole: a header, and rows with as many cells. The separator is `,` or `;`.",
        bad=_TABLE + "# Accession,Episode\n# ACC1,E1,E2",
        good=_TABLE + "# Accession,Episode\n# ACC1,E1",
    ),
    CodeRecord(
        "DR603",
        "a column that the CSV file does not have",
        "The header must hold each column that the table names, once, spelt as there.",
        bad=_TABLE + "# Accession,Epsiode\n# ACC1,E1",
        good=_TABLE + "# Accession,Episode\n# ACC1,E1",
    ),
    CodeRecord(
        "DR604",
        "a key that is blank or there twice",
        "A look-up must have one answer. Two rows are never `the first`.",
        bad=_TABLE + "# Accession,Episode\n# ACC1,E1\n# ACC1,E2",
        good=_TABLE + "# Accession,Episode\n# ACC1,E1\n# ACC2,E2",
    ),
    CodeRecord(
        "DR605",
        "a cell that its attribute cannot hold",
        "Every cell is checked against the VR of the attribute that its column stands for (PS3.5 6.2), so that no look-up"
        " fails at night.",
        bad=_BIRTHDAYS + "# Patient,Born\n# 4711,31/12/1969",
        good=_BIRTHDAYS + "# Patient,Born\n# 4711,19691231",
    ),
    CodeRecord(
        "DR606",
        "a test that expects nothing",
        "It would pass whatever the rules do.",
        bad='test "CT" {\n  given Modality = "CT"\n}',
        good='test "CT" {\n  given Modality = "CT"\n  expect sent to pacs\n}',
    ),
    CodeRecord(
        "DR607",
        "a destination that the gateway does not have",
        "The rules expect it, and the gateway file must say how it is reached.",
        bad="expects destinations pacs, research\n" + _GATEWAY,
        good="expects destinations pacs\n" + _GATEWAY,
    ),
    CodeRecord(
        "DR608",
        "too much text",
        "All rule files together may hold 1 MB, all CSV files 10 MB. Larger tables belong into a database.",
        bad='include "two_megabytes.rules"',
        good='include "prefix.rules"' + _PREFIX,
    ),
    CodeRecord(
        "DR609",
        "a test without an object",
        "A test needs an object to begin with: `given`, with at least one fact.",
        bad='test "CT" {\n  expect sent to pacs\n}',
        good='test "CT" {\n  given Modality = "CT"\n  expect sent to pacs\n}',
    ),
    CodeRecord(
        "DR610",
        "a rule that no test reaches",
        "Nobody has seen what it does until an image comes. Reported by `validate --strict`; `test --coverage` lists the same.",
        bad='rule a {\n  when Modality == "CT"\n  empty StationName\n}\nrule b {\n  when Modality == "MR"\n'
        '  empty StationName\n}\ntest "CT" {\n  given Modality = "CT"\n  expect fired a\n}',
        good='rule a {\n  when Modality == "CT"\n  empty StationName\n}\ntest "CT" {\n  given Modality = "CT"\n'
        "  expect fired a\n}",
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR611",
        "a destination that does not answer",
        "`validate --environment` asks every DICOM destination of the gateway file by C-ECHO (PS3.4 Annex A). What is sent to"
        " one that does not answer waits in the gateway.",
        bad="dicomrules validate --environment   # while the PACS is down",
        good="dicomrules validate --environment   # while it is up",
    ),
    CodeRecord(
        "DR612",
        "a folder that cannot be written",
        "`validate --environment` looks whether the account that runs it may write into the folders to which the gateway"
        " delivers. What is sent to another one waits in the gateway.",
        bad="dicomrules validate --environment   # as an account that must not write there",
        good="dicomrules validate --environment   # as the account of the gateway",
    ),
    CodeRecord(
        "DR613",
        "a secret that is not there",
        "`secret` names an environment variable, which the gateway reads when it starts. Without it, numbers and UIDs made"
        " with the secret would be other ones than before, so nothing starts. `validate` and `test` need no secrets.",
        bad='secret salt from env "TRIAL_SALT"   # and TRIAL_SALT is not set\nrule r {\n  remap uids with salt\n}',
        good='secret salt from env "TRIAL_SALT"\nrule r {\n  remap uids with salt\n}\n'
        "# environment: TRIAL_SALT=long-and-random",
    ),
    CodeRecord(
        "DR614",
        "a way past the group that a destination asks for",
        "The gateway file says `only_through` of this destination: it is to get nothing but the form that a group of rules"
        " has made, because an identified image there would be a breach. Each way there says `through` that group: in"
        " `failover` and `balance`, in `else`, and where the destination comes from a table.",
        bad=_TRIAL + "routes copies every match {\n  always => research\n}" + _GUARDED,
        good=_TRIAL + "routes copies every match {\n  always => research through trial\n}" + _GUARDED,
    ),
)
