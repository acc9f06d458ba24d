"""Rule text to its abstract syntax: `parse`.

`scan` makes tokens, `segments` cuts them into items, and this module lets the `grammar` read each item alone, which
makes nodes with the tables of `build_*` as it goes, without recursion. Every item that can be read is in the File;
every problem is a diagnostic; nothing raises, whatever the text.
"""

from collections.abc import Collection
from typing import Any

from dicomrules.lang import ast, build_expressions, build_items, build_routes, build_statements
from dicomrules.lang.build_words import LEAVES
from dicomrules.lang.building import Builder, Reduction
from dicomrules.lang.expected import explain
from dicomrules.lang.grammar import Sentence, grammar
from dicomrules.lang.header import take_header
from dicomrules.lang.place import Place
from dicomrules.lang.remarks import no_text, reserved_name
from dicomrules.lang.reserved import RESERVED
from dicomrules.lang.scan import Scanned, Token, scan
from dicomrules.lang.segments import Segment, cut
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic, in_order
from dicomrules.text.source import Source, Span

MOST_CHARACTERS = 1_000_000
"""How long a text may be."""

MOST_DIAGNOSTICS = 100
"""How many problems of one text are told at once."""

_NO_TEXT = ("{\\rtf", "PK\x03\x04", "%PDF", "<html", "<!DOCTYPE")
"""How files of word processors and web pages begin."""

_BUILDERS: dict[str, Builder] = {
    **build_expressions.BUILDERS,
    **build_statements.BUILDERS,
    **build_routes.BUILDERS,
    **build_items.BUILDERS,
}


def parse(source: Source) -> tuple[ast.File, list[Diagnostic]]:
    """Read a rule file: the items that are sentences of the language, and everything that is not, sorted by place."""
    whole = source.span(0, len(source.text))
    if len(source.text) > MOST_CHARACTERS:
        span = source.span(MOST_CHARACTERS, MOST_CHARACTERS + 1)
        message = f"the file holds more than {MOST_CHARACTERS:,} characters"
        return ast.File(None, (), span=whole), [diagnose("DR011", span, message, "too much from here on")]
    if source.text.startswith(_NO_TEXT):
        return ast.File(None, (), span=whole), [no_text(source)]
    scanned = scan(source)
    segments, problems = cut(source, scanned)
    language, header_problems = take_header(source, segments)
    reader = _Reader(source, [*scanned.diagnostics, *problems, *header_problems])
    read = [reader.item(segment) for segment in segments]
    file = ast.File(
        language,
        tuple(item for item in read if not isinstance(item, ast.Unread)),
        _comments(source, scanned),
        tuple(item for item in read if isinstance(item, ast.Unread)),
        span=whole,
    )
    return file, _told(reader.diagnostics)


def _comments(source: Source, scanned: Scanned) -> tuple[ast.Comment, ...]:
    def comment(token: Token) -> ast.Comment:
        before = source.text[source.line_start(source.line(token.start)) : token.start]
        return ast.Comment(token.text.rstrip(), not before.strip(), span=source.span(token.start, token.end))

    return tuple(comment(token) for token in scanned.comments)


