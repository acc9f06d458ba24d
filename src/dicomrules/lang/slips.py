"""What people type first and the language refuses: each with a message of its own and the replacement.

A slip looks at the place where the sentence breaks and answers with a diagnostic, or None when it is not the one.
"""

from collections.abc import Callable

from dicomrules.lang.place import Place
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic

Slip = Callable[[Place], Diagnostic | None]

_OPPOSITE = {"present": "blank", "blank": "present"}
_STATES = ("present", "absent", "empty", "blank", "malformed")
_VERBS = {"contain": "contains", "contains": "contains", "match": "matches", "matches": "matches", "have": "has",
          "has": "has", "start": "starts with", "starts": "starts with", "end": "ends with",
          "ends": "ends with"}  # fmt: skip
_MISSING = {"null": "absent", "none": "absent", "missing": "absent", "undefined": "absent", "set": "present",
            "defined": "present", "there": "present", "nothing": "blank", "invalid": "malformed"}  # fmt: skip
_INSTEAD = {"elif": "else if", "elsif": "else if", "elseif": "else if", "equals": "==", "eq": "==", "is_present":
            "is present", "startswith": "starts with", "endswith": "ends with", "includes": "contains", "delete":
            "remove", "assign": "set", "route": "routes", "discard": "drop", "ne": "!="}  # fmt: skip


def slip(place: Place) -> Diagnostic | None:
    """The message for a slip that people make, if this is one."""
    for known in _SLIPS:
        if found := known(place):
            return found
    return None


def _refuse(place: Place, message: str, label: str = "") -> Diagnostic:
    return diagnose("DR007", place.span, message, label)


def _one_equals(place: Place) -> Diagnostic | None:
    """`PatientID = "x"` in a condition."""
    if place.token().kind != "=" or "CMP" not in place.accepted:
        return None
    return _refuse(place, "`=` gives a value; a comparison is `==`").with_fix("compare", place.span, "==")


def _is_not(place: Place) -> Diagnostic | None:
    """`X is not present`."""
    if place.texts(-1, 2) != ("is", "not"):
        return None
    state = place.token(1).text
    found = _refuse(place, f"there is no `is not {state}`" if state in _STATES else "there is no `is not`")
    if state in _OPPOSITE:
        span = place.between(place.index, place.index + 1)
        return found.with_fix(f"the opposite of `{state}`", span, _OPPOSITE[state])
    subject = place.operand_before(place.index - 1)
    if subject is None:
        return found
    left = place.between(subject, place.index - 2).text
    if state in _STATES:
        span = place.between(subject, place.index + 1)
        return found.with_fix("say", span, f"not ({left} is {state})")
    if place.at_end or (last := place.operand_after(place.index + 1)) is None:
        return found
    right = place.between(place.index + 1, last).text
    return found.with_fix("say", place.between(subject, last), f"{left} != {right}")


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
    found = _refuse(place, f"`not` stands before the whole comparison: `not (… {verb} …)`")
    value_at = verb_at + 1
    if verb.endswith("with") and value_at < len(place.tokens) and place.tokens[value_at].text == "with":
        value_at += 1
    last = place.operand_after(value_at)
    if last is None:
        return found
    left = place.between(subject, place.index - 1).text
    right = place.between(value_at, last).text
    return found.with_fix("say", place.between(subject, last), f"not ({left} {verb} {right})")


def _between(place: Place) -> Diagnostic | None:
    """`X between 1 and 5`."""
    if place.token().text != "between":
        return None
    found = _refuse(place, "there is no `between`; a range is `in [1 .. 5]`")
    first = place.operand_after(place.index + 1)
    if first is None or first + 2 >= len(place.tokens) or place.tokens[first + 1].text not in ("and", ",", ".."):
        return found
    last = place.operand_after(first + 2)
    if last is None:
        return found
    low, high = place.between(place.index + 1, first).text, place.between(first + 2, last).text
    return found.with_fix("both ends belong to it", place.between(place.index, last), f"in [{low} .. {high}]")


def _then(place: Place) -> Diagnostic | None:
    if place.token().text != "then":
        return None
    return _refuse(place, "`then` is not said: statements follow at once").with_fix("leave it out", place.span, "")


def _skip(place: Place) -> Diagnostic | None:
    """`skip` as a statement or as what an arm does."""
    if place.token().text not in ("skip", "ignore", "stop", "return"):
        return None
    found = _refuse(place, f"there is no `{place.token().text}`: every object gets a verdict or a destination")
    if "nowhere" in place.accepted:
        return found.with_fix("send nothing from this table", place.span, 'nowhere "why"')
    return found.with_fix("end the object here, logged", place.span, 'drop "why"')


