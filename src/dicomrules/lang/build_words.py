"""Tokens to the leaves of the syntax tree."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from dicomrules.dicom.tags import keyword_of, tag_of
from dicomrules.lang import ast
from dicomrules.lang.scan import unescape
from dicomrules.text.source import Span

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}

Leaf = (
    ast.Name
    | ast.Keyword
    | ast.Text
    | ast.Number
    | ast.Regex
    | ast.Tag
    | ast.TagMask
    | ast.PrivateTag
    | timedelta
    | str
)


def _duration(text: str) -> timedelta:
    digits = text.rstrip("dhimns")
    return timedelta(**{_UNITS[text[len(digits) :]]: int(digits)})


def _regex(text: str, span: Span) -> ast.Regex:
    end = text.rindex("/")
    pattern = re.sub(r"\\(.)", lambda found: "/" if found[1] == "/" else found[0], text[1:end])
    return ast.Regex(pattern, "i" in text[end:], span=span)


def _tag(text: str, span: Span) -> ast.Keyword | ast.Tag | ast.TagMask:
    """A tag; where PS3.6 has a keyword for it, that keyword, as if it stood there (S76)."""
    digits = re.sub(r"[^0-9A-Fa-fxX]", "", text).upper()
    if "X" not in digits:
        value = int(digits, 16)
        keyword = keyword_of(value)
        if keyword and tag_of(keyword) == value:
            return ast.Keyword(keyword, span=span)
        return ast.Tag(value, span=span)
    mask = "".join("0" if digit == "X" else "F" for digit in digits)
    return ast.TagMask(int(digits.replace("X", "0"), 16), int(mask, 16), span=span)


def _private_tag(text: str, span: Span) -> ast.PrivateTag:
    group, rest = text[1:].split(",", 1)
    creator, element = rest.rsplit(",", 1)
    creator = creator.strip()[1:-1]
    return ast.PrivateTag(int(group, 16), creator, int(element.rstrip(")"), 16), span=span)


LEAVES: dict[str, Callable[[str, Span], Leaf]] = {
    "NAME": lambda text, span: ast.Name(text, span=span),
    "KEYWORD": lambda text, span: ast.Keyword(text, span=span),
    "STRING": lambda text, span: ast.Text(unescape(text), span=span),
    "INT": lambda text, span: ast.Number(int(text), span=span),
    "NUMBER": lambda text, span: ast.Number(Decimal(text) if "." in text else int(text), span=span),
    "DURATION": lambda text, span: _duration(text),
    "REGEX": _regex,
    "TAG": _tag,
    "PRIVTAG": _private_tag,
}
"""What a token means, by its kind; operators and words of the language stay text."""
