"""Tokens to segments: one item each, so that an error in one item hides nothing of the others.

A segment begins at a word that begins items (`rule`, `table`, …), where the brackets before it are closed. Inside open
brackets such a word still begins a segment when it is the first of its line and cannot stand there: then a bracket of
the item before was forgotten, which is reported with the place of the open one.
"""

from dataclasses import dataclass, field

from dicomrules.lang.reserved import ITEM_WORDS, RESERVED, words
from dicomrules.lang.scan import Scanned, Token
from dicomrules.program.depth import MOST_NESTING
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span

_CLOSER = {"{": "}", "(": ")", "[": "]"}
_CLOSERS = frozenset(_CLOSER.values())
_BRACED = words("settings table action rule group routes test")
_ALSO_INSIDE = frozenset(("tags", "private"))
_VALUE_END_KINDS = frozenset(["}", "]", ")", "STRING", "NUMBER", "INT", "KEYWORD", "TAG", "PRIVTAG", "REGEX", "BAD"])


@dataclass(slots=True)
class Segment:
    """The tokens of one item. `whole`: its brackets fit, not nested too deeply, and every token can be read."""

    tokens: list[Token] = field(default_factory=list)
    whole: bool = True
    unclosed: bool = False

    @property
    def word(self) -> str:
        """The word that it begins with."""
        return self.tokens[0].text if self.tokens else ""


def cut(source: Source, scanned: Scanned) -> tuple[list[Segment], list[Diagnostic]]:
    """The segments in order, the first one being what stands before the first item; and what is wrong with brackets."""
    cutter = _Cutter(source, scanned.tokens)
    for index in range(len(scanned.tokens)):
        cutter.take(index)
    cutter.close()
    return [segment for segment in cutter.segments if segment.tokens], cutter.diagnostics


class _Cutter:
    """The state of one run: the segment being filled, and the brackets open in it."""

    def __init__(self, source: Source, tokens: tuple[Token, ...]) -> None:
        self.source = source
        self.tokens = tokens
        self.segments = [Segment()]
        self.open: list[Token] = []
        self.nots = 0
        self.stray_closer_expected = False
        self.diagnostics: list[Diagnostic] = []

    def take(self, index: int) -> None:
        token = self.tokens[index]
        if (token.text in ITEM_WORDS or not self.open) and self._begins_item(index):
            self.close(token)
            self.segments.append(Segment())
        segment = self.segments[-1]
        segment.whole &= token.kind != "BAD"
        if token.kind in _CLOSER:
            self.open.append(token)
        elif token.kind in _CLOSERS and not self._closes(token):
            return
        self.nots = self.nots + 1 if token.text == "not" else 0
        segment.tokens.append(token)
        if len(self.open) + self.nots > MOST_NESTING and segment.whole:
            self._too_deep(token)

    def close(self, following: Token | None = None) -> None:
        """End the segment: report the innermost bracket that is still open; `following` begins the next item."""
        if self.open:
            opener, segment = self.open[-1], self.segments[-1]
            span = self.source.span(opener.start, opener.end)
            found = diagnose("DR010", span, f"`{opener.text}` is never closed", f"no `{_CLOSER[opener.text]}` for this")
            if following:
                found = found.with_label(self.source.span(following.start, following.end), "the next item begins here")
            name = " ".join(token.text for token in segment.tokens[:2] if token.kind == "WORD")
            found = found.with_note(f"put `{_CLOSER[opener.text]}` where it ends, or at the end of `{name}`")
            if segment.whole:
                self.diagnostics.append(found)
            segment.unclosed = True
            self.stray_closer_expected = segment.word == "group"
        self.open.clear()

    def _begins_item(self, index: int) -> bool:
        token, segment = self.tokens[index], self.segments[-1]
        if not segment.tokens or token.kind in _CLOSERS:
            return False
        if self.open:
            return self._first_of_line(index) and not self._fits_inside(token)
        if segment.tokens[-1].kind == "}" and (segment.word in _BRACED or segment.word not in ITEM_WORDS):
            return True
        return token.text in ITEM_WORDS and (self._first_of_line(index) or self._may_end_item(segment.tokens[-1]))

    def _fits_inside(self, token: Token) -> bool:
        in_group = self.segments[-1].word == "group" and len(self.open) == 1
        return token.text in _ALSO_INSIDE or (token.text == "rule" and in_group)

    def _first_of_line(self, index: int) -> bool:
        before = self.tokens[index - 1]
        return "\n" in self.source.text[before.end : self.tokens[index].start]

    @staticmethod
    def _may_end_item(token: Token) -> bool:
        return token.kind in _VALUE_END_KINDS or (token.kind == "WORD" and token.text not in RESERVED)

    def _closes(self, token: Token) -> bool:
        """Take a closing bracket off the open ones; False: it is the left-over of a group whose rule was cut out."""
        if self.open and _CLOSER[self.open[-1].kind] == token.kind:
            self.open.pop()
            return True
        span = self.source.span(token.start, token.end)
        segment = self.segments[-1]
        if not self.open:
            if self.stray_closer_expected:
                self.stray_closer_expected = False
                return False
            self._refuse(segment, _stray(span))
            return False
        opener = self.open[-1]
        found = diagnose("DR010", span, f"`{token.text}` does not close `{opener.text}`", "here")
        found = found.with_label(self.source.span(opener.start, opener.end), f"`{opener.text}` opened here")
        closer = _CLOSER[opener.text]
        if any(_CLOSER[one.kind] == token.kind for one in self.open):
            found = found.with_note(f"put `{closer}` where what `{opener.text}` opens ends")
        else:
            found = found.with_fix(f"close `{opener.text}`", span, closer)
        self._refuse(segment, found)
        while self.open and _CLOSER[self.open[-1].kind] != token.kind:
            self.open.pop()
        if self.open:
            self.open.pop()
        return True

    def _too_deep(self, token: Token) -> None:
        span = self.source.span(token.start, token.end)
        message = f"nested more than {MOST_NESTING} deep"
        found = diagnose("DR011", span, message, "this is one too many")
        self._refuse(self.segments[-1], found.with_note("give parts of it names of their own: `condition a = …`"))

    def _refuse(self, segment: Segment, diagnostic: Diagnostic) -> None:
        if segment.whole:
            self.diagnostics.append(diagnostic)
        segment.whole = False


def _stray(span: Span) -> Diagnostic:
    found = diagnose("DR010", span, f"`{span.text}` closes nothing", "nothing is open here")
    return found.with_fix("take it out, or put its partner before it", span, "")
