"""Checks on a value: national patient numbers, and the plane of an image."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

from dicomrules.functions.record import NUMBER, Example, Function, Parameter, Result, Takes
from dicomrules.program.types import NoValue, Type


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _baltic(digits: list[int]) -> bool:
    """Estonia and Lithuania: eleven digits, two rounds of weights modulo 11."""
    for weights in ((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)):
        rest = _weighted(digits, weights) % 11
        if rest < 10:
            return rest == digits[10]
    return digits[10] == 0


def _nhs(digits: list[int]) -> bool:
    """England: ten digits, weights 10 to 2 modulo 11; a check digit of 10 is not issued."""
    return (11 - _weighted(digits, tuple(range(10, 1, -1))) % 11) % 11 == digits[9]


def _bsn(digits: list[int]) -> bool:
    """The Netherlands: nine digits, weights 9 to 2 and -1 modulo 11."""
    return _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _pesel(digits: list[int]) -> bool:
    """Poland: eleven digits, weights 1 3 7 9 modulo 10."""
    return _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


# Country (ISO 3166) or scheme: how many digits, and whether they fit together.
NUMBERS: dict[str, tuple[int, Callable[[list[int]], bool]]] = {
    "EE": (11, _baltic),
    "LT": (11, _baltic),
    "GB": (10, _nhs),
    "NL": (9, _bsn),
    "PL": (11, _pesel),
    "SE": (10, _luhn),
}
SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"


def has_check_digit(text: str, scheme: str) -> bool:
    """Whether it is a patient number whose check digit (in Spain, letter) is right; spaces and hyphens are skipped."""
    bare = "".join(letter for letter in text if letter not in " -").upper()
    if scheme == "ES":
        return _spanish(bare)
    length, right = NUMBERS.get(scheme, (0, _luhn))
    if scheme == "SE" and len(bare) == 12:
        bare = bare[2:]
    if not (bare.isascii() and bare.isdigit()) or len(bare) != length:
        return False
    return right([int(letter) for letter in bare])


def _spanish(bare: str) -> bool:
    """DNI (eight digits and a letter) and NIE (X, Y or Z, seven digits and a letter)."""
    if len(bare) != 9 or not bare.isascii():
        return False
    number = bare[:8].translate(str.maketrans("XYZ", "012")) if bare[0] in "XYZ" else bare[:8]
    return number.isdigit() and SPANISH[int(number) % 23] == bare[8]


# A direction cosine of at least this much along an axis: within about 25 degrees of it.
ALONG = Decimal("0.9")


def orientation(cosines: tuple[int | Decimal, ...]) -> Result:
    """The plane of Image Orientation (Patient) (PS3.3 C.7.6.2.1.1): AXIAL, CORONAL, SAGITTAL, else OBLIQUE."""
    if len(cosines) != 6 or not all(Decimal(cosine).is_finite() and abs(Decimal(cosine)) < 2 for cosine in cosines):
        return NoValue("malformed")
    row, column = tuple(map(Decimal, cosines[:3])), tuple(map(Decimal, cosines[3:]))
    order = (0, 1, 2, 0, 1)
    normal = [row[b] * column[c] - row[c] * column[b] for b, c in pairwise(order[1:])]
    for size, plane in zip(normal, ("SAGITTAL", "CORONAL", "AXIAL"), strict=True):
        if abs(size) >= ALONG:
            return plane
    return "OBLIQUE"


SCHEMES = (*NUMBERS, "ES")

FAMILY = (
    Function("has_check_digit", (Parameter("text"), Parameter("scheme", constant=True, choices=SCHEMES)), Type.TRUTH,
             "Whether a national patient number is well formed and its check digit right: " + ", ".join(SCHEMES) + ".",
             Example(("37605030299", "EE"), True), has_check_digit),
    Function("orientation", (Parameter("cosines", NUMBER, takes=Takes.WHOLE),), Type.CODE,
             "The plane of ImageOrientationPatient: AXIAL, CORONAL, SAGITTAL or OBLIQUE.",
             Example(((1, 0, 0, 0, 1, 0),), "AXIAL"), orientation, can_fail=True),
)  # fmt: skip
