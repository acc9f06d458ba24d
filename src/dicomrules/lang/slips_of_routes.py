"""Slips in tables of routes: arms and destinations."""

from dicomrules.lang.place import Place
from dicomrules.text.diagnostic import Diagnostic


def _arm_after_else(place: Place) -> Diagnostic | None:
    """An arm of routes or of a `choose` below `else`."""
    if place.token().text not in ("when", "unless", "always", "case") or "}" not in place.accepted:
        return None
    at = max((at for at in range(place.index) if place.tokens[at].text == "else"), default=None)
    if at is None or place.tokens[at + 1].text != "=>":
        return None
    found = place.refuse("`else` is the last arm", "an arm below it").with_label(place.between(at, at), "not the last")
    return found.with_note("move `else` below all other arms")


def _if(place: Place) -> Diagnostic | None:
    """`if C => pacs`."""
    if place.token().text != "if" or "when" not in place.accepted or place.tokens[0].text != "routes":
        return None
    return place.refuse("an arm of routes begins with `when`").with_fix("say", place.span, "when")


def _quoted(place: Place) -> Diagnostic | None:
    """`=> "pacs"`."""
    token = place.token()
    if token.kind != "STRING" or "balance" not in place.accepted:
        return None
    found = place.refuse("a destination is a name, without quotes")
    name = token.text[1:-1]
    if not (name.isidentifier() and name.isascii() and name == name.lower()):
        return found.with_note("names are lower-case letters, digits and `_`; `expects destinations` lists them")
    return found.with_fix("say", place.span, name)


def _comma(place: Place) -> Diagnostic | None:
    """`=> pacs, vna`."""
    if place.token().kind != "," or not {"and", "failover"} <= place.accepted:
        return None
    found = place.refuse("several destinations are joined by `and`")
    span = place.source.span(place.token(-1).end, place.token().end)
    found = found.with_fix("to all of them", span, " and")
    return found.with_fix("to the second when the first cannot be reached", span, " failover")


IN_ROUTES = (_arm_after_else, _if, _quoted, _comma)
