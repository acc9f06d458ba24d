"""The place in an item where its tokens stop being a sentence: what stands there, around it, and what could stand."""

from dicomrules.lang.reserved import RESERVED
from dicomrules.lang.scan import Token
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Source, Span

_NOTHING = Token("", "", 0, 0)
_OPENER = {")": "(", "]": "[", "}": "{"}
_SINGLE = frozenset(("KEYWORD", "TAG", "PRIVTAG", "STRING", "INT", "NUMBER", "REGEX", "DURATION"))


@frozen
class Place:
    """`index` is the token that does not fit; past the last one where the item ends too early.

    `accepted` holds what the grammar takes there: words and punctuation as they are written, other terminals by name.
    """

    source: Source
    tokens: tuple[Token, ...]
    index: int
    accepted: frozenset[str]

    def token(self, offset: int = 0) -> Token:
        """The token at so many after the one that does not fit; an empty one outside the item."""
        at = self.index + offset
        return self.tokens[at] if 0 <= at < len(self.tokens) else _NOTHING

    def texts(self, offset: int, count: int) -> tuple[str, ...]:
        """The texts of some tokens in a row."""
        return tuple(self.token(offset + step).text for step in range(count))

    @property
    def at_end(self) -> bool:
        """Whether the item ends too early."""
        return self.index >= len(self.tokens)

    @property
    def span(self) -> Span:
        """Where it is; at the end of the item the place after its last token."""
        if self.at_end:
            return self.between(len(self.tokens) - 1, len(self.tokens) - 1).after
        return self.between(self.index, self.index)

    def between(self, first: int, last: int) -> Span:
        """From one token to another one, by their index."""
        return self.source.span(self.tokens[first].start, self.tokens[last].end)

    def refuse(self, message: str, label: str = "") -> Diagnostic:
        """The finding that says what this language has instead."""
        return diagnose("DR007", self.span, message, label)

    @property
    def first_of_line(self) -> bool:
        """Whether the token is the first one of its line."""
        before = self.token(-1)
        return not self.at_end and "\n" in self.source.text[before.end : self.token().start]

    def operand_before(self, index: int) -> int | None:
        """The index at which the value that ends just before `index` begins; None when there is none."""
        at, start = index - 1, None
        while at >= 0:
            token = self.tokens[at]
            if token.kind in (")", "]"):
                at = self.partner(at, -1)
                if at < 0:
                    return start
                begins = token.kind == ")"
                name = self.tokens[at - 1] if at else _NOTHING
                if not begins or is_name(name):
                    at -= 1
                    if at < 0:
                        return start
            elif not (token.kind in _SINGLE or is_name(token)):
                return start
            start = at
            if at and self.tokens[at - 1].text in (".", "|"):
                at -= 2
            else:
                return start
        return start

    def operand_after(self, index: int) -> int | None:
        """The index of the last token of the value that begins at `index`; None when there is none."""
        at, end = index, None
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind in ("(", "["):
                at = self.partner(at, 1)
                if at >= len(self.tokens):
                    return end
            elif not (token.kind in _SINGLE or is_name(token)):
                return end
            end = at
            following = self.tokens[at + 1] if at + 1 < len(self.tokens) else _NOTHING
            if following.text in (".", "|"):
                at += 2
            elif following.kind in ("(", "["):
                at += 1
            else:
                return end
        return end

    def partner(self, index: int, step: int) -> int:
        """The index of the partner of the bracket at `index`; outside the tokens when there is none."""
        depth, at = 0, index
        while 0 <= at < len(self.tokens):
            kind = self.tokens[at].kind
            if kind in ("(", "[", "{"):
                depth += step
            elif kind in _OPENER:
                depth -= step
            if depth == 0:
                return at
            at += step
        return at


def is_name(token: Token) -> bool:
    """Whether a token is a word that is not reserved."""
    return token.kind == "WORD" and token.text not in RESERVED
