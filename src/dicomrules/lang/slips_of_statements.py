"""Slips in rules: statements, their blocks and durations as other languages write them."""

import re
from dataclasses import replace

from dicomrules.lang.place import Place
from dicomrules.lang.strange import UNITS
from dicomrules.text.diagnostic import Diagnostic


def _late_guard(place: Place) -> Diagnostic | None:
    """A `when` after statements of its rule."""
    word = place.token().text
    if word not in ("when", "unless") or "set" not in place.accepted or word in place.accepted:
        return None
    found = place.refuse(f"`{word}` stands first in its rule, before all statements")
    return found.with_note("inside a rule say `if … { … }`")


def _skip(place: Place) -> Diagnostic | None:
    """`skip` as a statement or as what an arm does."""
    if place.token().text not in ("skip", "ignore", "stop", "return"):
        return None
    found = place.refuse(f"there is no `{place.token().text}`: every object gets a verdict or a destination")
    if "nowhere" in place.accepted:
        return found.with_fix("send nothing from this table", place.span, 'nowhere "why"')
    return found.with_fix("end the object here, logged", place.span, 'drop "why"')


def _fit(place: Place) -> Diagnostic | None:
    """`set P = x fit`."""
    if place.token().text not in ("fit", "truncate"):
        return None
    found = place.refuse(f"there is no `{place.token().text}`: nothing is cut unasked")
    return found.with_note("say the length in the value, `| cut(16)`, or what then with `otherwise`")


def _block(place: Place) -> Diagnostic | None:
    """`if C then`, `if C:`, `rule a:`."""
    token = place.token()
    if token.text == "then" and "set" in place.accepted:
        return place.refuse("`then` is not said: statements follow at once").with_fix("leave it out", place.span, "")
    if token.kind == "{" and "set" in place.accepted and "{" not in place.accepted:
        found = place.refuse("statements follow `when` without `{`", "not here")
        return found.with_note("take out this `{` and its `}`; inside a rule `if … { … }` has them")
    if token.text not in ("then", ":", "do", "begin") or "{" not in place.accepted:
        return None
    if place.token(1).kind == "{":
        return place.refuse(f"`{token.text}` is not said: `{{` follows at once").with_fix(
            "leave it out", place.span, ""
        )
    found = place.refuse(f"`{token.text}` begins nothing: statements stand between `{{` and `}}`")
    return found.with_fix("say", place.span, "{").with_note("and `}` after the last one")


def _arrow_for_comparison(place: Place) -> Diagnostic | None:
    """`when Rows => 5`, in a rule and in routes."""
    here = replace(place, index=place.index - 1) if "balance" in place.accepted else place
    if here.token().kind != "=>" or here.token(1).kind not in ("INT", "NUMBER"):
        return None
    return here.refuse("`=>` leads to what comes of it; a comparison is `>=`").with_fix("compare", here.span, ">=")


def _send(place: Place) -> Diagnostic | None:
    """`send to pacs`, `when C => pacs` in a rule."""
    if place.token().text not in ("send", "forward", "=>") or not {"set", "apply"} <= place.accepted:
        return None
    found = place.refuse("where objects go is said in a table of routes, not in a rule")
    return found.with_note("as in `routes clinical every match { always => pacs }`")


def _end(place: Place) -> Diagnostic | None:
    """`end`, `endif`, `fi` where a block ends."""
    if place.token().text not in ("end", "endif", "fi", "done") or "}" not in place.accepted:
        return None
    return place.refuse("a block ends with `}`").with_fix("say", place.span, "}")


def _no_set(place: Place) -> Diagnostic | None:
    """`PatientID = "x"` as a statement, `Modality == "CT"` as a guard."""
    if place.token().kind not in ("KEYWORD", "TAG", "PRIVTAG") or not {"set", "when"} & place.accepted:
        return None
    last = place.operand_after(place.index)
    after = place.tokens[last + 1].kind if last is not None and last + 1 < len(place.tokens) else ""
    if after == "=" and "set" in place.accepted:
        return place.refuse("a value is given by `set`").with_fix("say", place.span.before, "set ")
    if after != "=" and "when" in place.accepted:
        return place.refuse("a condition begins with `when`").with_fix("say", place.span.before, "when ")
    return None


def _not_equals_sign(place: Place) -> Diagnostic | None:
    """`set P == v`, `set P to v`, `set P := v`, `set P: v`."""
    if "=" not in place.accepted:
        return None
    if place.token().kind == "PLUS" and place.token(1).text == "=" and place.token(-1).kind in ("KEYWORD", "TAG"):
        found = place.refuse(f"there is no `{place.token().text}=`")
        span = place.between(place.index, place.index + 1)
        return found.with_fix("say", span, f"= {place.token(-1).text} {place.token().text}")
    if place.token().kind == place.token(-1).kind == "KEYWORD":
        span = place.between(place.index - 1, place.index)
        return place.refuse("a keyword is one word").with_fix("say", span, "".join(span.text.split()))
    if place.token().kind in ("TAG", "KEYWORD") and place.token(-1).kind in ("TAG", "KEYWORD"):
        return place.refuse("one attribute is named twice: keyword or tag").with_fix("leave it out", place.span, "")
    if place.token().text not in ("==", "to", ":", "as", "=>"):
        return None
    assign = place.token().kind == ":" and place.token(1).kind in ("=", "CMP")
    span = place.between(place.index, place.index + 1) if assign else place.span
    return place.refuse("a value is given with `=`").with_fix("say", span, "=")


def _duration(place: Place) -> Diagnostic | None:
    """`for 60`, `after 60 seconds`, `per 1 day`."""
    token, unit = place.token(), UNITS.get(place.token(1).text, "")
    if token.kind not in ("INT", "NUMBER", "STRING") or "DURATION" not in place.accepted:
        return None
    if token.kind == "INT" and unit:
        span = place.between(place.index, place.index + 1)
        return place.refuse("number and unit are one word").with_fix("say", span, f"{token.text}{unit}")
    found = place.refuse("a duration has a unit: `s`, `min`, `h` or `d`", "of what?")
    if place.token(1).text == ".":  # `1.5h`
        return found.with_note("it is a whole number of them: `90min` for an hour and a half")
    if re.fullmatch(r'"[0-9]+(s|min|h|d)"', token.text):
        return place.refuse("a duration stands without quotes").with_fix("say", place.span, token.text[1:-1])
    if token.kind != "INT":
        return found.with_note("a duration looks like `60s`, `5min`, `24h` or `7d`")
    for unit, title in (("s", "seconds"), ("min", "minutes"), ("h", "hours")):
        found = found.with_fix(title, place.span, f"{token.text}{unit}")
    return found


def _unavailable(place: Place) -> Diagnostic | None:
    """`given unavailable episodes`."""
    table = place.token()
    if place.token(-1).text != "unavailable" or table.kind != "WORD" or "unavailable" not in place.accepted:
        return None
    span = place.between(place.index - 1, place.index)
    found = place.refuse("the name of the table comes first")
    return found.with_fix("say", span, f"{table.text} unavailable")


IN_STATEMENTS = (
    _unavailable,
    _late_guard,
    _not_equals_sign,
    _no_set,
    _arrow_for_comparison,
    _send,
    _block,
    _end,
    _skip,
    _fit,
    _duration,
)
