"""From bytes to values and back."""

import struct
import warnings
from decimal import Decimal

import pytest

from dicomrules.dicom.charset import character_set
from dicomrules.dicom.values import Malformed, TooLong, Unencodable, Value, decimal_text, decode, encode, padded

LATIN = character_set(("ISO_IR 100",))
GBK = character_set(("GBK",))


@pytest.mark.parametrize(
    ("raw", "vr", "values"),
    [
        (b"", "LO", ()),
        (b"", "US", ()),
        (b"4711 ", "LO", ("4711",)),
        (b" 4711 ", "SH", ("4711",)),
        (b" text ", "ST", (" text",)),
        (b"a\\b", "LT", ("a\\b",)),
        (b"http://x/a\\b ", "UR", ("http://x/a\\b",)),
        (b"A\\ B\\", "CS", ("A", "B", "")),
        (b"Muster^Max ", "PN", ("Muster^Max",)),
        (b"1.2.3\0", "UI", ("1.2.3",)),
        (b"1.2\\1.3\0", "UI", ("1.2", "1.3")),
        (b"4711\0\0", "LO", ("4711",)),
        (b"20240229", "DA", ("20240229",)),
        (b"1015", "TM", ("1015",)),
        (b"101530.123456 ", "TM", ("101530.123456",)),
        (b"202402", "DT", ("202402",)),
        (b"20240229101530.5+0100 ", "DT", ("20240229101530.5+0100",)),
        (b"2024-0500 ", "DT", ("2024-0500",)),
        (b"079D", "AS", ("079D",)),
        (b"+12\\ -3 \\ ", "IS", (12, -3, None)),
        (b"1.6000\\1E2 ", "DS", (Decimal("1.6000"), Decimal("1E2"))),
        (b"\x01\x00\xff\xff", "US", (1, 65535)),
        (b"\xff\xff", "SS", (-1,)),
        (b"\x28\x00\x10\x00", "AT", (0x00280010,)),
        (struct.pack("<2f", 1.5, -2.0), "FL", (1.5, -2.0)),
        (struct.pack("<d", 0.1), "FD", (0.1,)),
        (b"\1\2", "OB", (b"\1\2",)),
        (b"\1\2", "UN", (b"\1\2",)),
        (b"\1\2", "ZZ", (b"\1\2",)),
        (b"lower case", "CS", ("lower case",)),
    ],
)
def test_bytes_are_read_by_their_vr(raw: bytes, vr: str, values: tuple[Value, ...]) -> None:
    assert decode(raw, vr) == values


def test_numbers_are_read_in_their_byte_order() -> None:
    assert decode(b"\0\1", "US", little=False) == (1,)
    assert decode(b"\0\x28\0\x10", "AT", little=False) == (0x00280010,)
    assert encode((1,), "US", little=False) == b"\0\1"
    assert encode((0x00280010,), "AT", little=False) == b"\0\x28\0\x10"


@pytest.mark.parametrize(
    ("raw", "vr"),
    [
        (b"12a", "IS"),
        (b"1.5", "IS"),
        (b"9" * 100_000, "IS"),
        (b"9" * 100_000, "DS"),
        (b"1e99999", "DS"),
        (b"NaN ", "DS"),
        (b"1_000", "DS"),
        (b"1,5 ", "DS"),
        (b"20240230", "DA"),
        (b"2024", "DA"),
        (b"2024.01.01", "DA"),
        (b"20240101-20241231 ", "DA"),
        (b"1" * 100_000, "DA"),
        (b"2560", "TM"),
        (b"20241301", "DT"),
        (b"12X ", "AS"),
        (b"1.2.x ", "UI"),
        (b"\1\0\2", "US"),
        (b"\1\0", "AT"),
        (b"M\xfcller", "PN"),
        (b"M\xfc", "CS"),
    ],
)
def test_what_does_not_parse_is_a_value_and_says_nothing_of_it(raw: bytes, vr: str) -> None:
    found = decode(raw, vr)
    assert isinstance(found, Malformed)
    assert raw.decode("latin-1").strip("\0\1\2") not in found.reason or not raw.strip(b"\0\1\2")


def test_text_is_read_in_the_character_set_of_the_data_set() -> None:
    assert decode(b"M\xfcller ", "PN", LATIN) == ("Müller",)
    assert isinstance(decode(b"M\xfcller", "CS", LATIN), Malformed), "CS knows no other characters than ASCII"


def test_values_are_split_behind_decoding() -> None:
    raw = "誠".encode("gbk")
    assert decode(raw + b"\\b", "LO", GBK) == ("誠", "b")


