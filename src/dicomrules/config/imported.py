"""What the importers of other systems' settings share: they take text and give YAML, and nothing is left silent: what
has no counterpart stands in a comment.
"""

import json
import re

MAX_CHARACTERS = 1024 * 1024


class Unusable(Exception):
    """The file is not of that kind. The message says why and where, without what it holds."""


def bounded(text: str) -> str:
    """The text, if it is not too long. Raises Unusable."""
    if len(text) > MAX_CHARACTERS:
        raise Unusable("it is longer than 1 MB")
    return text


def page(what: str, notes: list[str], lines: list[str]) -> str:
    """A part of a gateway file under comments that say where it comes from and what it leaves out."""
    head = [f"# From {what}: a part of a gateway file, to be looked through and put into one."]
    return "\n".join([*head, *(f"# {note}" for note in notes), *lines]) + "\n"


def quoted(text: str) -> str:
    """A text as YAML reads it back, whatever characters it has."""
    plain = re.fullmatch("[A-Za-z][A-Za-z0-9_.-]*|[0-9]+(\\.[0-9]+){3}", text)
    words = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return text if plain and text.lower() not in words else json.dumps(text)


def shown(value: object) -> str:
    """A short text of the file in a comment: one line of printable ASCII, whatever it was."""
    return "`" + "".join(c if " " <= c <= "~" and c != "`" else "?" for c in str(value)[:40]) + "`"
