"""Person names (PS3.5 6.2.1)."""

from dicomrules.functions.record import Example, Function, Parameter, Result, as_first
from dicomrules.program.types import NoValue, Type

PARTS = ("family", "given", "middle", "prefix", "suffix")


def person(*parts: str) -> Result:
    """A name of its components, in the order family, given, middle, prefix, suffix."""
    if len(parts) > len(PARTS) or any(mark in part for part in parts for mark in "^=\\"):
        return NoValue("malformed")
    return "^".join(part.strip() for part in parts).rstrip("^")


def initials(name: str) -> str:
    """The first letters of given name, middle name and family name, of the first component group."""
    family, given, middle, *_ = [*name.partition("=")[0].split("^"), "", "", ""]
    words = [word for part in (given, middle, family) for word in part.replace("-", " ").split()]
    return "".join(word[0] for word in words).upper()


FAMILY = (
    Function("person", (Parameter("family"), *(Parameter(part, optional=True) for part in PARTS[1:])), Type.PERSON,
             "A person name of its components; none of them may hold `^`, `=` or `\\`.",
             Example(("DOE", "JANE"), "DOE^JANE"), person, can_fail=True),
    Function("initials", (Parameter("name"),), Type.TEXT, "The first letters of given, middle and family name.",
             Example(("DOE^JANE MARY",), "JMD"), initials, longest=as_first),
)  # fmt: skip