def test_a_sequence_has_no_values() -> None:
    with pytest.raises(ValueError, match="items"):
        decode(b"x", "SQ")


@pytest.mark.parametrize(
    ("values", "vr", "raw"),
    [
        ((), "LO", b""),
        (("",), "LO", b""),
        (("471",), "LO", b"471 "),
        (("A", "B"), "CS", b"A\\B "),
        (("1.2.3",), "UI", b"1.2.3\0"),
        (("a\\b",), "UT", b"a\\b "),
        (("one\r\ntwo",), "LT", b"one\r\ntwo"),
        ((12, None, -3), "IS", b"12\\\\-3"),
        (("007",), "IS", b"007 "),
        ((Decimal("1.50"), 0.1, 7), "DS", b"1.5\\0.1\\7 "),
        (("1.6000",), "DS", b"1.6000"),
        ((1, 65535), "US", b"\x01\x00\xff\xff"),
        ((0x00280010,), "AT", b"\x28\x00\x10\x00"),
        ((1.5,), "FL", struct.pack("<f", 1.5)),
        ((b"\1",), "OB", b"\1\0"),
        ((b"",), "UN", b""),
        (("20240229",), "DA", b"20240229"),
        (("A^B^C^D^E=F=G",), "PN", b"A^B^C^D^E=F=G "),
    ],
)
def test_values_are_written_by_their_vr(values: tuple[Value, ...], vr: str, raw: bytes) -> None:
    assert encode(values, vr) == raw


@pytest.mark.parametrize(
    ("value", "vr"),
    [
        ("a\\b", "LO"),
        ("a\nb", "LO"),
        ("a\x1bb", "LT"),
        ("lower", "CS"),
        ("20240230", "DA"),
        ("12a", "IS"),
        ("99999999999", "IS"),
        (2**31, "IS"),
        (1.5, "IS"),
        ("1,5", "DS"),
        (float("nan"), "DS"),
        (Decimal("Infinity"), "DS"),
        ("1.2.x", "UI"),
        ("A^B^C^D^E^F", "PN"),
        ("A=B=C=D", "PN"),
        (65536, "US"),
        (-1, "US"),
        ("1", "US"),
        (None, "US"),
        (1e300, "FL"),
        ("text", "OB"),
        (b"raw", "LO"),
        ("Ä", "CS"),
    ],
)
def test_what_a_vr_cannot_hold_is_refused_without_saying_it(value: Value, vr: str) -> None:
    with pytest.raises(Unencodable) as caught:
        encode((value,), vr, LATIN)
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "vr"),
    [
        ("A" * 17, "SH"),
        ("A" * 65, "LO"),
        ("A" * 17, "AE"),
        ("A" * 17, "CS"),
        ("1" * 65, "UI"),
        ("1" * 13, "IS"),
        ("A" * 1025, "ST"),
    ],
)
def test_what_is_too_long_for_its_vr_is_refused(value: str, vr: str) -> None:
    with pytest.raises(TooLong):
        encode((value,), vr)


def test_each_group_of_a_name_may_have_64_characters() -> None:
    name = "=".join(["A" * 64] * 3)
    assert len(encode((name,), "PN")) == 194
    with pytest.raises(TooLong):
        encode((name + "A",), "PN")


def test_length_counts_characters_not_bytes() -> None:
    utf8 = character_set(("ISO_IR 192",))
    assert len(encode(("ü" * 16,), "SH", utf8)) == 32


def test_one_value_only_where_a_backslash_is_a_character() -> None:
    with pytest.raises(Unencodable):
        encode(("a", "b"), "LT")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (Decimal("1.6000"), "1.6"),
        (1 / 3, "0.33333333333333"),
        (-1 / 3e10, "-3.333333333e-11"),
        (1e22, "1e+22"),
        (Decimal("1E+5"), "100000"),
        (-123456789.123456789, "-123456789.12346"),
    ],
)
def test_decimal_strings_are_the_shortest_that_read_back_equal(number: float | Decimal, text: str) -> None:
    assert decimal_text(number) == text
    assert len(text) <= 16


def test_padding_makes_lengths_even() -> None:
    assert padded(b"ab", "LO") == b"ab"
    assert padded(b"a", "LO") == b"a "
    assert padded(b"1", "UI") == b"1\0"
    assert padded(b"\1", "OB") == b"\1\0"
    assert padded(b"\1", "UN") == b"\1\0"


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for vr in ("PN", "DA", "IS", "UI", "CS"):
            assert isinstance(decode(b"\xff\xfe secret", vr), Malformed)
