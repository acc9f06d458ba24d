"""Codes DR5xx: what makes no sense in DICOM."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR501",
        "PatientID changes, the UIDs stay",
        "Archives recognise a study by its UIDs. When one of them already knows this study under the old number, it refuses"
        " the object or moves the study to another patient. IssuerOfPatientID says in whose numbering the new one is.",
        bad='rule r {\n  set PatientID = "SITEA-" + PatientID otherwise quarantine "no number"\n}',
        good='rule r {\n  set PatientID = "SITEA-" + PatientID otherwise quarantine "no number"\n'
        '  set IssuerOfPatientID = "SITEA"\n}',
        severity=Severity.WARNING,
        silence="Set IssuerOfPatientID too, in this rule or in another one.",
    ),
    CodeRecord(
        "DR502",
        "an attribute above the level of what it is made from",
        "All series of a study share the attributes of patient and study (PS3.3 A.1.2), and all instances of a series those"
        " of the series. A value made from the series, the instance, the sender or the day of receipt differs between them:"
        " the archive then sees two studies, or two patients, where there is one.",
        bad='rule r {\n  when PatientID is present\n  set PatientID = calling_aet + "-" + PatientID otherwise quarantine "no"\n'
        '  set IssuerOfPatientID = "NORTH"\n}',
        good='condition at_site_a = calling_aet in ["CT_A1", "MR_A1"]\nrule r {\n  when at_site_a and PatientID is present\n'
        '  set PatientID = "SITEA-" + PatientID otherwise quarantine "no"\n'
        '  set IssuerOfPatientID = "NORTH"\n}',
    ),
    CodeRecord(
        "DR503",
        "series of one study may be treated differently",
        "Whether this attribute of the patient or study is set depends on the series, the instance or the sender. When a"
        " workstation sends a capture into the study of a scanner, the one gets the new value and the other keeps the old:"
        " the archive splits the study, or the patient.",
        bad='rule r {\n  when Modality == "CT"\n  set StudyDescription = "CHEST"\n}',
        good='rule r {\n  when AccessionNumber starts with "C"\n  set StudyDescription = "CHEST"\n}',
        severity=Severity.WARNING,
        silence="Ask for senders through a `condition` with a name, which lists all machines of a site. Where all series of a"
        " study are treated alike though the condition does not show it, write `override` after the value. `default` is not"
        " reported: it fills what is blank.",
    ),
    CodeRecord(
        "DR504",
        "the patient's identity goes in one place and stays in another",
        "The number becomes a pseudonym, or the name is taken away, and another attribute still says who the patient is: the"
        " name, the number, or a copy of them.",
        bad='secret trial from env "TRIAL"\nrule r {\n  set PatientID = PatientID | keyed_hash(trial, 12) otherwise quarantine "no"\n'
        '  set IssuerOfPatientID = "TRIAL"\n  remove private\n}',
        good='secret trial from env "TRIAL"\nrule r {\n  set PatientID = PatientID | keyed_hash(trial, 12) otherwise quarantine "no"\n'
        '  set IssuerOfPatientID = "TRIAL"\n  set PatientName = current.PatientID\n'
        "  remove OtherPatientIDsSequence, OtherPatientNames anywhere\n  remove private\n}",
        severity=Severity.WARNING,
        silence="Write, empty or remove the attribute that the finding names, or several by a set of `tags`.",
    ),
    CodeRecord(
        "DR505",
        "a required attribute is taken away",
        "PS3.3 says which attributes an object must have: Type 1 with a value, Type 2 at least empty. Archives refuse objects"
        " without them, some of them silently. Reported where every object that the rule applies to must have it; of `keep"
        " only` where the list does not name it, and of sets of tags and masks where they reach it, if no rule sets it again.",
        bad="rule r {\n  remove PatientBirthDate\n}",
        good="rule r {\n  empty PatientBirthDate\n}",
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR506",
        "the patient's identity goes, private elements stay",
        "Makers write names, numbers and whole copies of the data set into private elements. Where the number becomes a"
        " pseudonym, or the name is taken away, they still say who the patient is.",
        bad="rule r {\n  empty PatientName, PatientID\n}",
        good="rule r {\n  empty PatientName, PatientID\n  remove private\n}",
        severity=Severity.WARNING,
        silence='Say which private elements may stay: `remove private except "CREATOR"`.',
    ),
    CodeRecord(
        "DR507",
        "a value that the standard does not have",
        "Coded attributes have values that PS3.3 lists. Viewers and archives do not know others, and a condition that waits"
        " for one never fires. A rule that writes the attribute may ask for wrong values, to mend them.",
        bad='rule r {\n  when Modality == "CTT"\n  empty StationName\n}',
        good='rule r {\n  when Modality == "CT"\n  empty StationName\n}',
        severity=Severity.WARNING,
    ),
)
