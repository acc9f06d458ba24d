"""Slips in conditions and values: comparisons, tags, selectors and lists as other languages write them."""

import re

from dicomrules.lang.keywords import keywords_like
from dicomrules.lang.place import Place
from dicomrules.lang.strange import is_tag, tag_without_brackets
from dicomrules.text.diagnostic import Diagnostic

_OPPOSITE = {"present": "blank", "blank": "present"}
_ATTRIBUTES = ("KEYWORD", "TAG", "PRIVTAG")
_STATES = ("present", "absent", "empty", "blank", "malformed")
_VERBS = {"contain": "contains", "contains": "contains", "match": "matches", "matches": "matches", "have": "has",
          "has": "has", "start": "starts with", "starts": "starts with", "end": "ends with",
          "ends": "ends with"}  # fmt: skip
_MISSING = {
    **dict.fromkeys(("null", "none", "nil", "missing", "undefined"), "absent"),
    **dict.fromkeys(("set", "defined", "there"), "present"),
    "nothing": "blank",
    "invalid": "malformed",
}


def _one_equals(place: Place) -> Diagnostic | None:
    """`PatientID = "x"` in a condition."""
    if place.token().kind != "=" or "CMP" not in place.accepted:
        return None
    return place.refuse("`=` gives a value; a comparison is `==`").with_fix("compare", place.span, "==")


def _in_attribute(place: Place) -> Diagnostic | None:
    """`"ANGIO" in StudyDescription`."""
    part, last = place.token(-2), place.operand_after(place.index)
    if place.token(-1).text != "in" or part.kind != "STRING" or place.token().kind not in _ATTRIBUTES or last is None:
        return None
    found = place.refuse("what is looked into stands first; `in` looks into a list")
    fixed = f"{place.between(place.index, last).text} contains {part.text}"
    return found.with_fix("say", place.between(place.index - 2, last), fixed)


def _range_of_texts(place: Place) -> Diagnostic | None:
    """`StudyTime in ["180000" .. "235959"]`."""
    if place.token().text != ".." or place.token(-1).kind != "STRING":
        return None
    found = place.refuse("a range is one of numbers")
    subject = place.operand_before(place.index - 3) if place.texts(-3, 2) == ("in", "[") else None
    if subject is None or place.token(1).kind != "STRING" or place.token(2).text != "]":
        return found.with_note("of dates and times compare with both ends: `>=` and `<=`")
    left = place.between(subject, place.index - 4).text
    fixed = f"({left} >= {place.token(-1).text} and {left} <= {place.token(1).text})"
    return found.with_fix("compare with both ends", place.between(subject, place.index + 2), fixed)


def _is_not(place: Place) -> Diagnostic | None:
    """`X is not present`."""
    if place.texts(-1, 2) != ("is", "not"):
        return None
    state = place.token(1).text
    if state.lower() in _MISSING:
        return _is_not_missing(place, _MISSING[state.lower()])
    found = place.refuse(f"there is no `is not {state}`" if state in _STATES else "there is no `is not`")
    if state in _OPPOSITE:
        span = place.between(place.index, place.index + 1)
        return found.with_fix(f"the opposite of `{state}`", span, _OPPOSITE[state])
    subject = place.operand_before(place.index - 1)
    if subject is None:
        return found.with_note("say `!=`, or the opposite: `is blank`, `is present`")
    left = place.between(subject, place.index - 2).text
    if state in _STATES:
        span = place.between(subject, place.index + 1)
        return found.with_fix("say", span, f"not ({left} is {state})")
    if place.at_end or (last := place.operand_after(place.index + 1)) is None:
        return found.with_note("say `!=`, or the opposite: `is blank`, `is present`")
    right = place.between(place.index + 1, last).text
    return found.with_fix("say", place.between(subject, last), f"{left} != {right}")


def _is_not_missing(place: Place, state: str) -> Diagnostic:
    """`X is not null`, `X is not None`."""
    found = place.refuse(f"there is no `is not {place.token(1).text}`")
    opposite = "absent" if state == "present" else "present"
    return found.with_fix("say", place.between(place.index, place.index + 1), opposite)


def _negated_verb(place: Place) -> Diagnostic | None:
    """`X not matches /…/`, `X does not contain "…"`, `X doesn't …` (whose apostrophe does not get here)."""
    does = place.token().text in ("does", "do")
    verb_at = place.index + 2 if does else place.index + 1
    if not does and place.token().text != "not":
        return None
    verb = _VERBS.get(place.token(verb_at - place.index).text)
    subject = place.operand_before(place.index)
    if verb is None or subject is None:
        return None
    found = place.refuse(f"`not` stands before the whole comparison: `not (… {verb} …)`")
    value_at = verb_at + 1
    if verb.endswith("with") and value_at < len(place.tokens) and place.tokens[value_at].text == "with":
        value_at += 1
    last = place.operand_after(value_at)
    if last is None:
        return found.with_note('as in `not (StudyDescription contains "ANGIO")`')
    left = place.between(subject, place.index - 1).text
    right = place.between(value_at, last).text
    return found.with_fix("say", place.between(subject, last), f"not ({left} {verb} {right})")


