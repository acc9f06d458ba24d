"""What is a sentence of the language and not in this version: refused with its place, never ignored."""

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.text.source import Span

STATEMENTS: dict[type, tuple[str, int]] = {
    ast.KeepOnly: ("keep only", 2),
    ast.RemovePrivate: ("remove private", 2),
    ast.RemapUids: ("remap uids", 2),
    ast.ShiftDates: ("shift dates", 2),
    ast.Deidentify: ("deidentify", 1),
    ast.CharsetTo: ("charset to", 2),
    ast.CharsetFrom: ("charset from", 2),
    ast.RedactPixels: ("redact pixels", 2),
}
"""Statements that this version cannot carry out, and how many words say so."""


def refuse(ground: Ground, span: Span, what: str) -> None:
    """Report a construct that is not built yet."""
    verb = "are" if "`, `" in what else "is"
    ground.report("DR002", span, f"`{what}` {verb} not in this version", "not in this version")


def refuse_statement(ground: Ground, node: ast.Statement) -> bool:
    """Report a statement that is not built yet; False for one that is."""
    entry = STATEMENTS.get(type(node))
    if entry is None:
        return False
    refuse(ground, opening(node.span, entry[1]), entry[0])
    if isinstance(node, ast.RemapUids | ast.Deidentify):
        ground.symbols.used.add(("secret", node.secret.text))
    return True


def opening(span: Span, words: int) -> Span:
    """The first words of a span."""
    text, end = span.text, 0
    for _ in range(words):
        while end < len(text) and text[end].isspace():
            end += 1
        while end < len(text) and not text[end].isspace():
            end += 1
    return span.source.span(span.start, span.start + end)
