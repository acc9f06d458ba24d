"""Slips where an item begins: its word, its name, and how routes are read."""

from dicomrules.lang.forms import FORMS
from dicomrules.lang.place import Place
from dicomrules.lang.reserved import ITEM_WORDS, RESERVED, as_name
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.suggest import nearest

_NAMED = ITEM_WORDS - {"include", "settings", "expects", "private", "test"}
_WITH_TEXTS = frozenset(("include", "schedule", "test", "table", "settings", "secret"))
_OTHERS = {
    "import": "include",
    "def": "function",
    "policy": "rule",
    "rules": "rule",
    "destination": "expects destinations",
}


def _misspelt(place: Place) -> Diagnostic | None:
    """`ruel a {` below a whole item."""
    token = place.token()
    if token.kind != "WORD" or not place.first_of_line or "$END" not in place.accepted or token.text in RESERVED:
        return None
    meant = [_OTHERS[token.text]] if token.text in _OTHERS else nearest(token.text, ITEM_WORDS, most=1)
    if not meant:
        return None
    return place.refuse(f"no item begins with `{token.text}`").with_fix("did you mean", place.span, meant[0])


def _name(place: Place) -> Diagnostic | None:
    """`rule "CT prefix" {`, `rule CT {`, `rule ct-prefix {`, `rule ct prefix {`."""
    kind = place.tokens[0].text
    if kind not in _NAMED or place.index not in (1, 2) or place.at_end:
        return None
    if place.index == 1 and place.token().kind in ("STRING", "KEYWORD"):
        found = place.refuse(f"after `{kind}` stands its name: lower-case letters, digits and `_`")
        name = as_name(place.token().text.strip('"')) or f"my_{kind}"
        quoted = place.token().kind == "STRING" and kind in ("rule", "group")
        return found.with_fix("say", place.span, f"{name} {place.token().text}" if quoted else name)
    if place.index == 2 and (place.token().text == "-" or place.token().kind == "WORD"):
        last = 3 if place.token().text == "-" else 2
        if nearest(place.token().text, (one for one in place.accepted if one.islower()), most=1):
            return None
        if place.token(last - 2).kind != "WORD" or place.first_of_line or place.token().text in RESERVED:
            return None
        span = place.between(1, last)
        return place.refuse("a name is one word, joined by `_`").with_fix("say", span, as_name(span.text))
    return None


def _outside(place: Place) -> Diagnostic | None:
    """`set …`, `when …`, `if …` outside of a rule."""
    word = place.token().text
    ends = place.index == 0 or "$END" in place.accepted
    if (
        not (ends and place.first_of_line)
        or place.token(1).text == "destinations"
        or word not in FORMS
        or word in ITEM_WORDS
    ):
        return None
    if word in ("when", "unless", "always", "else"):
        found = place.refuse(f"`{word}` stands inside of a rule, or of a table of routes")
        return found.with_note('as in `rule ct { when Modality == "CT"  empty StationName }`')
    outside = "test" if word in ("given", "expect") else "rule"
    return place.refuse(f"`{word}` stands inside of a {outside}").with_note(f"as in `{FORMS[outside]}`")


def _text(place: Place) -> Diagnostic | None:
    """`include common.rules`, `test x {`, `key A as …`, `timezone = "…"`."""
    token = place.token()
    if (
        place.tokens[0].text not in _WITH_TEXTS
        or "STRING" not in place.accepted
        or place.accepted & {"NAME", "KEYWORD", "INT"}
    ):
        return None
    if token.kind == "=":
        return place.refuse("the text follows without `=`").with_fix("leave it out", place.span, "")
    if token.kind not in ("WORD", "KEYWORD", "INT") or token.text in place.accepted or token.text in RESERVED:
        return None
    whole = place.tokens[0].text in ("include", "schedule")
    last = place.index
    while whole and last + 1 < len(place.tokens) and "\n" not in place.between(place.index, last + 1).text:
        last += 1
    span = place.between(place.index, last)
    return place.refuse("a text stands in double quotes").with_fix("say", span, f'"{span.text}"')


def _arrow(place: Place) -> Diagnostic | None:
    """`"A": "B"` in a table."""
    if place.tokens[0].text != "table" or "=>" not in place.accepted or place.token().text not in (":", "="):
        return None
    return place.refuse("between key and value stands `=>`").with_fix("say", place.span, "=>")


def _csv(place: Place) -> Diagnostic | None:
    """`table t from "episodes.csv" {`."""
    if place.token().kind != "STRING" or "csv" not in place.accepted:
        return None
    return place.refuse("a table says from what it is read").with_fix("say", place.span.before, "csv ")


def _match(place: Place) -> Diagnostic | None:
    """`routes r {`, `routes r all match {`."""
    if place.tokens[0].text != "routes" or "first" not in place.accepted:
        return None
    if place.token(1).text == "match" and place.token().text in ("all", "any", "each"):
        return place.refuse("all arms that fit are taken by `every match`").with_fix("say", place.span, "every")
    if place.token().kind != "{":
        return None
    found = place.refuse("a table of routes says whether it stops at the first arm that fits")
    found = found.with_fix("one arm, the first that fits", place.span.before, "first match ")
    return found.with_fix("all arms that fit", place.span.before, "every match ")


IN_ITEMS = (_outside, _misspelt, _match, _name, _text, _arrow, _csv)
