"""Diagnostics about sentences that can be read but are refused: mixed operators, repeated options, reserved names."""

from dicomrules.lang import ast
from dicomrules.lang.scan import Token
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span

_KINDS = {"destinations": "destination", "let": "value", "routes": "routes", ",": "value", "at": "destination"}


def no_language(source: Source) -> Diagnostic:
    """The file does not begin with `language 1`."""
    start = source.span(0, 0)
    found = diagnose("DR003", start, "a rule file starts with `language 1`", "it is missing here")
    return found.with_fix("say the language version", start, "language 1\n")


def no_text(source: Source) -> Diagnostic:
    """The file of a word processor."""
    found = diagnose("DR003", source.span(0, 2), "this is no plain text", "from a word processor?")
    return found.with_note("save it as plain text in UTF-8, or write it with an editor such as Notepad or nano")


def reserved_name(span: Span, before: Token) -> Diagnostic:
    """A word of the language where only a name can stand; `before` is the token before it."""
    kind = _KINDS.get(before.text, before.text if before.kind == "WORD" else "name")
    found = diagnose("DR004", span, f"`{span.text}` is a reserved word and cannot be a name", "reserved word")
    suggestion = f"my_{span.text}" if kind == span.text else f"{span.text}_{kind}"
    return found.with_fix("choose another name", span, suggestion)


def said_twice(words: str, span: Span, first: Span) -> Diagnostic:
    """An option that stands there twice."""
    found = diagnose("DR009", span, f"`{words}` is said twice", "again").with_label(first, "first said here")
    return found.with_fix("leave it out", span, "")


def counted_from_one(span: Span, word: str) -> Diagnostic:
    """`[item 0]`."""
    found = diagnose("DR007", span, "items and values are counted from 1, as DICOM does", "there is no such one")
    return found.with_fix("the first", span, f"{word} 1")


def meant_fallback(name: ast.Name) -> Diagnostic | None:
    """`otherwise skip` and the like: names that people expect to exist; None for any other name."""
    meant = {"skip": "keep", "ignore": "keep", "nothing": "keep", "fit": "", "cut": "", "truncate": ""}.get(name.text)
    if meant is None:
        return None
    if meant:
        found = diagnose("DR007", name.span, f"there is no `otherwise {name.text}`", "say what becomes of the target")
        found = found.with_note("`keep`: the statement has no effect; `empty` and `remove` act on the target")
        return found.with_fix("leave the target as it is", name.span, meant)
    found = diagnose("DR007", name.span, f"there is no `otherwise {name.text}`: nothing is cut unasked", "not this")
    return found.with_note("say the length in the value, `| cut(16)`, or let `otherwise` name a value or a verdict")


def mixed_and_or(span: Span, groups: list[list[Span]]) -> Diagnostic:
    """`a and b or c`; `groups` are the terms of the `or`, each with the terms of its `and`."""
    outer = [_outward(group[0], span).to(_outward(group[-1], span)) for group in groups if len(group) > 1]
    inner: list[Span] = []
    run = [groups[0][-1]]
    for group in groups[1:]:
        run.append(group[0])
        if len(group) > 1:
            inner.append(_outward(run[0], span).to(_outward(run[-1], span)))
            run = [group[-1]]
    if len(run) > 1:
        inner.append(_outward(run[0], span).to(_outward(run[-1], span)))
    found = diagnose("DR005", span, "`and` and `or` together need brackets", "this can be read in two ways")
    found = found.with_fix("either", span, _bracketed(span, outer))
    return found.with_fix("or", span, _bracketed(span, inner))


def mixed_pipe(span: Span, parts: list[tuple[str, Span]]) -> Diagnostic:
    """`a + b | f`; each part comes with the operator before it, "" for the first."""
    kinds = [operator == "|" for operator, _ in parts[1:]]
    change = next((index for index in range(1, len(kinds)) if kinds[index] != kinds[0]), len(kinds))
    places = [_outward(place, span) for _, place in parts]
    found = diagnose("DR006", span, "a pipe and arithmetic together need brackets", "this can be read in two ways")
    found = found.with_fix("either", span, _bracketed(span, [places[0].to(places[change])]))
    if kinds[0]:
        return found
    end = change + 1
    while end < len(kinds) and kinds[end]:
        end += 1
    return found.with_fix("or", span, _bracketed(span, [places[change].to(places[end])]))


def _outward(span: Span, limit: Span) -> Span:
    """The span with the brackets that stand directly around it, as far as the limit."""
    text, start, end = span.source.text, span.start, span.end
    opened = 0
    at = start - 1
    while at >= limit.start and (text[at].isspace() or text[at] == "("):
        if text[at] == "(":
            start, opened = at, opened + 1
        at -= 1
    at = end
    while opened and at < limit.end and (text[at].isspace() or text[at] == ")"):
        if text[at] == ")":
            end, opened = at + 1, opened - 1
        at += 1
    return Span(span.source, start, end)


def _bracketed(span: Span, inner: list[Span]) -> str:
    """The text of a span with brackets put around parts of it, on one line."""
    text = span.source.text
    pieces, at = [], span.start
    for part in inner:
        pieces += [text[at : part.start], "(", text[part.start : part.end], ")"]
        at = part.end
    return "".join([*pieces, text[at : span.end]])
