"""Slips where an item begins: its word, its name, and how routes are read."""

import re

from dicomrules.lang.place import Place
from dicomrules.lang.reserved import ITEM_WORDS, RESERVED
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.suggest import nearest

_NAMED = ITEM_WORDS - {"include", "settings", "expects", "private", "test"}
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
        name = _as_name(place.token().text.strip('"')) or f"my_{kind}"
        quoted = place.token().kind == "STRING" and kind in ("rule", "group")
        return found.with_fix("say", place.span, f"{name} {place.token().text}" if quoted else name)
    if place.index == 2 and (place.token().text == "-" or place.token().kind == "WORD"):
        last = 3 if place.token().text == "-" else 2
        if nearest(place.token().text, (one for one in place.accepted if one.islower()), most=1):
            return None
        if place.token(last - 2).kind != "WORD" or place.first_of_line or place.token().text in RESERVED:
            return None
        span = place.between(1, last)
        return place.refuse("a name is one word, joined by `_`").with_fix("say", span, _as_name(span.text))
    return None


def _as_name(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_0123456789")
    return f"{name}_1" if name in RESERVED else name


def _match(place: Place) -> Diagnostic | None:
    """`routes r {`."""
    if place.tokens[0].text != "routes" or "first" not in place.accepted or place.token().kind != "{":
        return None
    found = place.refuse("a table of routes says whether it stops at the first arm that fits")
    found = found.with_fix("one arm, the first that fits", place.span.before, "first match ")
    return found.with_fix("all arms that fit", place.span.before, "every match ")


IN_ITEMS = (_misspelt, _name, _match)
