"""Words of the language, functions and names with capital letters, as SQL has them and word processors make them."""

from dataclasses import replace

from dicomrules.dicom.tags import tag_of
from dicomrules.functions.registry import FUNCTIONS
from dicomrules.lang.place import Place
from dicomrules.lang.reserved import ITEM_WORDS, RESERVED, as_name
from dicomrules.text.diagnostic import Diagnostic

_OTHERS = frozenset(("none", "null", "nil", "nan", "true", "false"))
"""Words of other languages that are told as they are written."""


def in_small_letters(place: Place) -> Place | None:
    """The place as it would be with its token in small letters; None where that is none of these, or an attribute."""
    token = place.token()
    word = token.text.lower()
    if token.kind != "KEYWORD" or word in _OTHERS or tag_of(token.text) is not None:
        return None
    lowered = replace(token, kind="WORD", text=word)
    return replace(place, tokens=(*place.tokens[: place.index], lowered, *place.tokens[place.index + 1 :]))


def capitals(place: Place) -> Diagnostic | None:
    """`Rule a {`, `When Modality == "CT"`, `WHEN NOT …`, `Upper(…)`."""
    word = place.token().text.lower()
    begins = word in ITEM_WORDS and place.first_of_line and "$END" in place.accepted
    if in_small_letters(place) and (word in place.accepted or begins):
        return _small(place, word)
    before = replace(place, index=place.index - 1)
    if place.index == 0 or not in_small_letters(before):
        return None
    word = before.token().text.lower()
    called = word in FUNCTIONS and place.token().kind == "("
    return _small(before, word) if word in RESERVED or called else None


def capital_name(place: Place) -> Diagnostic | None:
    """`=> PACS`, `| Trim`, `let PatientNumber = …`."""
    name = as_name(place.token().text)
    if place.token().kind != "KEYWORD" or not name or "NAME" not in place.accepted or "KEYWORD" in place.accepted:
        return None
    return _small(place, name)


def _small(place: Place, word: str) -> Diagnostic:
    found = place.refuse("words of the language and names are in small letters")
    return found.with_fix("say", place.span, word)
