"""What this program says it is when an association is made (PS3.7 D.3.3.2): the same for ever (PS3.5 B.2)."""

from typing import Final

IMPLEMENTATION_CLASS: Final = "2.25.287494362492778094443400318959085391435"
IMPLEMENTATION_VERSION: Final = "DICOMRULES_0_1"  # 16 characters at most
