"""From a template and values to a path below a folder: a one-to-one mapping, so that nothing received is a path.

The theory. In a value, every byte of its UTF-8 that is not a letter, digit, `.`, `_` or `-` becomes `%` and two
hexadecimal digits; `%` itself is such a byte. So the mapping can be undone, and a `%` that is not followed by
hexadecimal digits is ours to give a meaning: `%empty` stands for a value that is absent or empty, and `%-` with a
digest for what is too long for a file name. A `.` at the beginning of a name is encoded too, which takes care of `.`,
`..` and hidden files. Names of ours that must not meet those begin with `.`.
"""

import hashlib
from collections.abc import Callable

from dicomrules.model.destination import TEMPLATE_FIELD

LONGEST = 200  # bytes of one name; file systems take 255, and a suffix may follow
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_EMPTY = "%empty"


def path(template: str, value: Callable[[str], str]) -> tuple[str, ...]:
    """The names of folders and, last, of the file; `value` gives the value of a keyword, empty if absent."""
    return tuple(_name(part, value) for part in template.split("/"))


def numbered(name: str, number: int) -> str:
    """`name` with a number before its extension, that no encoded value has: `1.2.3~2.dcm`."""
    stem, dot, extension = name.rpartition(".")
    return f"{stem}~{number}.{extension}" if dot and extension.isalpha() else f"{name}~{number}"


def _name(part: str, value: Callable[[str], str]) -> str:
    """One part of the template with its fields filled in. Pieces of the template itself stand as they are."""
    pieces = TEMPLATE_FIELD.split(part)  # text, keyword, text, keyword, …, text
    filled = [piece if number % 2 == 0 else _encoded(value(piece)) or _EMPTY for number, piece in enumerate(pieces)]
    name = "".join(filled)
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    return name if len(name.encode()) <= LONGEST else _cut(name)


def _encoded(value: str) -> str:
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in value.encode("utf-8", "surrogateescape"))


def _cut(name: str) -> str:
    """The beginning, for people, and a digest of the whole, so that different names stay different."""
    _, dot, extension = name.rpartition(".")
    tail = f".{extension}" if dot and extension.isalpha() and len(extension) <= 8 else ""
    digest = hashlib.sha256(name.encode()).hexdigest()[:40]
    start = name.encode()[: LONGEST - len(digest) - len(tail) - 2].decode("utf-8", "ignore")
    return f"{start}%-{digest}{tail}"