def _between(place: Place) -> Diagnostic | None:
    """`X between 1 and 5`."""
    if place.token().text != "between":
        return None
    found = place.refuse("there is no `between`; a range is `in [1 .. 5]`")
    first = place.operand_after(place.index + 1)
    if first is None or first + 2 >= len(place.tokens) or place.tokens[first + 1].text not in ("and", ",", ".."):
        return found.with_note("as in `Rows in [256 .. 512]`; both ends belong to it")
    last = place.operand_after(first + 2)
    if last is None:
        return found.with_note("as in `Rows in [256 .. 512]`; both ends belong to it")
    low, high = place.between(place.index + 1, first).text, place.between(first + 2, last).text
    return found.with_fix("both ends belong to it", place.between(place.index, last), f"in [{low} .. {high}]")


def _bare_ordinal(place: Place) -> Diagnostic | None:
    """`[0]`, `[2]`, `[-1]`, `[*]`."""
    token = place.token()
    if place.token(-1).kind != "[" or "first" not in place.accepted:
        return None
    if token.text.startswith("-"):
        return place.refuse("there are no negative ordinals").with_fix("the last one", place.span, "last")
    if token.kind == "TIMES":
        return place.refuse("there is no `[*]`").with_fix("all of them", place.span, "every")
    if token.kind != "INT":
        return None
    if int(token.text) == 0:
        found = place.refuse("items and values are counted from 1, as DICOM does", "there is no `[0]`")
        return found.with_fix("the first one", place.span, "first")
    found = place.refuse("say whether an item or a value is meant", "of what?")
    found = found.with_fix("an item of a sequence", place.span, f"item {token.text}")
    return found.with_fix("a value of an attribute", place.span, f"value {token.text}")


def _is_value(place: Place) -> Diagnostic | None:
    """`SOPClassUID is CTImageStorage`, `Modality is "CT"`, `PatientID is null`, `X is in […]`."""
    is_ = place.token(-1)
    if is_.text != "is" or "present" not in place.accepted or place.at_end:
        return None
    word = place.token().text
    if word.lower() in _MISSING:
        return place.refuse(f"there is no `is {word}`").with_fix("say", place.span, _MISSING[word.lower()])
    span = place.source.span(is_.start, is_.end)
    if word in ("in", "contains", "matches", "has", "like"):
        return place.refuse("leave out `is`").with_fix("say", span.to(place.span), word)
    message = "`is` asks for a state (`present`, `absent`, `empty`, `blank`, `malformed`); a comparison is `==`"
    found = place.refuse(message, "a value")
    last = place.operand_after(place.index)
    if last is None:
        return found.with_fix("compare", span, "==")
    return found.with_fix(
        "compare", place.between(place.index - 1, last), f"== {place.between(place.index, last).text}"
    )


def _plus_sign(place: Place) -> Diagnostic | None:
    """`+5`, `-PatientID`."""
    if place.token().kind != "PLUS" or "STRING" not in place.accepted:
        return None
    if place.token().text == "+":
        return place.refuse("numbers have no leading `+`").with_fix("leave it out", place.span, "")
    found = place.refuse("`-` stands directly before digits, or between two values")
    return found.with_note("a negative number is `-1`; names are joined by `_`: `ct_prefix`")


_TAG_FORM = "four hex digits, a comma, four hex digits: `(0010,0020)`"
_HEX4 = re.compile(r"[0-9A-Fa-f]{4}")
_NUMBERS = ("INT", "BAD", "KEYWORD", "WORD")


def _bad_tag(place: Place) -> Diagnostic | None:
    """`(0010,20)`, `(0010 0020)`, `0010,0020`."""
    token, before = place.token(), place.token(-1)
    if "TAG" in place.accepted and re.fullmatch(r"[0-9A-Fa-f]{8}", token.text) and is_tag(token.text):
        return tag_without_brackets(place.span, token.text)
    if "TAG" in place.accepted and _HEX4.fullmatch(token.text) and _HEX4.fullmatch(place.token(2).text):
        span = place.between(place.index, place.index + 2)
        tag = f"({token.text},{place.token(2).text})"
        return place.refuse("a tag stands in round brackets, with a comma", "a tag?").with_fix("say", span, tag)
    if before.kind in _NUMBERS and _HEX4.fullmatch(before.text):
        second = 1 if token.kind == "," else 0
        element = place.token(second)
        opens = place.token(-2).kind in ("(", "[")
        closes = place.token(second + 1).kind in (")", "]")
        if _HEX4.fullmatch(element.text) and opens in (closes, False):
            span = place.between(place.index - 1 - opens, place.index + second + opens)
            tag = f"({before.text},{element.text})"
            return place.refuse("a tag stands in round brackets, with a comma", "a tag?").with_fix("say", span, tag)
    opens = token.kind == "(" and "TAG" in place.accepted and "(" not in place.accepted
    in_brackets = token.kind == "," and place.token(-2).kind == "(" and before.kind in ("INT", "BAD")
    if not (opens or (in_brackets and place.token(1).kind in (*_NUMBERS, "STRING"))):
        return None
    found = place.refuse("this is no tag", _TAG_FORM)
    return found.with_note('a private element is `(0019,"SIEMENS MR HEADER",0F)`: group, creator, two hex digits')


