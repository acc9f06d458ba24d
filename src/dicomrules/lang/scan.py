"""Text to tokens and comments, with the problems that one token alone shows.

The token before decides what three characters mean: `/` begins a regular expression only after `matches`, `contains`,
`(`, `[` or `,`; `-` belongs to a number where a value may start; `(0010,0020)` is a tag unless it follows the name of
a function. What other languages write (`&&`, `'x'`, `->`) is reported and read as what is meant, so that it hides
nothing after it. Positions are offsets in characters. Nothing here raises, whatever the text.
"""

import re

from dicomrules.lang.reserved import RESERVED, words
from dicomrules.lang.strange import COMMENT_SLIP, bad_word, is_tag, left_out, strange, tag_without_brackets
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Source, Span


@frozen
class Token:
    """A piece of text. `kind` is a terminal of the grammar, WORD (lower-case), the punctuation itself, or BAD."""

    kind: str
    text: str
    start: int
    end: int


@frozen
class Scanned:
    """All tokens, and the comments that lie between them."""

    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]
    diagnostics: tuple[Diagnostic, ...]


_HEX4 = r"[0-9A-Fa-fxX]{4}"
_BLANK = r"[ \t\r\n\f]*+"
_TAG = rf"\({_BLANK}{_HEX4}{_BLANK},{_BLANK}{_HEX4}{_BLANK}\)"
_PRIVTAG = rf'\({_BLANK}[0-9A-Fa-f]{{4}}{_BLANK},{_BLANK}"[^"\r\n]++"{_BLANK},{_BLANK}[0-9A-Fa-f]{{2}}{_BLANK}\)'

_PATTERNS = re.compile(
    r"[ \t\r\n\f\ufeff]*+(?:"
    + "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            ("WORD", r"[a-z][a-z0-9_]*+(?![0-9A-Za-z_])"),
            ("ALONE", r"[{})\[\],:]"),
            ("KEYWORD", r"(?:[A-Z][A-Za-z0-9]*+|dBdt)(?![0-9A-Za-z_])"),
            ("STRING", r'"(?:[^"\\\r\n]|\\[^\r\n])*+"'),
            ("COMMENT", r"#[^\r\n]*+"),
            ("TAG", _TAG),
            ("PRIVTAG", _PRIVTAG),
            ("REGEX", r"/(?:[^/\\\r\n]|\\[^\r\n])++/[A-Za-z]*+"),
            ("NUMBER", r"-[0-9]++(?:\.[0-9]++)?+(?![0-9A-Za-z_])|[0-9]++\.[0-9]++(?![0-9A-Za-z_])"),
            ("DURATION", r"[0-9]++(?:s|min|h|d)(?![0-9A-Za-z_])"),
            ("INT", r"[0-9]++(?![0-9A-Za-z_])"),
            (
                "SLIP",
                r"&&|\|\||=<|->|<>|===|!==|=~|!(?!=)|[≠≤≥→⇒]|'[^'\r\n]*+'|[“”„][^“”\"\r\n]*+[“”\"]|\"[^“”„\"\\\r\n]*+[“”„]|[‘’‚][^‘’\r\n]*+[‘’]|«[^»\r\n]*+»|`[^`\r\n]*+`",
            ),
            ("CMP", r"==|!=|<=|>=|<|>"),
            ("PUNCTUATION", r"=>|\.\.|[(.|=]"),
            ("PLUS", r"[+-]"),
            ("TIMES", r"[*/]"),
            ("BADSTRING", r'"[^\r\n]*+'),
            ("BADWORD", r"[0-9A-Za-z_]++"),
            ("BAD", r"."),
            ("END", r""),
        )
    )
    + ")",
    re.DOTALL,
)
"""What may come next, blanks before it left out; what comes often is tried first."""

_PLAIN = frozenset(("WORD", "KEYWORD", "CMP", "TAG", "PRIVTAG", "PLUS", "TIMES"))
"""Kinds of tokens in which nothing can be wrong."""

