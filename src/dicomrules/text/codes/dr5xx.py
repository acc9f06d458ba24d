"""Codes DR5xx: DICOM sense."""

from dicomrules.text.codes.record import CodeRecord

CODES: tuple[CodeRecord, ...] = ()
