"""Bytes that are not a whole DICOM data set."""

from dicomrules.dicom.tags import format_tag, keyword_of


class MalformedDataSet(Exception):
    """The data set is cut, nonsensical or over a limit, so it is refused as a whole: the sender still has it.

    `offset` is the place in bytes from the start of the data set, `tag` the element there (0: none could be read),
    `reason` a constant text. Values of the object are never part of it.
    """

    def __init__(self, offset: int, tag: int, reason: str) -> None:
        self.offset = offset
        self.tag = tag
        self.reason = reason
        name = f"{format_tag(tag)} {keyword_of(tag)}".rstrip() if tag else "no element"
        super().__init__(f"{reason}, at byte {offset}, {name}")
