"""What stands before the first item of a file: `language 1`."""

from dicomrules.lang.remarks import no_language
from dicomrules.lang.reserved import ITEM_WORDS
from dicomrules.lang.segments import Segment
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

VERSION = 1
"""The version of the language that this program reads."""


def take_header(source: Source, segments: list[Segment]) -> tuple[int | None, list[Diagnostic]]:
    """Take the header off the first segment: the version (None: the file does not say), and what is wrong with it."""
    first = segments[0] if segments and segments[0].word not in ITEM_WORDS else Segment()
    tokens = first.tokens
    if not tokens or tokens[0].text.lower() != "language":
        return None, [no_language(source)]
    word = source.span(tokens[0].start, tokens[0].end)
    header = tokens[: 2 if len(tokens) > 1 and tokens[1].kind in ("INT", "NUMBER", "STRING") else 1]
    del tokens[: len(header)]
    if not tokens:
        segments.remove(first)
    if word.text != "language":
        found = diagnose("DR003", word, "words of the language are in small letters")
        return None, [found.with_fix("say", word, "language")]
    if header[-1].text == str(VERSION):
        return VERSION, []
    span = source.span(header[-1].start, header[-1].end)
    if len(header) == 1:
        return None, [
            diagnose("DR003", span, "the language version is missing", "which version?").with_fix(
                "say", span, f"language {VERSION}"
            )
        ]
    found = diagnose("DR003", span, f"this program reads version {VERSION} of the language", "another version")
    return None, [found.with_fix("say", span, str(VERSION))]
