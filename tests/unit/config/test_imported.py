"""Settings of other systems become parts of a gateway file that loads."""

import pytest

from dicomrules.config.from_iris import iris
from dicomrules.config.from_orthanc import orthanc
from dicomrules.config.imported import MAX_CHARACTERS, Unusable
from dicomrules.model.destination import DicomDestination

from .gateways import settings

HEAD = """\
gateway: {name: n, aet: DICOMRULES}
rules: [a.rules]
receivers: {drop: {folder: {path: in}}}
"""
OUT = "destinations: {out: {folder: {path: out}}}\n"
ASSOCIATIONS = """\
# what the CT may send
1.2.840.10008.1.1\\1.2.840.10008.1.2
1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.1.2.4.50
1.2.840.10008.5.1.4.1.1.2 \\ 1.2.840.10008.1.2
1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.1.2.4.50

1.2.3\\1.2.4
1.2.840.10008.5.1.4.1.2.2.1\\1.2.840.10008.1.2
"""
ORTHANC = """\
{ // an Orthanc configuration
  "Name": "/* no comment */ // neither",
  /* "DicomModalities": {}, */
  "DicomModalities": {
    "sample": ["STORESCP", "127.0.0.1", 2000],
    "Sample": ["A \\"B", "pacs.example", "104", "GenericNoWildcardInDates"],
    "s\\nä": {"AET": "ORTHANC", "Host": "::1", "Port": 104, "UseDicomTlsX": 1, "LocalAet": "ME", "Timeout": 60},
    "123": {"AET": "yes", "Host": "10.0.0.1", "Port": 105, "AllowStore": false},
    "again": ["STORESCP", "10.0.0.2", 1],
    "bad": ["X\\\\Y", "127.0.0.1", 1],
    "worse": 7
  }
}
"""


def test_an_association_file_becomes_an_entry_of_contexts() -> None:
    (entry,) = settings(HEAD + OUT + iris(ASSOCIATIONS, "IRIS", "*")).contexts or ()
    assert (entry.calling, entry.called) == ("IRIS", "*")
    assert entry.classes == {
        "1.2.840.10008.1.1": ("1.2.840.10008.1.2",),
        "1.2.840.10008.5.1.4.1.1.2": ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2"),
        "1.2.3": ("1.2.4",),
    }


def test_what_cannot_be_negotiated_here_is_left_out_with_a_comment() -> None:
    assert "# line 8: Study Root" in iris(ASSOCIATIONS, "A", "B")


def test_an_association_file_may_come_from_windows() -> None:
    from_windows = ASSOCIATIONS.replace("\n", "\r\n") + "\x1a"
    assert iris(from_windows, "IRIS", "*") == iris(ASSOCIATIONS, "IRIS", "*")


def test_a_comma_behind_the_last_modality_does_not_matter() -> None:
    text = '{"DicomModalities": {"a,]": ["A", "10.0.0.1", 104,], /* the last */ }, }'
    assert orthanc(text) == orthanc('{"DicomModalities": {"a,]": ["A", "10.0.0.1", 104]}}')


@pytest.mark.parametrize("text", ["", "# nothing\n", "1.2.3\n", "1.2.3\\1.2.4\\5\n", "CTImageStorage\\1.2\n", "\\1.2"])
def test_a_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unusable):
        iris(text, "A", "B")


def test_modalities_become_peers_and_destinations() -> None:
    made = settings(HEAD + orthanc(ORTHANC))
    destinations = {each.name: each for each in made.destinations if isinstance(each, DicomDestination)}
    assert {name: (each.aet, each.host, each.port) for name, each in destinations.items()} == {
        "sample": ("STORESCP", "127.0.0.1", 2000),
        "sample_2": ('A "B', "pacs.example", 104),
        "s": ("ORTHANC", "::1", 104),
        "modality_123": ("yes", "10.0.0.1", 105),
        "again": ("STORESCP", "10.0.0.2", 1),
    }
    assert destinations["s"].calling_aet == "ME"
    assert destinations["s"].timeouts.response.total_seconds() == 60
    assert [(peer.aet, peer.host, peer.port) for peer in made.peers] == [
        ("STORESCP", "127.0.0.1", 2000),
        ('A "B', "pacs.example", 104),
        ("ORTHANC", "::1", 104),
    ]


def test_what_has_no_counterpart_is_said() -> None:
    comments = [line for line in orthanc(ORTHANC).splitlines() if line.startswith("#")]
    text = "\n".join(comments)
    for words in ("GenericNoWildcardInDates", "UseDicomTlsX", "AllowStore", "`bad`", "`worse`", "second modality"):
        assert words in text


def test_a_modality_that_may_ask_for_storage_commitment_is_told_what_answers_it() -> None:
    said = orthanc('{"ct": {"AET": "CT", "Host": "ct", "Port": 104, "AllowStorageCommitment": true}}')
    assert "AllowStorageCommitment: `commitment` of the receiver" in said


def test_a_modality_with_tls_never_becomes_a_destination_without() -> None:
    made = orthanc('{"x": {"AET": "X", "Host": "h", "Port": 1, "UseDicomTls": true}}')
    assert "tls: {}" in made


def test_the_block_may_stand_alone() -> None:
    assert "  x:\n" in orthanc('{"x": ["X", "h", 1]}')


@pytest.mark.parametrize("text", ["", "[]", "{", '{"DicomModalities": []}', "{}", "[" * 100_000, '{"x": [1, 2, 3]}'])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(Unusable):
        orthanc(text)


def test_a_file_over_the_cap_is_refused() -> None:
    with pytest.raises(Unusable):
        orthanc(" " * (MAX_CHARACTERS + 1))
    with pytest.raises(Unusable):
        iris(" " * (MAX_CHARACTERS + 1), "A", "B")
