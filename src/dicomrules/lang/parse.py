"""Rule text to its abstract syntax: `parse`. The only module that knows Lark.

`scan` makes tokens, `segments` cuts them into items, this module lets the grammar of `rules.lark` read each item alone,
and folds the resulting tree into nodes with the tables of `build_*`, without recursion. Every item that can be read is
in the File; every problem is a diagnostic; nothing raises, whatever the text.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Tree
from lark import Token as LarkToken
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer, PatternStr

from dicomrules.lang import ast, build_expressions, build_items, build_routes, build_statements
from dicomrules.lang.build_words import leaf
from dicomrules.lang.building import Builder, Reduction
from dicomrules.lang.expected import explain
from dicomrules.lang.header import take_header
from dicomrules.lang.place import Place
from dicomrules.lang.remarks import reserved_name
from dicomrules.lang.reserved import RESERVED
from dicomrules.lang.scan import Scanned, Token, scan
from dicomrules.lang.segments import Segment, cut
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic, in_order
from dicomrules.text.source import Source

MOST_CHARACTERS = 1_000_000
"""How long a text may be."""

MOST_DIAGNOSTICS = 100
"""How many problems of one text are told at once."""

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


@cache
def grammar() -> Lark:
    """The grammar, ready to parse one `item`."""
    text = files("dicomrules.lang").joinpath("rules.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=_NoLexer, strict=True, start="item", propagate_positions=True)


def grammar_words() -> frozenset[str]:
    """Every word that the grammar has."""
    return frozenset(text for text in _terminals() if text[0].isalpha())


class _NoLexer(Lexer):
    """Lark asks for a lexer; ours is `scan`, and the parser is fed token by token."""

    def __init__(self, conf: Any) -> None:
        """Nothing to prepare."""

    def lex(self, *_: Any) -> Any:
        """No tokens of its own."""
        return iter(())


@cache
def _terminals() -> dict[str, str]:
    """The grammar's name for each fixed piece of text: "rule" → RULE, "=>" → __ANON_0."""
    return {t.pattern.value: t.name for t in grammar().terminals if isinstance(t.pattern, PatternStr)}


@cache
def _written() -> dict[str, str]:
    """The other way round."""
    return {name: text for text, name in _terminals().items()}


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
    last = found[MOST_DIAGNOSTICS - 1].with_note(f"and {len(found) - MOST_DIAGNOSTICS} more problems in this file")
    return [*found[: MOST_DIAGNOSTICS - 1], last]


class _Reader:
    """Reads the items of one source, one after another."""

    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.misused: set[str] = set()

    def item(self, segment: Segment) -> ast.Item | ast.Unread:
        """One item; what is no sentence comes back as Unread, and has been reported."""
        tokens = _with_not_in(segment.tokens)
        tree = self._tree(tokens, segment) if segment.whole else None
        if tree is None:
            return self._unread(tokens)
        item: ast.Item = self._fold(tree)
        return item

    def _tree(self, tokens: tuple[Token, ...], segment: Segment) -> "Tree[LarkToken] | None":
        """Feed the tokens of an item to the parser; at the first that does not fit, say why."""
        parser = grammar().parse_interactive(start="item")
        for index, token in enumerate(tokens):
            kind = self._kind(tokens, index, parser.choices())  # type: ignore[no-untyped-call]
            fed = LarkToken(kind, token.text, start_pos=token.start, end_pos=token.end)
            try:
                parser.feed_token(fed)
            except UnexpectedToken:
                break
            if kind == "NAME" and token.text in RESERVED and not self._may_be_name(tokens, index):
                self._refuse_name(tokens, index)
        else:
            index = len(tokens)
            try:
                tree: Tree[LarkToken] = parser.feed_token(LarkToken("$END", ""))
            except UnexpectedToken:
                if segment.unclosed:
                    return None
            else:
                return tree
        accepted = frozenset(_written().get(name, name) for name in parser.accepts())  # type: ignore[no-untyped-call]
        self.diagnostics.append(explain(Place(self.source, tokens, index, accepted)))
        return None

    def _kind(self, tokens: tuple[Token, ...], index: int, choices: dict[str, Any]) -> str:
        """The terminal that a token is: a word is one of the language where the grammar takes it, else a name."""
        token = tokens[index]
        fixed = _terminals().get(token.text)
        if token.kind != "WORD":
            return fixed if fixed and token.kind == token.text else token.kind
        if fixed in choices or (fixed and "NAME" not in choices):
            return fixed
        if token.text in RESERVED and not self._may_be_name(tokens, index):
            starts_value = "STRING" in choices and "LBRACE" not in choices
            return fixed if fixed and starts_value else "NAME"
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

    def _fold(self, tree: "Tree[LarkToken]") -> Any:
        """The node of a tree: children first, without recursion."""
        order: list[Tree[LarkToken]] = []
        open_ = [tree]
        while open_:
            current = open_.pop()
            order.append(current)
            open_.extend(child for child in current.children if isinstance(child, Tree))
        made: dict[int, Any] = {}
        for current in reversed(order):
            made[id(current)] = self._build(current, made)
        return made[id(tree)]

    def _build(self, tree: "Tree[LarkToken]", made: dict[int, Any]) -> Any:
        children = tuple(
            made[id(child)] if isinstance(child, Tree) else self._leaf(child) if child is not None else None
            for child in tree.children
        )
        start, end = getattr(tree.meta, "start_pos", 0), getattr(tree.meta, "end_pos", 0)
        reduction = Reduction(self.source.span(start, end), children, self.diagnostics.append)
        return _BUILDERS[str(tree.data)](reduction)

    def _leaf(self, token: LarkToken) -> Any:
        return leaf(token.type, str(token), self.source.span(token.start_pos or 0, token.end_pos or 0))

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
