"""What is a sentence of the language and not in this version: refused with its place, never ignored."""

from dicomrules.lang.check.ground import Ground
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span


def refuse(ground: Ground, span: Span, what: str) -> None:
    """Report a construct that is not built yet."""
    verb = "are" if "`, `" in what else "is"
    found = diagnose("DR002", span, f"`{what}` {verb} not in this version", "not in this version")
    ground.add(found.with_note('take it out for now; objects that need it can be kept: `quarantine "why"`'))


def opening(span: Span, words: int) -> Span:
    """The first words of a span."""
    text, end = span.text, 0
    for _ in range(words):
        while end < len(text) and text[end].isspace():
            end += 1
        while end < len(text) and not text[end].isspace():
            end += 1
    return span.source.span(span.start, span.start + end)
