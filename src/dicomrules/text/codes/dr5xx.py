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
)