def _told(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Sorted, and no more than a person can read; the last one says how many there are besides."""
    found = in_order(diagnostics)
    if len(found) <= MOST_DIAGNOSTICS:
        return found
    last = found[MOST_DIAGNOSTICS - 1].with_note(
        f"and {len(found) - MOST_DIAGNOSTICS} more problems in this file: mend these first, then check again"
    )
    return [*found[: MOST_DIAGNOSTICS - 1], last]


class _Reader:
    """Reads the items of one source, one after another."""

    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.misused: set[str] = set()
        self._words = grammar().words
        self._sentence = Sentence(grammar(), self._build)
        self._remarks: list[Diagnostic] = []
        self._refused = 0

    def item(self, segment: Segment) -> ast.Item | ast.Unread:
        """One item; what is no sentence comes back as Unread, and has been reported."""
        tokens = _with_not_in(segment.tokens)
        item: ast.Item | None = self._read(tokens, segment) if segment.whole else None
        return self._unread(tokens) if item is None else item

    def _read(self, tokens: tuple[Token, ...], segment: Segment) -> Any:
        """The node of an item; at the first token that does not fit, say why. Only of a whole sentence are the slips
        told that its builders find."""
        source, sentence = self.source, self._sentence
        sentence.begin()
        self._remarks = []
        for index, token in enumerate(tokens):
            kind, text = token.kind, token.text
            if kind == "WORD":
                kind = self._kind(tokens, index, sentence.choices)
            leaf = LEAVES.get(kind)
            part = text if leaf is None else leaf(text, Span(source, token.start, token.end))
            if not sentence.take(kind, part, token.start, token.end):
                break
            if kind == "NAME" and text in RESERVED and not self._may_be_name(tokens, index):
                self._refuse_name(tokens, index)
        else:
            index = len(tokens)
            if sentence.close():
                self.diagnostics += self._remarks
                return sentence.whole
            if segment.unclosed:
                return None
        self._refuse(tokens, index)
        return None

    def _refuse(self, tokens: tuple[Token, ...], index: int) -> None:
        """Report the token that fits no sentence. Those below what is told anyway are only counted."""
        self._refused += 1
        if self._refused <= MOST_DIAGNOSTICS:
            found = explain(Place(self.source, tokens, index, self._sentence.accepts()))
        else:
            span = Place(self.source, tokens, index, frozenset()).span
            found = diagnose("DR001", span, "this is no sentence")
        self.diagnostics.append(found)

    def _build(self, name: str, parts: list[Any], start: int, end: int) -> Any:
        return _BUILDERS[name](Reduction(Span(self.source, start, end), parts, self._remarks.append))

    def _kind(self, tokens: tuple[Token, ...], index: int, choices: Collection[str]) -> str:
        """The kind that a word is to the grammar: one of the language where that may come, else a name."""
        text = tokens[index].text
        if text in choices:
            return text
        if text not in self._words:
            return "NAME"
        if "NAME" not in choices:
            return text
        if text in ("given", "expect") and index and tokens[index - 1].text == ",":
            return text  # after a comma too many
        if text in RESERVED and not self._may_be_name(tokens, index):
            return text if "STRING" in choices and "{" not in choices else "NAME"
        return "NAME"

    def _refuse_name(self, tokens: tuple[Token, ...], index: int) -> None:
        """Report a reserved word that stands where a name belongs, once in a file for each word."""
        token = tokens[index]
        self.misused.add(token.text)
        span = self.source.span(token.start, token.end)
        self.diagnostics.append(reserved_name(span, tokens[max(index - 1, 0)]))

    def _may_be_name(self, tokens: tuple[Token, ...], index: int) -> bool:
        """Components and functions may be called like words of the language; and what was reported once is enough."""
        before = tokens[index - 1].text if index else ""
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        is_call = following == "(" and before != "function"
        return before in (".", "|") or is_call or tokens[index].text in self.misused

    def _unread(self, tokens: tuple[Token, ...]) -> ast.Unread:
        first, second = tokens[0], tokens[min(1, len(tokens) - 1)]
        name = None
        if second.kind == "WORD" and second.text not in RESERVED:
            name = ast.Name(second.text, span=self.source.span(second.start, second.end))
        return ast.Unread(first.text, name, span=self.source.span(first.start, tokens[-1].end))


def _with_not_in(tokens: list[Token]) -> tuple[Token, ...]:
    """The tokens with each `not` and `in` that follow one another made into one."""
    made: list[Token] = []
    for token in tokens:
        if token.text == "in" and made and made[-1].text == "not":
            made.append(Token("NOT_IN", "not in", made.pop().start, token.end))
        else:
            made.append(token)
    return tuple(made)
