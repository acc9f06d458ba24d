"""Texts with signs that stand for something elsewhere, and for themselves here: `"CT_*"`, `"{PatientID}"`."""

import re

from dicomrules.dicom.tags import keyword_of, parse_tag, tag_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.symbols import CONTEXT
from dicomrules.lang.check.terms import Env
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_ANYTHING = frozenset("*?%")
_MEANS = {"*": ".*", "%": ".*", "?": "."}

_AROUND = re.compile(
    r"\$?\{\{? *(?P<braces>[\w,]{1,64}) *\}?\}|%\(?(?P<percent>[\w,]{1,64})(?:%|\)s)|\$\(?(?P<dollar>[\w,]{1,64})\)?"
    r"|<(?P<angle>[\w,]{1,64})>|\[(?P<square>[\w,]{1,64})\]",
    re.ASCII,
)
"""Placeholders of other languages. Only the first three are never meant as they are around a name of the file."""

_TWO_WORDS = re.compile("[A-Z][A-Za-z]*[a-z][A-Za-z]*[A-Z][A-Za-z]*", re.ASCII)
"""A keyword that is no word of a language, as `Modality` and `Manufacturer` are."""


def title(ground: Ground, text: str, span: Span) -> None:
    """Warn where an AE title is compared with a text that stands for many elsewhere."""
    signs = [sign for sign in text if sign in _ANYTHING]
    if not signs:
        return
    found = diagnose("DR223", span, f"`{signs[0]}` in `{text}` stands for itself, not for any letters", "one AE title")
    ground.add(found.with_note(f"such titles are asked for by `{_test(text)}`"))


def _test(text: str) -> str:
    """The test that a text with such signs would be elsewhere."""
    middle = text.strip("*%")
    if not middle:
        return "is present"
    if _ANYTHING & set(middle):
        parts = (_MEANS.get(letter) or re.sub(r"([^\w ])", r"\\\1", letter) for letter in text)
        return f"matches /{''.join(parts)}/"
    begins, ends = text.startswith(middle), text.endswith(middle)
    return f'{"starts with" if begins else "ends with" if ends else "contains"} "{middle}"'


def written(ground: Ground, text: str, span: Span, env: Env, *, whole: bool = True) -> None:
    """Warn where a text is written that names an attribute or a value; `whole`: it is all of what is written."""
    if whole and _TWO_WORDS.fullmatch(text) and tag_of(text) is not None:
        found = diagnose("DR223", span, f"the text `{text}` is written, not the value of the attribute", "a text")
        ground.add(found.with_note(f"its value is `{text}` without quotes"))
        return
    for match in _AROUND.finditer(text):
        name = _named(ground, match, env)
        if name:
            found = diagnose("DR223", span, f"`{match[0]}` is written as it stands here, not a value", "a text")
            alone = whole and match[0] == text
            how = f"its value is `{name}` without quotes" if alone else f'texts and values are joined: `"A-" + {name}`'
            ground.add(found.with_note(how))
            return


def _named(ground: Ground, match: re.Match[str], env: Env) -> str:
    """The attribute or value that a placeholder names; empty when there is none."""
    kind, word = match.lastgroup, match[match.lastgroup or 0]
    if tag_of(word) is not None:
        return word
    if kind in ("angle", "square"):
        return ""
    tag = parse_tag(word)
    if tag is not None:
        return keyword_of(tag)
    known = word in CONTEXT or word in env.names or word in ground.symbols.of("parameter")
    return word if known else ""
