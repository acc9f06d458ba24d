"""Character sets: Specific Character Set (0008,0005) with code extensions (PS3.3 C.12.1.1.2, PS3.5 6.1).

Strict both ways: what cannot be decoded or encoded is an error that the caller declares, never a `?` and never a
guess. pydicom's own decoding warns with received bytes, and replaces what does not fit.

With code extensions bytes below 80H belong to G0, the others to G1. An escape sequence puts another character set
into one of them; delimiters put the initial ones back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Defined term of (0008,0005) -> the codec that Python has for it (PS3.3 C.12.1.1.2); empty: ASCII alone
_CODECS: Final = {
    **dict.fromkeys(("", "ISO_IR 6", "ISO 2022 IR 6"), ""),
    **dict.fromkeys(("ISO_IR 13", "ISO 2022 IR 13"), "shift_jis"),
    **dict.fromkeys(("ISO_IR 100", "ISO 2022 IR 100"), "latin_1"),
    **dict.fromkeys(("ISO_IR 101", "ISO 2022 IR 101"), "iso8859_2"),
    **dict.fromkeys(("ISO_IR 109", "ISO 2022 IR 109"), "iso8859_3"),
    **dict.fromkeys(("ISO_IR 110", "ISO 2022 IR 110"), "iso8859_4"),
    **dict.fromkeys(("ISO_IR 126", "ISO 2022 IR 126"), "iso_ir_126"),  # Greek
    **dict.fromkeys(("ISO_IR 127", "ISO 2022 IR 127"), "iso_ir_127"),  # Arabic
    **dict.fromkeys(("ISO_IR 138", "ISO 2022 IR 138"), "iso_ir_138"),  # Hebrew
    **dict.fromkeys(("ISO_IR 144", "ISO 2022 IR 144"), "iso_ir_144"),  # Cyrillic
    **dict.fromkeys(("ISO_IR 148", "ISO 2022 IR 148"), "iso_ir_148"),  # Turkish
    **dict.fromkeys(("ISO_IR 166", "ISO 2022 IR 166"), "iso_ir_166"),  # Thai
    "ISO 2022 IR 58": "iso_ir_58",
    "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 159": "iso2022_jp_2",
    "ISO_IR 192": "UTF8",
    "GB18030": "GB18030",
    "GBK": "GBK",
    "ISO 2022 GBK": "GBK",  # these two before CP 1234
    "ISO 2022 58": "GB2312",
}
# Without code extensions (PS3.3 C.12.1.1.2, table C.12-5)
_STAND_ALONE: Final = frozenset({"ISO_IR 192", "GB18030", "GBK"})
# Character sets of G0 with two bytes a character, so that 5CH is no backslash there, and of G1 (PS3.3 C.12.1.1.2)
_G0: Final = {b"\x1b$B": "iso2022_jp", b"\x1b$(D": "iso2022_jp_2"}
_G1: Final = {
    b"\x1b-A": "latin_1",
    b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3",
    b"\x1b-D": "iso8859_4",
    b"\x1b-F": "iso_ir_126",
    b"\x1b-G": "iso_ir_127",
    b"\x1b-H": "iso_ir_138",
    b"\x1b-L": "iso_ir_144",
    b"\x1b-M": "iso_ir_148",
    b"\x1b-T": "iso_ir_166",
    b"\x1b)I": "shift_jis",
    b"\x1b$)C": "euc_kr",
    b"\x1b$)A": "iso_ir_58",
}
_CODES: Final = {codec: code for code, codec in (_G0 | _G1).items()}
_ASCII_CODE: Final = b"\x1b(B"
_ROMAN_CODE: Final = b"\x1b(J"  # JIS X 0201, nearly ASCII
_TOKEN: Final = re.compile(rb"\x1b(?:\$[()]|[()$-])[A-Z]|[^\x1b]+|\x1b")
# By VR, characters behind which the initial character sets are active again, as behind the ends of lines: a backslash
# separates values, but is one character among others in long text (PS3.5 6.1.2.5.3)
_ENDS: Final = {"": r"\\", "PN": r"\\^=", "LT": "", "ST": "", "UT": ""}
_DELIMITER: Final = {vr: re.compile(rf"([{ends}\r\n\t\f])") for vr, ends in _ENDS.items()}
_BYTE_DELIMITER: Final = {vr: re.compile(rf"(?=[{ends}\r\n\t\f])".encode()) for vr, ends in _ENDS.items()}
_MISSPELT: Final = re.compile(r"ISO[ _.-](?:(2022)[ _.-])?IR[ _.-]([0-9]+)")


class UndecodableText(ValueError):
    """Bytes that mean nothing in the declared character set. The message holds nothing of them."""


class UnencodableText(ValueError):
    """A character that the declared character set does not have. The message holds nothing of the text."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A Specific Character Set: `terms` as declared; `first`: the codec of the initial G0 and G1; `others`: by escape.

    `first` is empty when only ASCII is declared, None when the declaration is not known: then only ASCII can be read.
    """

    terms: tuple[str, ...]
    first: str | None
    others: tuple[str, ...] = ()
    stands_alone: bool = True

    def decode(self, raw: bytes, vr: str = "") -> str:
        """The text of `raw`; `vr` says which characters are delimiters. Raises UndecodableText."""
        if raw.isascii() and 0x1B not in raw:
            return raw.decode("ascii")
        if self.first is None:
            raise UndecodableText("the declared character set is not known")
        try:
            if self.stands_alone:
                return raw.decode(self.first or "ascii")
            return "".join(self._decoded(raw, vr))
        except UnicodeDecodeError:
            raise UndecodableText("bytes that mean nothing in the declared character set") from None

    def encode(self, text: str, vr: str = "") -> bytes:
        """The bytes of `text`; `vr` says which characters are delimiters. Raises UnencodableText."""
        if "\x1b" in text:
            raise UnencodableText("an escape character, which only the encoding itself may write")
        if text.isascii():
            return text.encode("ascii")
        try:
            if self.first is None:
                raise UnencodableText("the declared character set is not known")
            if self.stands_alone:
                raw = text.encode(self.first or "ascii")
                if self.first != "shift_jis" or len(raw) == len(text):  # JIS X 0201 has one byte a character
                    return raw
                raise UnencodableText("a character that the declared character set does not have")
            raw = b"".join(self._encoded(part) for part in _DELIMITER.get(vr, _DELIMITER[""]).split(text))
            if self.decode(raw, vr) == text:
                return raw
        except (UnicodeEncodeError, UndecodableText):
            pass  # said below, without the text that these exceptions hold
        raise UnencodableText("a character that the declared character set does not have")

    def _decoded(self, raw: bytes, vr: str) -> Iterator[str]:
        initial = self.first or "ascii"
        double, single = "", initial
        for token in _TOKEN.findall(raw):
            if token[0] == 0x1B:
                double, single = self._switched(token, double, single)
            elif double:
                yield (_CODES[double] + token).decode(double)
            elif single == initial:
                yield token.decode(initial)
            else:
                here, *rest = _BYTE_DELIMITER.get(vr, _BYTE_DELIMITER[""]).split(token, maxsplit=1)
                yield here.decode(single)
                if rest:
                    single = initial
                    yield rest[0].decode(initial)

    def _switched(self, code: bytes, double: str, single: str) -> tuple[str, str]:
        """What is in G0, when it is a set of two bytes a character, and in G1, behind the escape sequence `code`."""
        if code in (_ASCII_CODE, _ROMAN_CODE):
            return "", single
        if (codec := _G0.get(code)) in self.others and codec:
            return codec, single
        if (codec := _G1.get(code)) in self.others and codec:
            return double, codec
        raise UndecodableText("an escape sequence of a character set that is not declared")

    def _encoded(self, part: str) -> bytes:
        double, single, out = "", self.first or "ascii", bytearray()
        back = _ROMAN_CODE if self.first == "shift_jis" else _ASCII_CODE
        for character in part:
            codec, raw = self._chosen(character, double, single)
            if double and codec != double:
                out += back
                double = ""
            if codec in _G0.values() and not double:
                out += _CODES[codec]
                double = codec
            elif codec in _G1.values() and codec != single:
                out += _CODES[codec]
                single = codec
            out += raw
        return bytes(out + back) if double else bytes(out)

    def _chosen(self, character: str, double: str, single: str) -> tuple[str, bytes]:
        """The codec that has `character`, the active ones first, and its bytes."""
        if character.isascii():
            return "", character.encode("ascii")
        for codec in (double, single, *self.others):
            if codec and (raw := _bytes_of(character, codec)):
                return codec, raw
        raise UnencodableText("a character that the declared character set does not have")


def _bytes_of(character: str, codec: str) -> bytes:
    """The bytes of one character in G0 or G1; empty when `codec` does not have it."""
    raw = character.encode(codec, "ignore")
    if codec in _G0.values():
        code = _CODES[codec]
        return raw[len(code) : len(code) + 2] if raw.startswith(code) else b""
    if codec == "shift_jis" and len(raw) != 1:  # JIS X 0201 has one byte a character
        return b""
    return raw if all(byte >= 0x80 for byte in raw) else b""


@lru_cache(maxsize=64)
def character_set(terms: tuple[str, ...] = ()) -> CharacterSet:
    """The character set that the values of (0008,0005) declare; none, or one that is empty: ASCII (ISO_IR 6)."""
    named = tuple(_spelt(term) for term in terms) or ("",)
    if not all(term in _CODECS for term in named):
        return CharacterSet(terms, None)
    codecs = [_CODECS[term] for term in named]
    first = codecs[0]
    if named[0] in _STAND_ALONE or (len(named) == 1 and not named[0].startswith("ISO 2022")):
        return CharacterSet(terms, first)
    others = tuple(dict.fromkeys(codec for codec in codecs if codec in _CODES))
    return CharacterSet(terms, "" if first in _G0.values() else first, others, stands_alone=False)


def _spelt(term: str) -> str:
    """The defined term; frequent misspellings such as `ISO-IR 100` are put right (PS3.3 C.12.1.1.2)."""
    term = term.strip(" \0")
    match = _MISSPELT.fullmatch(term.upper())
    if match:
        return f"ISO 2022 IR {match[2]}" if match[1] else f"ISO_IR {match[2]}"
    return term


ASCII: Final = character_set()
