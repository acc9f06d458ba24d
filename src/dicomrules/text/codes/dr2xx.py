"""Codes DR2xx: types."""

from dicomrules.text.codes.record import CodeRecord

CODES: tuple[CodeRecord, ...] = ()