_CLEAR = frozenset(("WORD", "ALONE", "KEYWORD", "STRING", "COMMENT", "INT", "CMP", "PUNCTUATION", "END"))
"""Kinds of tokens that are what they look like, whatever stands before."""

_REPAIRS = {"&&": ("WORD", "and"), "||": ("WORD", "or"), "=<": ("CMP", "<="), "->": ("=>", "=>"), "<>": ("CMP", "!="),
            "===": ("CMP", "=="), "!==": ("CMP", "!="), "=~": ("WORD", "matches"), "!": ("WORD", "not"),
            "≠": ("CMP", "!="), "≤": ("CMP", "<="), "≥": ("CMP", ">="), "→": ("=>", "=>"),
            "⇒": ("=>", "=>")}  # fmt: skip
_ESCAPE = re.compile(r'\\(?:["\\nt]|u\{([0-9A-Fa-f]{1,6})\})')
_ANY_ESCAPE = re.compile(r"\\(u\{[^}\"]*\}?|.)")
_MEANING = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


def scan(source: Source) -> Scanned:
    """Cut a text into tokens. A BAD token has been reported already; everything else can go to the parser."""
    scanner = _Scanner(source)
    scanner.run()
    return Scanned(tuple(scanner.tokens), tuple(scanner.comments), tuple(scanner.diagnostics))


def unescape(literal: str) -> str:
    """What a text literal, quotes included, means. Wrong escapes (reported by `scan`) are kept as they are written."""

    def meaning(found: re.Match[str]) -> str:
        digits = found.group(1)
        if digits is None:
            return _MEANING[found.group()[1]]
        return chr(int(digits, 16)) if _is_character(int(digits, 16)) else found.group()

    return _ESCAPE.sub(meaning, literal[1:-1]) if "\\" in literal else literal[1:-1]


def _is_character(number: int) -> bool:
    return number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF


