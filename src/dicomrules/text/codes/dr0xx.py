"""Codes DR0xx: syntax. The text is not a sentence of the language."""

from dicomrules.text.codes.record import CodeRecord

_RULE = "rule prefix {{\n  {}\n}}"

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR001",
        "syntax error",
        "The text is not a sentence of the language at this place. The message says what could stand there, and shows"
        " an example. Only the item around it (a rule, a table, a routes table …) is skipped; all other items are checked"
        " in the same run.",
        bad=_RULE.format('set PatientID "A-1"'),
        good=_RULE.format('set PatientID = "A-1"'),
    ),
    CodeRecord(
        "DR002",
        "not in this version",
        "This is a sentence of the language, but this version of the program cannot carry it out. It is refused"
        " rather than ignored: a rule that silently does nothing would send objects unchanged. Ways of sending that delivery"
        " does not act on yet are refused by a gateway alone; rules without one can be checked and tested with them.",
        bad=_RULE.format("redact pixels rect(0, 0, Columns, 75)"),
        good=_RULE.format('quarantine "burned-in text, look at it"'),
    ),
    CodeRecord(
        "DR003",
        "the file does not say its language version",
        "Each rule file starts with `language 1`, so that an old file keeps its meaning when the language grows."
        " A rule file is plain text in UTF-8: what a word processor saves is none.",
        bad="rule r {\n  empty OtherPatientIDs\n}",
        good="language 1\nrule r {\n  empty OtherPatientIDs\n}",
    ),
    CodeRecord(
        "DR004",
        "a reserved word used as a name",
        "Most words of the language cannot be names of rules, destinations, tables or anything else, so that a message"
        " can always say which kind of thing it is looking at. Words that stand at one place only, such as `first`,"
        " `every`, `patient` or `priority`, may be names.",
        bad="expects destinations default",
        good="expects destinations default_pacs",
    ),
    CodeRecord(
        "DR005",
        "`and` and `or` mixed without brackets",
        "People read `a and b or c` in two ways, and the wrong one routes or rewrites the wrong objects. Brackets say"
        " which one is meant.",
        bad='condition c = Modality == "CT" and Rows > 256 or Columns > 256',
        good='condition c = Modality == "CT" and (Rows > 256 or Columns > 256)',
    ),
    CodeRecord(
        "DR006",
        "a pipe and arithmetic mixed without brackets",
        'In `"A-" + PatientID | trim` one reader pipes the sum, another one only PatientID. Brackets say which one.',
        bad=_RULE.format('set PatientID = "A-" + PatientID | trim'),
        good=_RULE.format(
            'set PatientID = "A-" + (PatientID | trim) otherwise quarantine "no patient number"\n'
            '  set IssuerOfPatientID = "SITEA"'
        ),
    ),
    CodeRecord(
        "DR007",
        "a form that other languages have",
        "The language has one way to say each thing. The message gives the one for what was written.",
        bad="condition c = PatientID is not present",
        good="condition c = PatientID is blank",
    ),
    CodeRecord(
        "DR008",
        "a text, number or character that cannot be read",
        'Texts stand in double quotes on one line; the escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{XXXX}`.'
        " Numbers have no leading `+` and no exponent.",
        bad=_RULE.format('set PatientComments = "see C:\\data"'),
        good=_RULE.format('set PatientComments = "see C:\\\\data"'),
    ),
    CodeRecord(
        "DR009",
        "an option given twice",
        "Each option of a statement or of a destination may be said once; of two, nobody can tell which one counts.",
        bad="routes r every match {\n  always => pacs priority high priority low\n}",
        good="routes r every match {\n  always => pacs priority high\n}",
    ),
    CodeRecord(
        "DR010",
        "a bracket without its partner",
        "Every `{`, `(` and `[` needs its own `}`, `)` or `]`. The message shows where the open one stands.",
        bad='rule a {\n  set StudyID = "1"\nrule b {\n  empty StudyID\n}',
        good='rule a {\n  set StudyID = "1"\n}\nrule b {\n  empty StudyID\n}',
    ),
    CodeRecord(
        "DR011",
        "the file is too large or nested too deeply",
        "A rule file may hold 1 MB of text, with brackets and `not` nested 200 deep. Larger collections of values"
        " belong into a CSV table, larger collections of rules into several files with `include`.",
        bad="condition c = " + "(" * 201 + "Rows > 1" + ")" * 201,
        good="condition c = Rows > 1",
    ),
)
