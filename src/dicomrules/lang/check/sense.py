"""What makes no sense in DICOM, although every value fits."""

from collections.abc import Sequence

from dicomrules.dicom.tags import tag_of
from dicomrules.lang.check.block import Mark
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.rules import Ruled
from dicomrules.text.codes.registry import diagnose

_PATIENT_ID = tag_of("PatientID")
_ISSUER = tag_of("IssuerOfPatientID")


def patient_without_issuer(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Warn where PatientID is set and nothing says whose number it is: archives know the study by its UIDs."""
    first: Mark | None = None
    for ruled in rules:
        for mark in ruled.marks:
            tag = mark.path.steps[0].tag if len(mark.path.steps) == 1 else None
            if tag == _ISSUER and mark.kind in ("set", "default", "copy"):
                return
            if tag == _PATIENT_ID and mark.kind in ("set", "copy") and not mark.idle and first is None:
                first = mark
    if first is None:
        return
    found = diagnose(
        "DR501", first.span, "PatientID changes while the UIDs stay, and no issuer is set", "another patient"
    )
    found = found.with_note("an archive that knows this study under the old number may refuse it or move it")
    ground.add(found.with_note('say whose numbers these are: `set IssuerOfPatientID = "…"`'))
