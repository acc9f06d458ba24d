"""Codes DR2xx: types, VR, VM and length."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

_RULE = "rule r {{\n  {}\n}}"

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR201",
        "types that do not go together",
        'Numbers, dates and texts are different things: `10` comes after `9`, "10" comes before "9". Say how one becomes'
        ' the other: `| to_int`, `| format("%d")`, `| parse_date("DD/MM/YYYY")`, `| format_date("YYYY")`.',
        bad=_RULE.format("set ImageComments = Rows otherwise keep"),
        good=_RULE.format('set ImageComments = Rows | format("%d") otherwise keep'),
    ),
    CodeRecord(
        "DR202",
        "a text operator on what is no text",
        "`contains`, `starts with`, `ends with` and `matches` look at text. Numbers and dates are compared as what they"
        ' are: as text, `Rows contains "512"` would also be true for 5120.',
        bad='condition c = Rows contains "512"',
        good="condition c = Rows == 512",
    ),
    CodeRecord(
        "DR203",
        "a value that this VR cannot hold",
        "PS3.5 6.2 says what each VR can hold: a DA is eight digits that name a day, a CS is at most 16 of A-Z, 0-9, `_` and"
        " space, a UI is digits and dots.",
        bad='condition c = StudyDate > "20080000"',
        good='condition c = StudyDate > "20080101"',
    ),
    CodeRecord(
        "DR204",
        "too long for its VR",
        "The longest value that can come out is longer than the VR holds (PS3.5 6.2), and receivers refuse or cut it. Cut it"
        " with `cut` or `slice`, or say what happens `otherwise`.",
        bad=_RULE.format('when AccessionNumber is present\n  set AccessionNumber = "SITEA-" + AccessionNumber'),
        good=_RULE.format(
            'when AccessionNumber is present\n  set AccessionNumber = "SITEA-" + AccessionNumber otherwise quarantine "accession too long"'
        ),
    ),
    CodeRecord(
        "DR205",
        "several values where one is needed",
        "By its VM in PS3.6 the attribute may have several values, so say which one: `[first]`, `[value 2]`, `[last]`; in a"
        " condition `[any]`, `[every]` or `has`.",
        bad='condition c = ImageType == "LOCALIZER"',
        good='condition c = ImageType has "LOCALIZER"',
    ),
    CodeRecord(
        "DR206",
        "a sequence without an item, or items of what is no sequence",
        "A sequence (VR SQ) has items, each a data set of its own, so say which item is meant: `S[first].X`, in a condition also"
        " `S[any].X`. Only sequences have them.",
        bad='condition c = RequestAttributesSequence.RequestedProcedureID == "P1"',
        good='condition c = RequestAttributesSequence[any].RequestedProcedureID == "P1"',
    ),
    CodeRecord(
        "DR207",
        "a protected attribute",
        "Class, character set and the description of the pixels say how the object is to be read; changed alone, the object"
        " lies about itself. UIDs of instance, series and study change together, or references break.",
        bad=_RULE.format('set SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"'),
        good=_RULE.format('set SeriesDescription = "CT"'),
    ),
    CodeRecord(
        "DR208",
        "a private element that cannot be told",
        "The block of a private element (PS3.5 7.8.1) may differ from object to object, so it is named by its creator; its VR"
        " comes from the private dictionaries or from a `private` item.",
        bad='condition c = (0019,100C) == "1"',
        good='private (0019,"NORTH HOSPITAL",0C) LO\ncondition c = (0019,"NORTH HOSPITAL",0C) == "1"',
    ),
    CodeRecord(
        "DR209",
        "a regular expression that RE2 does not take, or that is too large",
        "Regular expressions are RE2's, which take linear time whatever a sender puts into a value: no look-around, no"
        " back-references. One has at most 2,000 characters, and all together make programs of at most 2,000,000 steps:"
        " repeats of large classes, such as `\\pL{300}`, are what that forbids. A list of values is `in [ … ]`, or a table.",
        bad=r"condition c = PatientID matches /(\d)\1/",
        good=r"condition c = PatientID matches /\d\d/",
    ),
    CodeRecord(
        "DR210",
        "`^` or `$` in `matches`",
        "`matches` is always about the whole value, so they change nothing; who wants a part says `contains /x/`.",
        bad=r"condition c = PatientID matches /^\d{8}$/",
        good=r"condition c = PatientID matches /\d{8}/",
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR211",
        "letters that look like others",
        "The text mixes letters of different scripts, or holds characters that turn the direction of writing: what is seen"
        " is not what is compared.",
        bad='condition c = StationName == "СT1"   # the first letter is Cyrillic',
        good='condition c = StationName == "CT1"',
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR212",
        "a selector that cannot stand here",
        "A value comes from exactly one element: `[first]`, `[last]`, `[item n]`, `[value n]`, `[where …]`. `[any]` and"
        " `[every]` belong into conditions, `[every]` also into what is written, `[new]` into `add` and `within`.",
        bad=_RULE.format("set PatientComments = OtherPatientNames[any] otherwise keep"),
        good=_RULE.format("set PatientComments = OtherPatientNames[first] | cut(64) otherwise keep"),
    ),
    CodeRecord(
        "DR213",
        "arguments that a function does not take",
        "Each function says how many arguments it takes, of which types, and which must be constants.",
        bad=_RULE.format("set StationName = StationName | cut otherwise keep"),
        good=_RULE.format("set StationName = StationName | cut(8) otherwise keep"),
    ),
    CodeRecord(
        "DR214",
        "a condition where a value is needed, or the other way round",
        "Conditions are true or false; attributes and texts are values. `X is present` makes a condition of an attribute.",
        bad="condition c = PatientID",
        good="condition c = PatientID is present",
    ),
    CodeRecord(
        "DR215",
        "an identifier that is cut",
        "Two patients, orders or studies whose identifiers begin alike may become one.",
        bad=_RULE.format('set PatientID = "A-" + PatientID | cut(64) otherwise keep'),
        good=_RULE.format('set PatientID = "A-" + PatientID otherwise quarantine "number too long"'),
        severity=Severity.WARNING,
        silence="It always warns. Without `cut`, an `otherwise` takes the number that is too long, and nothing is cut.",
    ),
    CodeRecord(
        "DR216",
        "a UID of instance, series or study is set",
        "Other objects refer to it by the old value. `override` says that this is meant.",
        bad=_RULE.format('set StudyInstanceUID = "1.2.3" override'),
        good=_RULE.format('set StudyID = "3"'),
        severity=Severity.WARNING,
        silence="It always warns: `remap uids` changes UIDs together with all references to them and does not warn.",
    ),
    CodeRecord(
        "DR217",
        "unknown component of a name",
        "A person name (PN, PS3.5 6.2.1) has the components family, given, middle, prefix and suffix, also after"
        " `.ideographic` and `.phonetic`. Other values have none.",
        bad='condition c = PatientName.surname == "DOE"',
        good='condition c = PatientName.family == "DOE"',
    ),
    CodeRecord(
        "DR218",
        "a setting that these rules need",
        "Text that is not ASCII may not fit the character set of an object, and a time needs a time zone. What then is said"
        " once, in `settings`.",
        bad='rule r {\n  set InstitutionName = "Klinikum Köln"\n}',
        good='settings { unencodable => charset to "ISO_IR 192" }\nrule r {\n  set InstitutionName = "Klinikum Köln"\n}',
    ),
    CodeRecord(
        "DR219",
        "a value that has no meaning here",
        "The message says what is expected: a VR, a time zone, a schedule, a status, an address.",
        bad='schedule nights = "Mon-Fri 19-06"',
        good='schedule nights = "Mon-Fri 19:00-06:00"',
    ),
    CodeRecord(
        "DR220",
        "more, or fewer, values than the attribute holds",
        "PS3.6 gives the number of values of each attribute (VM). Receivers refuse other numbers, or read only the first value.",
        bad=_RULE.format('set Modality = ["CT", "MR"]'),
        good=_RULE.format('set Modality = "CT"'),
    ),
    CodeRecord(
        "DR221",
        "a statement about the whole object inside `within`",
        "`remap uids`, `shift dates`, `remove private`, `charset`, `deidentify` and `redact pixels` are about the object with"
        " everything in it. Done for one item alone they would break references, or leave one half of the object in another"
        " character set.",
        bad=_RULE.format("within RequestAttributesSequence[every] { remove private }"),
        good=_RULE.format("within RequestAttributesSequence[every] { empty RequestedProcedureID }\n  remove private"),
    ),
    CodeRecord(
        "DR222",
        "an identifier hashed without a key",
        "There are few enough patient numbers, names and birth dates to hash them all and compare, so a plain hash hides"
        " nothing. `keyed_hash` needs a secret that only this gateway knows.",
        bad=_RULE.format("set PatientComments = PatientID | hash(16) otherwise empty"),
        good='secret trial from env "TRIAL_KEY"\n'
        + _RULE.format("set PatientComments = PatientID | keyed_hash(trial, 16) otherwise empty"),
        severity=Severity.WARNING,
        silence="It always warns: `keyed_hash` gives as many letters, and takes the same place.",
    ),
    CodeRecord(
        "DR223",
        "a placeholder that is plain text",
        "Texts are taken as they stand. `*`, `?` and `%` in an AE title are compared as themselves, and no AE title has them;"
        " `{PatientID}` is written with its brackets, `PatientID` in quotes as this word, into every object.",
        bad='condition c = calling_aet == "CT_*"',
        good='condition c = calling_aet starts with "CT_"',
        severity=Severity.WARNING,
        silence="An AE title that has such a sign is asked for by `matches`, as in `/CT_\\*/`; a text that is to be written as"
        ' it stands is joined of two, as in `"Patient" + "ID"`.',
    ),
)