def _fit(place: Place) -> Diagnostic | None:
    """`set P = x fit`."""
    if place.token().text not in ("fit", "truncate"):
        return None
    found = _refuse(place, f"there is no `{place.token().text}`: nothing is cut unasked")
    return found.with_note("say the length in the value, `| cut(16)`, or what then with `otherwise`")


def _bare_ordinal(place: Place) -> Diagnostic | None:
    """`[0]`, `[2]`, `[-1]`, `[*]`."""
    token = place.token()
    if place.token(-1).kind != "[" or "first" not in place.accepted:
        return None
    if token.text.startswith("-"):
        return _refuse(place, "there are no negative ordinals").with_fix("the last one", place.span, "last")
    if token.kind == "TIMES":
        return _refuse(place, "there is no `[*]`").with_fix("all of them", place.span, "every")
    if token.kind != "INT":
        return None
    if int(token.text) == 0:
        found = _refuse(place, "items and values are counted from 1, as DICOM does", "there is no `[0]`")
        return found.with_fix("the first one", place.span, "first")
    found = _refuse(place, "say whether an item or a value is meant", "of what?")
    found = found.with_fix("an item of a sequence", place.span, f"item {token.text}")
    return found.with_fix("a value of an attribute", place.span, f"value {token.text}")


def _is_value(place: Place) -> Diagnostic | None:
    """`SOPClassUID is CTImageStorage`, `Modality is "CT"`, `PatientID is null`, `X is in […]`."""
    is_ = place.token(-1)
    if is_.text != "is" or "present" not in place.accepted or place.at_end:
        return None
    word = place.token().text
    if word in _MISSING:
        return _refuse(place, f"there is no `is {word}`").with_fix("say", place.span, _MISSING[word])
    span = place.source.span(is_.start, is_.end)
    if word in ("in", "contains", "matches", "has", "like"):
        return _refuse(place, "leave out `is`").with_fix("say", span.to(place.span), word)
    message = "`is` asks for a state (`present`, `absent`, `empty`, `blank`, `malformed`); a comparison is `==`"
    found = _refuse(place, message, "a value")
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
        return _refuse(place, "numbers have no leading `+`").with_fix("leave it out", place.span, "")
    return _refuse(place, "`-` stands directly before digits, or between two values")


def _bad_tag(place: Place) -> Diagnostic | None:
    """`(0010,20)`, `0010,0020`."""
    token, after = place.token(), place.token(1)
    opens = token.kind == "(" and "TAG" in place.accepted and "(" not in place.accepted
    in_brackets = token.kind == "," and place.token(-2).kind == "(" and place.token(-1).kind in ("INT", "BAD")
    if not (opens or (in_brackets and after.kind in ("INT", "BAD", "KEYWORD", "WORD", "STRING"))):
        return None
    found = _refuse(place, "this is no tag", "four hex digits, a comma, four hex digits: `(0010,0020)`")
    return found.with_note('a private element is `(0019,"SIEMENS MR HEADER",0F)`: group, creator, two hex digits')


def _other_words(place: Place) -> Diagnostic | None:
    """Words of other languages with one word of ours."""
    word = place.token().text
    ours = _INSTEAD.get(word)
    if ours is None or not {ours, ours.split()[0], "CMP" if ours in ("==", "!=") else ours} & place.accepted:
        return None
    return _refuse(place, f"`{word}` is not of this language: say `{ours}`").with_fix("say", place.span, ours)


def _late_guard(place: Place) -> Diagnostic | None:
    """A `when` after statements of its rule."""
    word = place.token().text
    if word not in ("when", "unless") or "set" not in place.accepted or word in place.accepted:
        return None
    found = _refuse(place, f"`{word}` stands first in its rule, before all statements")
    return found.with_note("inside a rule say `if … { … }`")


def _arm_after_else(place: Place) -> Diagnostic | None:
    """An arm of routes or of a `choose` below `else`."""
    if place.token().text not in ("when", "unless", "always", "case") or "}" not in place.accepted:
        return None
    at = max((at for at in range(place.index) if place.tokens[at].text == "else"), default=None)
    if at is None or place.tokens[at + 1].text != "=>":
        return None
    return _refuse(place, "`else` is the last arm").with_label(place.between(at, at), "move this below all other arms")


_SLIPS: tuple[Slip, ...] = (
    _late_guard,
    _arm_after_else,
    _one_equals,
    _is_not,
    _negated_verb,
    _between,
    _then,
    _skip,
    _fit,
    _bare_ordinal,
    _is_value,
    _plus_sign,
    _bad_tag,
    _other_words,
)
