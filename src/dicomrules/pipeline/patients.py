"""Which patients' studies an instance is about: as it came, and as each of its variants leaves.

What an archive was sent may come back from it, under the identifiers that rules gave it: then its patient is none that
we have not heard of.
"""

from collections.abc import Iterator

from dicomrules.dicom import patient
from dicomrules.dicom.patient import Naming, Patient
from dicomrules.model.decision import Variant
from dicomrules.model.instance import Envelope, Verdict

_FIELDS = {
    "PatientID": "patient_id",
    "IssuerOfPatientID": "issuer",
    "PatientName": "name",
    "PatientBirthDate": "birth_date",
}
_SHORTENED = "…"  # a change is told to people: a value too long for them is not known here


def named(envelope: Envelope, variants: tuple[Variant, ...]) -> tuple[tuple[str, Patient], ...]:
    """Studies and their patients, the one as it came first; nothing when the instance names no study."""
    study, index = envelope.key.study, envelope.index
    if not study or index is None:
        return ()
    said = patient.naming(index)
    leaving = (
        one for variant in variants if variant.verdict is not Verdict.DROP for one in _leaving(study, said, variant)
    )
    return tuple(dict.fromkeys(((study, patient.patient(study, said)), *leaving)))


def _leaving(study: str, said: Naming, variant: Variant) -> Iterator[tuple[str, Patient]]:
    """Study and patient of a variant that has others than it came with."""
    after = {change.path: change.after or "" for change in variant.changes if change.path in _ABOUT_PATIENTS}
    if not after or any(value.endswith(_SHORTENED) for value in after.values()):
        return
    leaves_in = after.pop("StudyInstanceUID", study)
    if leaves_in:
        yield (
            leaves_in,
            patient.patient(leaves_in, said._replace(**{_FIELDS[path]: new for path, new in after.items()})),
        )


_ABOUT_PATIENTS = frozenset((*_FIELDS, "StudyInstanceUID"))
