"""Regular expressions of rule files. They run in RE2: linear time, whatever the pattern and the sender."""

from functools import lru_cache
from typing import Any

import re2

from dicomrules.program.types import Regex


def problem(regex: Regex) -> str | None:
    """Why RE2 does not take this pattern, None when it does: look-around and back-references are outside RE2."""
    try:
        compiled(regex)
    except (re2.error, UnicodeError) as refusal:
        return str(refusal)
    return None


@lru_cache(maxsize=4096)
def compiled(regex: Regex) -> Any:
    """The pattern, ready to use. Raises `re2.error` for one that `problem` refuses; the checker lets none through."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not regex.ignore_case
    return re2.compile(regex.pattern, options)


def size(regex: Regex) -> int:
    """How many steps RE2's program for the pattern has: what it costs to make and to keep."""
    return int(compiled(regex).programsize)


def groups(regex: Regex) -> int:
    """How many capture groups the pattern has."""
    return int(compiled(regex).groups)


def fits(regex: Regex, text: str, *, whole: bool) -> bool:
    """Whether the pattern fits the whole text, or any part of it."""
    pattern = compiled(regex)
    return (pattern.fullmatch(text) if whole else pattern.search(text)) is not None
