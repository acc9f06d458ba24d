"""Values of a written file that can be part of its name: texts as they stand there, numbers as digits."""

import struct

from dicomrules.dicom.index import ADMITTED, index
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import encoding_of
from dicomrules.dicom.tags import tag_of

_LONGEST = 16 * 1024  # bytes of a value; a longer one names nothing


class Attributes:
    """The top-level attributes of a data set. Raises MalformedDataSet when it is not whole."""

    def __init__(self, source: Bytes, transfer_syntax: str) -> None:
        self._index = index(source, encoding_of(transfer_syntax), ADMITTED)

    def value(self, keyword: str) -> str:
        """The value of an attribute without padding; empty when absent. Bytes that are no UTF-8 become surrogates."""
        element = self._index.find(tag_of(keyword) or 0)
        if element is None or element.length > _LONGEST or element.is_undefined:
            return ""
        if element.vr == "US":
            order = "<" if element.encoding.little else ">"
            count = element.length // 2
            return "\\".join(map(str, struct.unpack(f"{order}{count}H", element.raw[: count * 2])))
        return element.raw.strip(b" \0").decode("utf-8", "surrogateescape")
