"""The record of one diagnostic code, as `explain CODE` prints it and the reference lists it."""

from dataclasses import dataclass

from dicomrules.text.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """What a code means: `why` is one paragraph for the author; `bad` and `good` are short pieces of a file.

    An example is a rule file, a gateway file (DR7xx) or a command; what it may leave out, and how it names further files,
    says `whole` in docs/generate.py. `severity` is what `diagnose` gives a finding with this code unless told otherwise.
    `silence` says how an author who means it gets no finding; empty where that is not possible.
    """

    code: str
    title: str
    why: str
    bad: str
    good: str
    severity: Severity = Severity.ERROR
    silence: str = ""
