"""Which patients the studies in the ledger are of, so that an object of another one is noticed (dicom.patient).

A study has a row for each patient under whom its objects came, and under whom rules let them leave: what a gateway has
sent to an archive comes back from there under the identifiers that it gave itself. Rows are compared and written in the
transaction that records the instance, so of two associations that bring a study for the first time one is the second.
"""

from collections.abc import Sequence

from dicomrules.dicom.patient import Patient
from dicomrules.queue import encoding
from dicomrules.queue.transaction import Row, Transaction

_MOST = 16  # patients that one study is remembered with
_SEEN_EVERY = encoding.MICROSECONDS * 3600  # how exactly it is known when a study was seen last

Named = Sequence[tuple[str, Patient]]


def fits(tx: Transaction, named: Named) -> bool:
    """The first of `named`, an object as it came, may be of a patient that its study is of, or the study is new."""
    if not named:
        return True
    study, patient = named[0]
    known = [Patient(*row[1:5]) for row in _rows(tx, study)]
    return not known or any(patient.may_be(one) for one in known)


def note(tx: Transaction, named: Named, now: int) -> None:
    """Remember all of them."""
    for study, patient in named:
        if study and not patient.says_nothing:
            _note(tx, study, patient, now)


def _note(tx: Transaction, study: str, patient: Patient, now: int) -> None:
    rows = _rows(tx, study)
    for identity, *parts, seen_at in rows:
        known = Patient(*parts)
        if known.may_be(patient):
            more = known.with_more(patient)
            if more != known or now - seen_at > _SEEN_EVERY:
                del tx.study_patients[study]
                tx.run("change_study_patient", (*more.parts, now, identity))
            return
    if len(rows) < _MOST:
        del tx.study_patients[study]
        tx.run("add_study_patient", (study, *patient.parts, now))


def _rows(tx: Transaction, study: str) -> list[Row]:
    """What is known of a study; read once a transaction, until it is changed in it."""
    if study not in tx.study_patients:
        tx.study_patients[study] = tx.run("study_patients", (study,))
    return tx.study_patients[study]
