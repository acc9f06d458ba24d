"""Whether a value fits the attribute that it is written to, in type, number, length and letters."""

from dicomrules.lang import ast
from dicomrules.lang.check import name_parts
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import turn
from dicomrules.lang.check.literals import IN_A_GROUP, LONGEST, NAMES, RANGES
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Doubt, Term, Wanted
from dicomrules.program.expression import Choose, Join
from dicomrules.program.types import NUMERIC, TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

IDENTIFIERS = frozenset(
    {
        *("PatientID", "OtherPatientIDs", "IssuerOfPatientID", "AccessionNumber", "StudyID", "AdmissionID"),
        *("RequestedProcedureID", "ScheduledProcedureStepID"),
        *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    }
)
"""Attributes that tell patients, orders and studies apart."""


def wanted(place: Place) -> Wanted:
    """What a literal is read as that is written here."""
    return Wanted(place.path.type, "" if place.path.component else place.vr, place.name, whole=True)


def holds(place: Place) -> int | None:
    """How many characters a text may have to be sure to fit, None without bound; of a name, one component group."""
    return IN_A_GROUP if place.vr == "PN" else LONGEST.get(place.vr)


def bound(place: Place) -> str:
    """The same in words."""
    return f"{holds(place)} in a component group" if place.vr == "PN" else str(holds(place))


def fits(ground: Ground, place: Place, term: Term) -> bool:
    """Whether type and number of values fit; reports when they do not."""
    if term.type is None:
        return False
    if isinstance(term.constant, str) and not term.constant.strip():
        message = f"{'a text of blanks' if term.constant else 'an empty text'} is no value"
        found = diagnose("DR203", term.span, message, "nothing to write")
        ground.add(found.with_note(f"say `empty {place.path.text}`"))
        return False
    if isinstance(term.constant, str) and not name_parts.stays(ground, place.path, term.constant, term.span):
        return False
    if not _type_fits(term.type, place.path.type):
        found = diagnose(
            "DR201", term.span, f"`{place.name}` ({place.vr}) is {NAMES[place.path.type]}", NAMES[term.type]
        )
        ground.add(found.with_note(_give(term.type, place.path.type)))
        return False
    return _count_fits(ground, place, term)


def _give(have: Type, want: Type) -> str:
    if have is Type.TRUTH:
        return "a condition is no value: say `if … { set … } else { set … }`"
    return turn(have, want) or f"give it {NAMES[want]}, or set another attribute"


def _type_fits(have: Type, want: Type) -> bool:
    return have is want or {have, want} <= TEXTUAL or {have, want} <= NUMERIC


def _count_fits(ground: Ground, place: Place, term: Term) -> bool:
    if term.count is None:
        return True
    single = place.path.value is not None or bool(place.path.component)
    least, most = (1, 1) if single else (place.least, place.most)
    if least <= term.count and (most is None or term.count <= most):
        return True
    bound = f"{least}" if least == most else f"{least} to {most}" if most else f"{least} or more"
    message = f"`{place.path.text}` holds {bound} value{'s' if bound != '1' else ''}"
    ground.report(
        "DR220", term.span, message, f"{term.count} given", 'a list `["A", "B"]` gives several values, `"A"` gives one'
    )
    return False


def uncertain(place: Place, term: Term) -> list[Doubt]:
    """Why a value of the right type may still not be there or not fit, its length aside."""
    doubts = list(term.doubts)
    if term.blank is not None:
        doubts.append(term.blank)
    why = (
        _letters(place, term)
        or name_parts.may_leave(place, term)
        or _number(place, term)
        or _number_of_values(place, term)
    )
    if why:
        doubts.append(Doubt(why, term.span))
    return doubts


def _letters(place: Place, term: Term) -> str:
    """CS, AE and UI do not take every text."""
    if place.vr not in ("CS", "AE", "UI") or term.vr == place.vr or term.constant is not None:
        return ""
    if place.vr == "UI" and term.type is Type.UID:
        return ""
    return f"it may hold what {place.vr} does not take"


def _number(place: Place, term: Term) -> str:
    bounds = RANGES.get(place.vr)
    if bounds is None or term.type not in NUMERIC or term.constant is not None:
        return ""
    if term.type is Type.DECIMAL:
        return "it may not be a whole number"
    mine = RANGES.get(term.vr)
    inside = mine is not None and bounds[0] <= mine[0] and mine[1] <= bounds[1]
    return "" if inside else f"{place.vr} holds {bounds[0]} to {bounds[1]}"


def _number_of_values(place: Place, term: Term) -> str:
    return f"{place.vr} of up to {place.most} values" if term.count is None and place.most is not None else ""


def overflow(place: Place, term: Term) -> str:
    """How much too long the text may be; empty when it fits."""
    most = holds(place)
    if most is None or term.type not in TEXTUAL or place.path.type not in TEXTUAL:
        return ""
    if place.vr == "PN" and term.type is Type.PERSON and not place.path.component:
        return ""
    if term.longest is None:
        return "without bound"
    return f"{term.longest} characters" if term.longest > most else ""


def too_long(ground: Ground, place: Place, term: Term, how_long: str, after: Span) -> None:
    """Report a text that may be too long, where nothing says what then."""
    most = holds(place)
    shown = " ".join(term.span.text.split())
    message = f"`{shown}` may be {how_long}, `{place.name}` ({place.vr}) holds {bound(place)}"
    found = diagnose("DR204", term.span, message, f"may be {how_long}")
    found = found.with_label(place.span, f"{place.vr} holds {bound(place)}")
    found = found.with_fix("say what then", after, f' otherwise quarantine "{place.name} too long"')
    whole = f"({shown})" if isinstance(term.code, Join | Choose) else shown
    found = found.with_fix("cut it", term.span, f"{whole} | cut({most})")
    ground.add(found.with_note(f"`cut({most})` keeps the first characters, `slice(from, to)` others"))


def cut_identifier(ground: Ground, place: Place, node: ast.Expr) -> None:
    """Warn of an identifier that is cut, as a whole or in part."""
    if place.name not in IDENTIFIERS:
        return
    waiting: list[ast.Expr] = [node]
    while waiting:
        match waiting.pop():
            case ast.Arithmetic(operands):
                waiting.extend(operands)
            case ast.Pipe(value, calls):
                waiting.append(value)
                for call in calls:
                    if call.function.text in ("cut", "slice"):
                        message = f"`{place.name}` is cut: two of them that begin alike become one"
                        ground.report(
                            "DR215",
                            call.span,
                            message,
                            "an identifier is cut here",
                            'leave it whole and say `otherwise quarantine "too long"`, or cut what is no identifier',
                        )
