"""Codes DR3xx: presence."""

from dicomrules.text.codes.record import CodeRecord

CODES: tuple[CodeRecord, ...] = ()
