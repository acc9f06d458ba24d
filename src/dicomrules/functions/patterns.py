"""Functions that take a regular expression. It may fit any part of the text."""

from dicomrules.functions.record import NO_MATCH, TOO_LONG, Example, Function, Parameter, Result, Takes, as_first
from dicomrules.functions.regex import compiled
from dicomrules.program.types import Regex, Type

LONGEST_RESULT = 16 * 1024 * 1024


def regex_replace(text: str, regex: Regex, new: str) -> Result:
    """Every part that fits becomes `new`, as it stands: no group references."""
    result = str(compiled(regex).sub(lambda match: new, text))
    return result if len(result) <= LONGEST_RESULT else TOO_LONG


def capture(text: str, regex: Regex, group: int = 1) -> Result:
    """What a group of the first fit holds; group 0 is the fit itself."""
    pattern = compiled(regex)
    if group > pattern.groups:
        return NO_MATCH
    match = pattern.search(text)
    held = match.group(group) if match else None
    return NO_MATCH if held is None else str(held)


SUBJECT = Parameter("text")
PATTERN = Parameter("regex", takes=Takes.REGEX, constant=True)
GROUP = Parameter("group", frozenset({Type.INT}), constant=True, low=0, optional=True)

FAMILY = (
    Function("regex_replace", (SUBJECT, PATTERN, Parameter("new", constant=True)), Type.TEXT,
             "Every part that fits a regex replaced by a text.",
             Example(("AB12CD", Regex(r"\d+"), "-"), "AB-CD"), regex_replace),
    Function("capture", (SUBJECT, PATTERN, GROUP), Type.TEXT,
             "What a capture group (the first, if none is named) holds where the regex first fits.",
             Example(("ACC-0042", Regex(r"-(\d+)")), "0042"), capture, can_fail=True, longest=as_first),
)  # fmt: skip
