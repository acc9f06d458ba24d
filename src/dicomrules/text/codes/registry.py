"""All diagnostic codes, and the one way to make a finding with one of them.

Each family lives in a file of its own beside this one (`dr1xx.py` … `dr7xx.py`), which holds a tuple `CODES` of records
and nothing else. To add a code, add its record to the file of its family, then say `diagnose("DR1nn", …)`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from dicomrules.text.codes import dr0xx, dr1xx, dr2xx, dr3xx, dr4xx, dr5xx, dr6xx, dr7xx
from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Diagnostic, Label
from dicomrules.text.source import Span

FAMILIES = (dr0xx, dr1xx, dr2xx, dr3xx, dr4xx, dr5xx, dr6xx, dr7xx)

CODES: Mapping[str, CodeRecord] = MappingProxyType(
    {record.code: record for family in FAMILIES for record in family.CODES}
)
"""Every record by its code."""


def diagnose(code: str, span: Span, message: str, label: str = "") -> Diagnostic:
    """A finding at `span` with the severity of its code; `label` stands beside the caret. KeyError: no such code."""
    return Diagnostic(code, CODES[code].severity, message, (Label(span, label),))