class _Scanner:
    """The state of one run: what was read so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.comments: list[Token] = []
        self.diagnostics: list[Diagnostic] = []

    def run(self) -> None:
        text, at = self.source.text, 0
        while True:
            found = self._match(at)
            kind = found.lastgroup
            start, at = found.span(kind or 0)
            if kind == "END":
                return
            piece = text[start:at]
            if kind == "ALONE":
                if piece == "[" and self._tag_in_brackets(start):
                    at = self.tokens[-1].end
                else:
                    self.tokens.append(Token(piece, piece, start, at))
            elif kind == "COMMENT":
                self.comments.append(Token(kind, piece, start, at))
            elif kind in _PLAIN:
                self.tokens.append(Token(kind, piece, start, at))
            elif kind is None or piece == ";":
                self._add(left_out(self.source.span(start, at)))
            else:
                self._take(Token(kind, piece, start, at))

    def _match(self, at: int) -> re.Match[str]:
        """The token at an offset; a tag, signed number or regular expression only where the token before allows it."""
        text = self.source.text
        found = _PATTERNS.match(text, at)
        assert found is not None  # the last alternative takes nothing
        kind = found.lastgroup
        if kind in _CLEAR:
            return found
        start = found.start(kind or 0)
        if kind in ("TAG", "PRIVTAG"):
            found = _PUNCTUATION.match(text, start) if self._after_function() else found
        elif not self._before_regex() and (slip := COMMENT_SLIP.match(text, start)):
            return slip
        elif (kind == "NUMBER" and text[start] == "-" and self._after_value()) or (
            kind == "REGEX" and not self._before_regex()
        ):
            found = _SIGNS.match(text, start)
        assert found is not None
        return found

    def _last(self, back: int = 1) -> Token:
        return self.tokens[-back] if len(self.tokens) >= back else _NOTHING

    def _after_function(self) -> bool:
        """`f (`: the token before is a name; in `at pacs (0010,0020) == "x"` it is that of a destination."""
        last = self._last()
        return last.kind == "WORD" and last.text not in RESERVED and self._last(2).text != "at"

    def _after_value(self) -> bool:
        last = self._last()
        if last.kind == "WORD":
            return last.text not in RESERVED or self._last(2).text == "."
        return last.kind in _VALUE_ENDS

    def _before_regex(self) -> bool:
        return self._last().text in ("matches", "contains", "(", "[", ",")

    def _tag_in_brackets(self, start: int) -> bool:
        """Whether `[0010,0020]` is a tag here: an attribute, and neither a selector nor a list."""
        found = _BRACKETED.match(self.source.text, start)
        if found is None or self._after_value() or self._before_list() or not is_tag(found[1] + found[2]):
            return False
        self._read_as_tag(found[1] + found[2], start, found.end())
        return True

    def _before_list(self) -> bool:
        """`in [`, `tags t = [` and `] except [`."""
        last = self._last()
        return (
            last.text == "in"
            or (last.text == "=" and self._last(3).text == "tags")
            or (last.text == "except" and self._last(2).text == "]")
        )

    def _tag_in_digits(self, text: str) -> bool:
        """Whether `00100020` is a tag here, and no number that somebody forgot to put into quotes."""
        if not _EIGHT.fullmatch(text) or not is_tag(text):
            return False
        last = self._last()
        before = last.text in _BEFORE_ATTRIBUTES or (last.text == "=" and self._last(3).text == "condition")
        return before or not text.isdigit()

    def _read_as_tag(self, digits: str, start: int, end: int) -> None:
        self._add(tag_without_brackets(self.source.span(start, end), digits))
        self.tokens.append(Token("TAG", f"({digits[:4]},{digits[4:]})", start, end))

    def _take(self, token: Token) -> None:
        if token.kind in ("INT", "BADWORD") and self._tag_in_digits(token.text):
            self._read_as_tag(token.text, token.start, token.end)
            return
        if token.kind == "STRING":
            if "\\" in token.text:
                self._check_escapes(token)
        elif token.kind == "REGEX" and token.text[token.text.rindex("/") + 1 :] not in ("", "i"):
            self._flags(token)
        elif _is_too_long(token):
            what, note = _TOO_LONG[token.kind == "DURATION"]
            found = diagnose("DR008", self._span(token), f"this {what} is too long", f"{len(token.text)} characters")
            self._add(found.with_note(note))
            token = Token("BAD", token.text, token.start, token.end)
        elif token.kind == "PUNCTUATION":
            token = Token(token.text, token.text, token.start, token.end)
        elif token.kind == "SLIP":
            token = self._repair(token)
        elif token.kind in ("BADSTRING", "BADWORD", "BAD"):
            token = self._bad(token)
        self.tokens.append(token)

    def _flags(self, token: Token) -> None:
        end = token.text.rindex("/") + 1
        found = diagnose("DR008", self._span(token), "the only flag of a regular expression is `i` (ignore case)")
        self._add(found.with_fix("say", self._span(token), token.text[:end] + "i" * ("i" in token.text[end:])))

    def _check_escapes(self, token: Token) -> None:
        for found in _ANY_ESCAPE.finditer(token.text, 1, len(token.text) - 1):
            good = _ESCAPE.fullmatch(found.group())
            if good and (good.group(1) is None or _is_character(int(good.group(1), 16))):
                continue
            start = token.start + found.start()
            span = self.source.span(start, token.start + found.end())
            self._add(
                diagnose("DR008", span, f"`{found.group()}` is not an escape of the language", "not an escape")
                .with_note('escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{XXXX}`')
                .with_fix("say a backslash", span.source.span(start, start + 1), "\\\\")
            )

    def _repair(self, token: Token) -> Token:
        span = self._span(token)
        if token.text in _REPAIRS:
            kind, text = _REPAIRS[token.text]
            message = f"`{token.text}` is not of this language: say `{text}`"
            self._add(diagnose("DR007", span, message).with_fix("say", span, self._apart(token, text)))
            return Token(kind, text, token.start, token.end)
        inner = token.text[1:-1].replace("\\", "\\\\").replace('"', '\\"')
        message = "texts stand between straight double quotes"
        self._add(diagnose("DR008", span, message).with_fix("say", span, f'"{inner}"'))
        return Token("STRING", f'"{inner}"', token.start, token.end)

    def _apart(self, token: Token, word: str) -> str:
        """A word with blanks where it would run into what stands beside it: `!A`, `A&&B`."""
        before, after = self.source.text[token.start - 1 : token.start], self.source.text[token.end : token.end + 1]
        if not word.isalpha():
            return word
        return " " * bool(_IN_WORDS.match(before)) + word + " " * bool(_IN_WORDS.match(after))

    def _bad(self, token: Token) -> Token:
        if token.kind == "BADSTRING":
            self._half_quoted(token)
        elif token.kind == "BADWORD":
            self._add(bad_word(self._span(token)))
        elif not (self._last().kind == "BAD" and self._last().end == token.start):
            self._add(strange(self._span(token)))
        return Token("BAD", token.text, token.start, token.end)

    def _half_quoted(self, token: Token) -> None:
        """A text without its second quote; in `CT_A1"` without its first one."""
        text, last = token.text.rstrip(), self._last()
        if last.end == token.start and last.kind in _UNQUOTED and self._last(2).end < last.start:
            if self.diagnostics and self.diagnostics[-1].span == self._span(last):
                self.diagnostics.pop()  # what is said of a word that was to be a text
            found = diagnose("DR008", self._span(token), "this text is not opened", 'no `"` before it')
            self._add(found.with_fix("open it", self.source.span(last.start, last.start), '"'))
            return
        found = diagnose(
            "DR008", self._span(token), "this text is not closed on its line", 'no `"` before the end of the line'
        )
        end = token.start + len(text)
        self._add(found.with_fix("close it", self.source.span(end, end), '"'))

    def _span(self, token: Token) -> Span:
        return self.source.span(token.start, token.end)

    def _add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)


_BRACKETED = re.compile(rf"\[{_BLANK}([0-9A-Fa-f]{{4}}){_BLANK},{_BLANK}([0-9A-Fa-f]{{4}}){_BLANK}\]")
_EIGHT = re.compile(r"0[0-9A-Fa-f]{7}")
"""A tag as programs write it. Those that begin with 0 are no dates, which are eight digits as well."""

_BEFORE_ATTRIBUTES = words(
    "when unless if and or not where set default add copy move to swap with empty remove only within given no expect"
    " ( ."
)
"""What stands before an attribute and never, or hardly ever, before a number."""

_UNQUOTED = frozenset(("KEYWORD", "WORD", "INT", "BAD"))
_IN_WORDS = re.compile(r"[^\s()\[\]{},]")
_PUNCTUATION = re.compile(r"(?P<PUNCTUATION>\()")
_SIGNS = re.compile(r"(?P<PLUS>-)|(?P<TIMES>/)")
_NOTHING = Token("", "", 0, 0)
_MOST_LENGTH = {"INT": 40, "NUMBER": 40, "DURATION": 9}
_HOURS = {"h": 1, "d": 24}
_MOST_HOURS = 24 * 999_999  # as in the gateway file: what begins today ends before the year 9999, with which dates end
_VALUE_ENDS = frozenset([")", "]", "}", "STRING", "NUMBER", "INT", "TAG", "PRIVTAG", "REGEX", "DURATION", "KEYWORD"])


def _is_too_long(token: Token) -> bool:
    """A number or a duration that is longer than can be reckoned with."""
    if token.kind not in _MOST_LENGTH:
        return False
    if len(token.text) > _MOST_LENGTH[token.kind]:
        return True
    return token.kind == "DURATION" and int(token.text.rstrip("dhimns")) * _HOURS.get(token.text[-1], 0) > _MOST_HOURS


_TOO_LONG = (
    ("number", f"numbers have at most {_MOST_LENGTH['INT']} characters; a text stands in double quotes"),
    ("duration", f"durations have at most {_MOST_LENGTH['DURATION']} characters, and `999999d` is the longest"),
)
