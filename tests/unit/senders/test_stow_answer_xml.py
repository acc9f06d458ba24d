"""W-16: XML of a DICOMweb server is read as UTF-8, without declarations."""

import pytest

from dicomrules.senders.stow_answer import Unreadable, _from_xml

LAUGHS = '<?xml version="1.0" encoding="{}"?><!DOCTYPE x [<!ENTITY a "aaaa">]><NativeDicomModel>&a;</NativeDicomModel>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"])
def test_w16_a_document_type_is_not_read_in_any_encoding(encoding: str) -> None:
    with pytest.raises(Unreadable):
        _from_xml(LAUGHS.format(encoding).encode(encoding))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"no XML", b"<a>", b"<a>\0</a>"])
def test_what_is_no_xml_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        _from_xml(body)


def test_a_comment_is_none() -> None:
    assert _from_xml(b"<?xml version='1.0' encoding='UTF-8'?><!-- a --><NativeDicomModel/>") == {}
