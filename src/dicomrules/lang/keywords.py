"""Keywords of the data dictionary (PS3.6) as people write them from memory."""

from functools import cache

from dicomrules.dicom.tags import keywords


def keywords_like(word: str) -> tuple[str, ...]:
    """Keywords that differ from a word by capitals and `_` alone: `patient_id` is `PatientID`."""
    found = _by_letters().get(word.replace("_", "").lower())
    return () if found is None else (found,)


@cache
def _by_letters() -> dict[str, str]:
    return {keyword.lower(): keyword for keyword in keywords()}
