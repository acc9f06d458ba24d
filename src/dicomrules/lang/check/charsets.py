"""Character sets as rules name them: defined terms of Specific Character Set (PS3.3 C.12.1.1.2)."""

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.text.codes.registry import diagnose

_LATIN = (100, 101, 109, 110, 126, 127, 138, 144, 148, 166)
CHARSETS = frozenset({"ISO_IR 192", "GB18030", "GBK"}) | {f"ISO_IR {number}" for number in (6, 13, *_LATIN, 203)}
"""Defined terms without code extensions."""

EXTENSIONS = frozenset(f"ISO 2022 IR {number}" for number in (6, 13, 58, 87, 149, 159, *_LATIN, 203))
"""Defined terms with code extensions, of which several are separated by a backslash."""

_MEANT = {
    **dict.fromkeys(("iso88591", "latin1", "windows1252", "cp1252", "isoir100"), ("ISO_IR 100", "Latin-1")),
    **dict.fromkeys(("iso88592", "latin2"), ("ISO_IR 101", "Latin-2")),
    **dict.fromkeys(("iso88595", "cyrillic"), ("ISO_IR 144", "Cyrillic")),
    **dict.fromkeys(("iso88597", "greek"), ("ISO_IR 126", "Greek")),
    **dict.fromkeys(("iso88599", "latin5"), ("ISO_IR 148", "Latin-5")),
    **dict.fromkeys(("shiftjis", "sjis"), ("ISO_IR 13", "Japanese, one byte a character")),
    **dict.fromkeys(("gb2312", "gb18030"), ("GB18030", "Chinese")),
}
"""What other systems call them, by letters and digits alone."""


def charset(ground: Ground, node: ast.Text) -> bool:
    """Whether this is a character set, or several with code extensions; reports when it is none."""
    terms = node.value.split("\\")
    if node.value in CHARSETS or (len(terms) > 1 and terms[0] == "" and set(terms[1:]) <= EXTENSIONS):
        return True
    if set(terms) <= EXTENSIONS or (terms[0] in CHARSETS and len(terms) > 1 and set(terms[1:]) <= EXTENSIONS):
        return True
    found = diagnose("DR219", node.span, f"`{node.value}` is no character set of DICOM", "PS3.3 C.12.1.1.2")
    term, name = _MEANT.get("".join(filter(str.isalnum, node.value)).lower(), ("ISO_IR 192", "Unicode in UTF-8"))
    ground.add(found.with_fix(name, node.span, f'"{term}"'))
    return False
