"""Characters and words that no text of the language has: what is said of them, and what to write instead."""

import re

from dicomrules.dicom.tags import is_private, keyword_of, tag_of
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span

COMMENT_SLIP = re.compile(r"[\u00a0\u2000-\u200b\u202f\u3000]++|//[^\r\n]*+|/\*.*?\*/|--(?=[ \t])[^\r\n]*+", re.DOTALL)
"""Comments of other languages."""

UNITS = {"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "min", "min": "min", "mins": "min",
         "minute": "min", "minutes": "min", "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "d": "d",
         "day": "d", "days": "d"}  # fmt: skip
"""Units of durations as people write them, and ours."""

_INSTEAD = {
    **dict.fromkeys("“”„«»‘’‚'`", 'texts stand between straight double quotes on one line: `"CT"`'),
    "&": "texts are joined by `+`, conditions by `and`",
    "%": "a parameter or a value is named as it is, without signs around it",
    "$": "a parameter or a value is named as it is, without signs around it",
    "?": "a choice is `if … { } else { }`, or `choose … { case … }` for a value",
    "~": "a regular expression is asked with `matches /…/`",
}


def is_tag(digits: str) -> bool:
    """Whether eight hexadecimal digits are the tag of an attribute of PS3.6, or of a private element."""
    tag = int(digits, 16)
    return bool(keyword_of(tag)) or (is_private(tag) and tag & 0xF000 != 0)


def tag_without_brackets(span: Span, digits: str) -> Diagnostic:
    """`[0010,0020]` or `00100020`."""
    found = diagnose("DR007", span, "a tag stands in round brackets, with a comma", "a tag?")
    found = found.with_fix("say", span, f"({digits[:4]},{digits[4:]})")
    keyword = keyword_of(int(digits, 16))
    return found.with_fix("or its keyword", span, keyword) if tag_of(keyword) == int(digits, 16) else found


def left_out(span: Span) -> Diagnostic:
    """What means nothing here and hides nothing after it: `;`, or a comment of another language."""
    if span.text == ";":
        found = diagnose("DR007", span, "`;` is not said: each statement begins with its own word")
        return found.with_fix("leave it out", span, "")
    if not span.text.strip("\u200b").strip():
        found = diagnose("DR008", span, "this blank comes from a web page or a word processor", "no ordinary blank")
        return found.with_fix("type an ordinary one", span, " ")
    found = diagnose("DR007", span.source.span(span.start, span.start + 2), "a comment begins with `#`")
    lines = [line.strip().strip("/*-").strip() for line in span.text.splitlines()]
    return found.with_fix("say", span, "\n".join(f"# {line}" for line in lines if line))


def strange(span: Span) -> Diagnostic:
    """A character without meaning."""
    character = span.text
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    found = diagnose("DR008", span, f"`{shown}` has no meaning here", "not of this language")
    return found.with_note(_INSTEAD.get(character, 'take it out; a text stands in double quotes: `"…"`'))


def bad_word(span: Span) -> Diagnostic:
    """A run of letters and digits that is neither word, keyword, number nor duration."""
    text = span.text
    if power := re.fullmatch(r"([0-9]{1,9})[eE]([0-9])", text):
        exponent = diagnose("DR008", span, f"`{text}`: numbers have no exponent here", "write all digits")
        return exponent.with_fix("say", span, power[1] + "0" * int(power[2]))
    if length := re.fullmatch(r"([0-9]+)([a-z]+)", text):
        duration = diagnose("DR008", span, f"`{text}` is no duration", "units are `s`, `min`, `h` and `d`")
        unit = UNITS.get(length[2])
        if unit:
            return duration.with_fix("say", span, f"{length[1]}{unit}")
        return duration.with_note("durations are like `60s`, `5min`, `24h` and `7d`; a text stands in double quotes")
    if text[0].isdigit():
        bad = diagnose("DR008", span, f"`{text}` is neither a number nor a name", "names start with a letter")
        return bad.with_note(
            "a name is lower-case letters, digits and `_`, a letter first; a text stands in double quotes"
        )
    found = diagnose("DR008", span, f"`{text}` is neither a DICOM keyword nor a name")
    found = found.with_note("keywords are like `PatientID`; names are lower-case letters, digits and `_`")
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower().strip("_")
    if re.fullmatch(r"[a-z][a-z0-9_]*", plain):
        found = found.with_fix("as a name", span, plain)
    return found.with_fix("as a text", span, f'"{text}"')
