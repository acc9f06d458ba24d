"""Character sets, strict both ways."""

import warnings

import pydicom
import pytest

from dicomrules.dicom.charset import ASCII, UndecodableText, UnencodableText, character_set
from tests.objects import real_files

JAPANESE = ("", "ISO 2022 IR 87")


def test_ascii_needs_no_declaration_and_nothing_else_passes() -> None:
    assert ASCII.decode(b"Muster^Max") == "Muster^Max"
    assert ASCII.encode("Muster^Max") == b"Muster^Max"
    with pytest.raises(UndecodableText):
        ASCII.decode("Müller".encode("latin-1"))
    with pytest.raises(UnencodableText):
        ASCII.encode("Müller")


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (("ISO_IR 100",), "Müller^Jürgen"),
        (("ISO_IR 101",), "Dvořák^Antonín"),
        (("ISO_IR 126",), "Διονυσιος"),
        (("ISO_IR 127",), "قباني^لنزار"),
        (("ISO_IR 138",), "שרון^דבורה"),
        (("ISO_IR 144",), "Люкceмбypг"),
        (("ISO_IR 148",), "Çağrı^Şükrü"),
        (("ISO_IR 166",), "นามสกุล"),
        (("ISO_IR 13",), "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (("ISO_IR 192",), "王^小東 😀"),
        (("GB18030",), "王^小东"),
        (("GBK",), "王^小东"),
        (JAPANESE, "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (("ISO 2022 IR 13", "ISO 2022 IR 87"), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (("", "ISO 2022 IR 87", "ISO 2022 IR 159"), "山丅"),
        (("", "ISO 2022 IR 149"), "Hong^Gildong=洪^吉洞=홍^길동"),
        (("", "ISO 2022 IR 58"), "Zhang^XiaoDong=张^小东="),
        (("ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"), "Müller Люк Διον"),
    ],
)
def test_text_comes_back_as_it_was_written(terms: tuple[str, ...], text: str) -> None:
    charset = character_set(terms)
    assert charset.decode(charset.encode(text, "PN"), "PN") == text


def test_the_examples_of_the_standard_are_written_as_it_prints_them() -> None:
    """PS3.5 H.3.1 and I.2."""
    assert character_set(JAPANESE).encode("Yamada^Tarou=山田^太郎", "PN") == (
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    )
    assert character_set(("", "ISO 2022 IR 149")).encode("Hong^Gildong=洪^吉洞", "PN") == (
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
    )


def test_a_backslash_byte_inside_a_character_is_no_backslash() -> None:
    gbk = character_set(("GBK",))
    raw = "誠".encode("gbk")
    assert b"\\" in raw
    assert gbk.decode(raw) == "誠"
    text = "表示"
    assert character_set(JAPANESE).decode(character_set(JAPANESE).encode(text)) == text


def test_delimiters_put_the_initial_character_set_back() -> None:
    korean = character_set(("ISO 2022 IR 100", "ISO 2022 IR 149"))
    raw = b"\x1b$)C\xb1\xe8^\xfc"
    assert korean.decode(raw, "PN") == "김^ü"


@pytest.mark.parametrize("vr", ["LT", "ST", "UT"])
def test_a_backslash_in_long_text_is_no_delimiter(vr: str) -> None:
    korean = character_set(("ISO 2022 IR 100", "ISO 2022 IR 149"))
    assert korean.decode(b"\x1b$)C\xb1\xe8\\\xb1\xe8", vr) == "김\\김"
    assert korean.encode("김\\김", vr) == b"\x1b$)C\xb1\xe8\\\xb1\xe8"
    assert korean.decode(b"\x1b$)C\xb1\xe8\\\x1b$)C\xb1\xe8", "LO") == "김\\김"
    assert korean.decode(korean.encode("김\\ü", vr), vr) == "김\\ü"


@pytest.mark.parametrize(
    ("terms", "raw"),
    [
        (("ISO_IR 192",), b"M\xfcller"),
        (("ISO_IR 100",), b"\x1b$B;3"),
        (("",), b"\xfc"),
        (JAPANESE, b"\x1b$B;"),
        (JAPANESE, b"\x1b$)C\xb1\xe8"),
        (JAPANESE, b"\x1b"),
        (JAPANESE, b"\xb1"),
        (("GB18030",), b"\x81"),
        (("NO SUCH SET",), b"\xfc"),
    ],
)
def test_what_cannot_be_decoded_is_an_error_that_holds_nothing_of_it(terms: tuple[str, ...], raw: bytes) -> None:
    if terms == ("ISO_IR 100",):
        assert character_set(terms).decode(raw).startswith("\x1b"), "without code extensions ESC is a character"
        return
    with pytest.raises(UndecodableText) as caught:
        character_set(terms).decode(raw)
    assert "decode" in str(caught.value) or "character set" in str(caught.value)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (("ISO_IR 100",), "王"),
        (JAPANESE, "ü"),
        (("ISO_IR 13",), "山"),
        (("ISO_IR 192",), "a\x1b"),
        (("NO SUCH SET",), "ü"),
    ],
)
def test_what_cannot_be_encoded_is_an_error_and_never_a_question_mark(terms: tuple[str, ...], text: str) -> None:
    with pytest.raises(UnencodableText):
        character_set(terms).encode(text)


def test_frequent_misspellings_are_understood() -> None:
    for term in ("ISO-IR 100", "ISO IR 100", "iso_ir 100", "ISO_IR_100", "ISO_IR 100 "):
        assert character_set((term,)).encode("ü") == b"\xfc"
    assert character_set(("", "ISO-2022-IR-87")).encode("山") == b"\x1b$B;3\x1b(B"


def test_a_code_extension_alone_is_one_beside_ascii() -> None:
    assert character_set(("ISO 2022 IR 87",)).decode(b"\x1b$B;3\x1b(B a") == "山 a"


def test_real_files_read_as_pydicom_reads_them() -> None:
    compared = 0
    for path in real_files():
        if path.parent.name != "charset_files":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data_set = pydicom.dcmread(path)
            declared = data_set.get("SpecificCharacterSet", "")
            charset = character_set((declared,) if isinstance(declared, str) else tuple(declared))
            for tag in list(data_set.keys()):
                raw = data_set.get_item(tag)
                if raw is None or raw.VR not in ("PN", "LO", "SH", "ST", "LT"):
                    continue
                text = charset.decode(raw.value or b"", str(raw.VR)).rstrip(" =")
                value = data_set[tag].value
                expected = "\\".join(map(str, value)) if data_set[tag].VM > 1 else str(value or "")
                assert text == expected.rstrip(" =")
                compared += 1
    assert compared > 150
