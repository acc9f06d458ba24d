"""Codes DR6xx: data and environment."""

from dicomrules.text.codes.record import CodeRecord

CODES: tuple[CodeRecord, ...] = ()
