"""What people type first and the language refuses: each with a message of its own and the replacement.

A slip looks at the place where the sentence breaks and answers with a diagnostic, or None when it is not the one.
"""

from dicomrules.lang.place import Place
from dicomrules.lang.reserved import RESERVED
from dicomrules.lang.slips_of_capitals import capital_name, capitals, in_small_letters
from dicomrules.lang.slips_of_commas import IN_LISTS
from dicomrules.lang.slips_of_conditions import IN_CONDITIONS
from dicomrules.lang.slips_of_items import IN_ITEMS
from dicomrules.lang.slips_of_routes import IN_ROUTES
from dicomrules.lang.slips_of_statements import IN_STATEMENTS
from dicomrules.text.diagnostic import Diagnostic

_INSTEAD = {"elif": "else if", "elsif": "else if", "elseif": "else if", "equals": "==", "eq": "==", "is_present":
            "is present", "startswith": "starts with", "endswith": "ends with", "includes": "contains", "delete":
            "remove", "assign": "set", "discard": "drop", "ne": "!=", "otherwise": "else", "default": "else",
            "where": "when", "import": "include", "unset": "remove", "clear": "empty", "anonymize": "deidentify",
            "anonymise": "deidentify", "gt": ">", "lt": "<", "ge": ">=", "le": "<="}  # fmt: skip


def slip(place: Place) -> Diagnostic | None:
    """The message for a slip that people make, if this is one."""
    if found := capitals(place):
        return found
    lowered = in_small_letters(place)
    for here in (lowered, place) if lowered else (place,):
        for known in (*IN_LISTS, *IN_ITEMS, *IN_STATEMENTS, *IN_ROUTES, *IN_CONDITIONS, _other_words):
            if found := known(here):
                return found
    return capital_name(place)


def _other_words(place: Place) -> Diagnostic | None:
    """Words of other languages with one word of ours."""
    word = place.token().text
    ours = _INSTEAD.get(word)
    if (
        ours is None
        or not {ours, ours.split()[0], "CMP" if ours in ("==", "!=", ">", "<", ">=", "<=") else ours} & place.accepted
    ):
        return None
    here = "does not stand here" if word in RESERVED else "is not of this language"
    return place.refuse(f"`{word}` {here}: say `{ours}`").with_fix("say", place.span, ours)