def _list(place: Place) -> Diagnostic | None:
    """`Modality in ("CT", "MR")`, `Modality in "CT"`."""
    if place.token(-1).text not in ("in", "not in") or "[" not in place.accepted:
        return None
    opens = place.token().kind in ("(", "{")
    last = place.partner(place.index, 1) if opens else place.operand_after(place.index)
    if last is None or last >= len(place.tokens) or not (opens or place.token().kind in ("STRING", "INT", "NUMBER")):
        return None
    if last + 1 < len(place.tokens) and place.tokens[last + 1].text == "..":
        last = place.operand_after(last + 2) or last
    inner = place.between(place.index, last).text
    inner = inner[1:-1].strip() if opens else inner
    found = place.refuse("a list stands in square brackets", "no list")
    return found.with_fix("say", place.between(place.index, last), f"[{inner}]")


def _like(place: Place) -> Diagnostic | None:
    """`StudyDescription like "%ANGIO%"`."""
    value = place.token(1)
    if place.token().text not in ("like", "ilike", "glob", "regex") or "matches" not in place.accepted:
        return None
    found = place.refuse(f"there is no `{place.token().text}`")
    plain = value.text.strip('"').strip("%*")
    if value.kind != "STRING" or not plain or set(plain) & set("%*?_"):
        return found.with_note('say `contains "x"`, `starts with "x"`, `ends with "x"` or `matches /x.*/`')
    begins, ends = value.text.strip('"')[:1] not in "%*", value.text.strip('"')[-1:] not in "%*"
    verb = {(True, True): "==", (True, False): "starts with", (False, True): "ends with"}.get(
        (begins, ends), "contains"
    )
    return found.with_fix("say", place.between(place.index, place.index + 1), f'{verb} "{plain}"')


def _text_as_regex(place: Place) -> Diagnostic | None:
    """`matches "CT.*"`."""
    if place.token().kind != "STRING" or place.accepted != {"REGEX"}:
        return None
    found = place.refuse("a regular expression stands between slashes", "a text")
    inner = place.token().text[1:-1].replace("\\\\", "\\").replace("/", "\\/")
    return found.with_fix("say", place.span, f"/{inner}/") if inner else found.with_note("such as `/CT.*/`")


def _method(place: Place) -> Diagnostic | None:
    """`PatientID.upper()`, `"A" . "B"`."""
    if place.token().text == "." and place.token(-1).kind == "STRING":
        return place.refuse("texts are joined by `+`").with_fix("say", place.span, "+")
    if place.token().kind != "(" or place.token(-1).kind != "WORD" or place.token(-2).text != ".":
        return None
    name = place.token(-1).text
    found = place.refuse(f"a value is handed to a function by `|`: `… | {name}`")
    empty = place.token(1).kind == ")"
    span = place.between(place.index - 2, place.index + 1 if empty else place.index - 1)
    return found.with_fix("say", span, f" | {name}")


def _arguments(place: Place) -> Diagnostic | None:
    """`| cut 8`."""
    token, name = place.token(), place.token(-1)
    if place.token(-2).text != "|" or name.kind != "WORD" or token.kind not in ("INT", "NUMBER", "STRING"):
        return None
    span = place.between(place.index - 1, place.index)
    return place.refuse("arguments stand in round brackets").with_fix("say", span, f"{name.text}({token.text})")


def _small_letters(place: Place) -> Diagnostic | None:
    """`set patient_id = …`: a keyword in small letters."""
    token = place.token()
    if token.kind != "WORD" or "KEYWORD" not in place.accepted or "NAME" in place.accepted:
        return None
    for keyword in keywords_like(token.text):
        return place.refuse("keywords are written as PS3.6 has them").with_fix("say", place.span, keyword)
    return None


IN_CONDITIONS = (
    _arguments,
    _small_letters,
    _method,
    _text_as_regex,
    _one_equals,
    _in_attribute,
    _range_of_texts,
    _is_not,
    _negated_verb,
    _between,
    _list,
    _like,
    _bare_ordinal,
    _is_value,
    _bad_tag,
    _plus_sign,
)
