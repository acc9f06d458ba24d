"""What is said where a sentence breaks: a slip's own message, or "expected this, found that" in the reader's words."""

from dicomrules.lang.forms import form
from dicomrules.lang.place import Place
from dicomrules.lang.reserved import ITEM_WORDS, words
from dicomrules.lang.scan import Token
from dicomrules.lang.slips import slip
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.suggest import nearest

_ATTRIBUTE = frozenset(("KEYWORD", "TAG", "PRIVTAG"))
_VALUE = _ATTRIBUTE | {"STRING", "INT", "NUMBER", "(", "[", "choose", "lookup", "NAME"}
_PREFIXES = frozenset(("original", "current", "root", "meta"))
_CONTINUE = words("CMP PLUS TIMES NOT_IN | in during has starts ends contains matches is and or . [ (")
_STATEMENTS = words(
    "let set default add copy move swap empty remove keep within remap shift deidentify charset redact apply if"
    " quarantine reject hold drop"
)
_STATES = frozenset(("present", "absent", "empty", "blank", "malformed"))
_OPTIONS = words("through as compressed decompressed during by only with priority")
_ORDINALS = words("first last any every new item value where")

_PHRASES: tuple[tuple[str, frozenset[str]], ...] = (
    ("an item (`rule`, `routes`, `table` …)", ITEM_WORDS),
    ("a value", _VALUE | _PREFIXES),
    ("a value", _VALUE - {"NAME", "(", "choose", "lookup"} - _ATTRIBUTE),
    ("a statement (`set`, `remove` …)", _STATEMENTS),
    ("an option of the destination", _OPTIONS),
    ("a selector (`first`, `every`, `item 2` …)", _ORDINALS),
    ("a state (`present`, `blank` …)", _STATES),
    ("an attribute", _ATTRIBUTE | _PREFIXES),
    ("an attribute", _ATTRIBUTE),
    ("a text or number", frozenset(("STRING", "INT", "NUMBER"))),
    ("a number", frozenset(("INT", "NUMBER"))),
    ("a comparison", frozenset(("CMP", "in", "is", "has", "matches"))),
)
"""What a set of terminals is called; earlier ones win, and a phrase counts only when all of its terminals fit."""

_CALLED = {
    "KEYWORD": "a keyword such as `PatientID`",
    "NAME": "a name",
    "TAG": "a tag",
    "PRIVTAG": 'a private tag such as `(0019,"SIEMENS MR HEADER",0F)`',
    "STRING": 'a text in `"`',
    "INT": "a whole number",
    "NUMBER": "a number",
    "DURATION": "a duration such as `24h`",
    "REGEX": "a regular expression such as `/CT.*/`",
    "CMP": "a comparison such as `==`",
    "NOT_IN": "`not in`",
    "PLUS": "`+`",
    "TIMES": "`*`",
    "$END": "its end",
}
_TESTING = words("when unless if and or not where expect")
_MOST = 4
"""How many things are named before the rest is left unsaid."""


def explain(place: Place) -> Diagnostic:
    """Why the tokens of an item stop being a sentence here."""
    if found := slip(place):
        return found
    wanted = expected(place.accepted, condition=_wants_condition(place))
    message = f"expected {wanted}, found {_found(place)}"
    diagnostic = diagnose(
        "DR001", place.span, message, f"expected {wanted}" if len(wanted) < 50 else "not expected here"
    )
    example = form(place)
    return _with_suggestion(place, diagnostic.with_note(f"an example: `{example}`") if example else diagnostic)


def _wants_condition(place: Place) -> bool:
    """Whether what can start a value stands where something is tested."""
    before = place.token(-1).text
    return before in _TESTING or (before == "=" and place.tokens[0].text == "condition")


def expected(accepted: frozenset[str], *, condition: bool) -> str:
    """The terminals that fit, in words: "a name", "`=` or `{`"; what starts a value may be called a condition."""
    left = set(accepted)
    phrases: list[str] = []
    for phrase, members in _PHRASES:
        if members <= left:
            phrases.append("a condition" if condition and phrase == "a value" else phrase)
            left -= members | ({"not"} if phrase == "a value" else set())
    required = [one for one in sorted(left - _CONTINUE) if one not in ("$END",)]
    words = [_CALLED.get(one, f"`{one}`") for one in required]
    if not phrases and not words:
        words = [_CALLED.get(one, f"`{one}`") for one in sorted(left)]
    words.sort(key=lambda word: word.startswith("`"))
    return _one_of([*dict.fromkeys([*phrases, *words])])


def _one_of(words: list[str]) -> str:
    if not words:
        return "nothing more"
    if len(words) > _MOST:
        return ", ".join(words[:_MOST]) + " …"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _found(place: Place) -> str:
    return f"the end of {_item(place)}" if place.at_end else called(place.token())


def _item(place: Place) -> str:
    word = place.tokens[0].text
    return f"this `{word}`" if word in ITEM_WORDS else "the file"


def called(token: Token) -> str:
    """A token in words, as found in a text."""
    shown = token.text if len(token.text) <= 30 else token.text[:29] + "…"
    kinds = {"STRING": "the text ", "INT": "the number ", "NUMBER": "the number ", "REGEX": "the regular expression "}
    return f"{kinds.get(token.kind, '')}`{shown}`"


def _with_suggestion(place: Place, diagnostic: Diagnostic) -> Diagnostic:
    """Add the word that was probably meant, where a word nearly fits."""
    token = place.token()
    if token.kind != "WORD":
        return diagnostic
    fitting = [one for one in place.accepted if one.isalpha() and one.islower()]
    for word in nearest(token.text, fitting, most=1):
        return diagnostic.with_fix("did you mean", place.span, word)
    return diagnostic
