"""Pseudonyms: the same value and secret give the same result in every statement, on every node and every run."""

import base64
import hashlib
import hmac

from dicomrules.functions.record import OUT_OF_RANGE, Argument, Example, Function, Parameter, Result, Takes, exactly
from dicomrules.program.types import Type

LONGEST_UID = 64


def _letters(digest: bytes, length: int) -> Result:
    """The first letters of the base 32 form (A-Z 2-7) of a digest."""
    return base64.b32encode(digest).decode("ascii")[:length] if 8 <= length <= 52 else OUT_OF_RANGE


def keyed_digest(text: str, secret: str) -> bytes:
    """HMAC-SHA-256 over the UTF-8 of the trimmed text."""
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), text.strip().encode("utf-8", "surrogatepass"), "sha256")


def hash_(text: str, length: int) -> Result:
    """The first `length` letters of the SHA-256 of a text. Not for identifiers: it can be reversed by trying."""
    return _letters(hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).digest(), length)


def keyed_hash(text: str, secret: str, length: int) -> Result:
    """The first `length` letters of the HMAC of a text."""
    return _letters(keyed_digest(text, secret), length)


def keyed_uid(text: str, secret: str) -> str:
    """`2.25.` and 128 bits of the HMAC of a text as a decimal (PS3.5 B.2)."""
    return "2.25." + str(int.from_bytes(keyed_digest(text, secret)[:16], "big"))


def uid_under(root: str, text: str, secret: str) -> str:
    """As `keyed_uid`, below another root: as many decimal digits of the HMAC as fit into the 64 characters of a UID."""
    digits = str(int.from_bytes(keyed_digest(text, secret), "big"))
    return f"{root}.{digits[: LONGEST_UID - len(root) - 1]}"


def keyed_days(text: str, secret: str, low: int, high: int) -> Result:
    """A number of days from `low` to `high`, both included, never 0."""
    around_zero = low <= 0 <= high
    count = high - low + 1 - around_zero
    if count < 1:
        return OUT_OF_RANGE
    days = low + int.from_bytes(keyed_digest(text, secret), "big") % count
    return days + 1 if around_zero and days >= 0 else days


def _asked(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    """As many letters as the last constant argument asks for."""
    length = constants[-1] if constants else None
    return length if isinstance(length, int) else 52


SUBJECT = Parameter("value")
SECRET = Parameter("secret", takes=Takes.SECRET)
LETTERS = Parameter("letters", frozenset({Type.INT}), constant=True, low=8, high=52)
DAYS = frozenset({Type.INT})

FAMILY = (
    Function("hash", (SUBJECT, LETTERS), Type.TEXT, "The first letters (A-Z 2-7) of the SHA-256 of a text.",
             Example(("4711", 8), "3ZSQ2YPV"), hash_, longest=_asked),
    Function("keyed_hash", (SUBJECT, SECRET, LETTERS), Type.TEXT,
             "The first letters (A-Z 2-7) of the HMAC-SHA-256 of a text under a secret.",
             Example(("4711", "salt", 10), "B5EUXBXRZU"), keyed_hash, longest=_asked),
    Function("keyed_uid", (SUBJECT, SECRET), Type.UID, "A UID below 2.25 made from a text under a secret.",
             Example(("1.2.3", "salt"), "2.25.258605150087162960858073729344731632562"), keyed_uid,
             longest=exactly(44)),
    Function("keyed_days", (SUBJECT, SECRET, Parameter("low", DAYS, constant=True, low=-36500, high=36500),
                            Parameter("high", DAYS, constant=True, low=-36500, high=36500)), Type.INT,
             "A number of days from low to high, never 0, made from a text under a secret.",
             Example(("4711", "salt", -365, -1), -154), keyed_days),
)  # fmt: skip
