"""Commas too many, commas for `and`, and `and` for a comma."""

from dataclasses import replace

from dicomrules.lang.forms import FORMS
from dicomrules.lang.place import Place
from dicomrules.text.diagnostic import Diagnostic

_CONDITIONS = frozenset(("when", "unless", "if"))
_BEGIN = frozenset(FORMS) - {"choose", "lookup", "case", "else"}
_CLOSERS = frozenset((")", "]", "}"))


def _too_many(place: Place) -> Diagnostic | None:
    """`["CT", "MR",]`, `remove PatientAddress, }`, `"A" => "B",`, `=> pacs, else => vna`."""
    if place.token(-1).text == "," and _goes_on(place):
        return _leave_out(replace(place, index=place.index - 1))
    if place.token().text == "," and _goes_on(replace(place, index=place.index + 1)):
        return _leave_out(place)
    between = {"STRING", "}"} <= place.accepted or "case" in place.accepted
    return _leave_out(place) if place.token().text == "," and between else None


def _goes_on(place: Place) -> bool:
    """Whether a list ends before this place: at a bracket, at the end, or where the next sentence begins."""
    return place.at_end or place.token().text in _CLOSERS or place.token().text in FORMS


def _leave_out(comma: Place) -> Diagnostic:
    return comma.refuse("a comma stands only between two of a list").with_fix("leave it out", comma.span, "")


def _for_and(place: Place) -> Diagnostic | None:
    """`when Modality == "CT", Rows > 5`."""
    if place.token().text != "," or not {"set", "{", "=>"} & place.accepted:
        return None
    begins = next((one.text for one in place.tokens[place.index :: -1] if one.text in _BEGIN), "")
    if begins not in _CONDITIONS:
        return None
    return place.refuse("conditions are joined by `and` or `or`").with_fix("both", place.span, " and")


def _and_for(place: Place) -> Diagnostic | None:
    """`remove PatientAddress and PatientComments`, `expects destinations pacs and vna`."""
    if place.token().text != "and" or "," not in place.accepted or "and" in place.accepted:
        return None
    span = place.source.span(place.token(-1).end, place.token().end)
    return place.refuse("a list has commas between its members").with_fix("say", span, ",")


IN_LISTS = (_too_many, _for_and, _and_for)
