"""Codes DR7xx: the gateway file."""

from dicomrules.text.codes.record import CodeRecord

CODES: tuple[CodeRecord, ...] = ()
