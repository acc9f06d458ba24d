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
    **dict.fromkeys(("utf8", "unicode", "iso10646", "isoir192"), ("ISO_IR 192", "Unicode in UTF-8")),
    **dict.fromkeys(("iso88591", "latin1", "isoir100"), ("ISO_IR 100", "Latin-1")),
    **dict.fromkeys(("iso88592", "latin2"), ("ISO_IR 101", "Latin-2")),
    **dict.fromkeys(("iso88595", "cyrillic"), ("ISO_IR 144", "Cyrillic")),
    **dict.fromkeys(("iso88597", "greek"), ("ISO_IR 126", "Greek")),
    **dict.fromkeys(("iso88599", "latin5"), ("ISO_IR 148", "Latin-5")),
    **dict.fromkeys(("iso885915", "latin9"), ("ISO_IR 203", "Latin-9")),
    **dict.fromkeys(("shiftjis", "sjis"), ("ISO_IR 13", "Japanese, one byte a character")),
    **dict.fromkeys(("gb2312", "gb18030"), ("GB18030", "Chinese")),
}
"""What other systems call them, by letters and digits alone."""


_OTHERS = {
    "1250": '"ISO_IR 101" (Latin-2) has many letters, such as `Š` and `ś`, at other bytes',
    "1251": '"ISO_IR 144" (Cyrillic) has all letters at other bytes',
    "1252": '"ISO_IR 100" (Latin-1) has no `€`, `Š` or `–`, and control characters at their bytes 80 to 9F',
}
"""How the character sets of Windows differ from the nearest one of DICOM: text read by that would be another one."""


def charset(ground: Ground, node: ast.Text, *, arrives: bool = False) -> bool:
    """Whether this is a character set, or several with code extensions; reports when it is none.

    `arrives`: text that is there is to be read by it, so that none is offered that only comes near.
    """
    terms = node.value.split("\\")
    if node.value in CHARSETS or (len(terms) > 1 and terms[0] == "" and set(terms[1:]) <= EXTENSIONS):
        return True
    if set(terms) <= EXTENSIONS or (terms[0] in CHARSETS and len(terms) > 1 and set(terms[1:]) <= EXTENSIONS):
        return True
    found = diagnose("DR219", node.span, f"`{node.value}` is no character set of DICOM", "PS3.3 C.12.1.1.2")
    letters = "".join(filter(str.isalnum, node.value)).lower()
    page = letters.removeprefix("windows").removeprefix("cp")
    if letters in _MEANT:
        term, name = _MEANT[letters]
        found = found.with_fix(name, node.span, f'"{term}"')
    elif not arrives:
        found = found.with_fix("Unicode in UTF-8", node.span, '"ISO_IR 192"')
    elif page in _OTHERS:
        found = found.with_note(f"DICOM has no term for it: {_OTHERS[page]}")
    else:
        found = found.with_note('say what the bytes are: "ISO_IR 100" is Latin-1, "ISO_IR 192" is UTF-8 …')
    ground.add(found)
    return False
