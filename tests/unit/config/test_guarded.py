"""I-19: `only_through` of a destination, and other names that lead to the same place."""

import pytest

from .gateways import WHOLE, bent, found, settings

ONLY = "    only_through: [trial]\n"


def test_i19_a_destination_knows_its_groups_and_the_file_where_they_stand() -> None:
    made = settings(bent("port: 4242}\n", "port: 4242}\n    only_through: [trial, teaching]\n"))
    assert [each.only_through for each in made.destinations] == [("trial", "teaching"), ()]
    assert [(name, list(groups)) for name, groups in made.only_through.items()] == [("pacs", ["trial", "teaching"])]
    assert [(span.line, span.text) for span in made.only_through["pacs"].values()] == [(14, "trial"), (14, "teaching")]
    assert settings(WHOLE).only_through == {}


@pytest.mark.parametrize("said", ["[]", "trial", "[trial, trial]", "[Trial]", "[1]", "{trial: yes}"])
def test_i19_it_is_a_list_of_names(said: str) -> None:
    assert [code for code, _, _ in found(bent("port: 4242}\n", f"port: 4242}}\n    only_through: {said}\n"))] == [
        "DR706"
    ]


PACS = "{dicom: {aet: ORTHANC, host: 127.0.0.1, port: 4242}}"
VNA = '{stow: {url: "https://vna.example/dicom-web"}}'
CLOUD = '{bucket: {url: "s3://images%s", endpoint: "https://s3.example", key: {env: K}, secret: {env: K}}}'


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PACS, PACS, True),
        (PACS, PACS.replace("4242", "4243"), False),
        (PACS, PACS.replace("ORTHANC", "OTHER"), False),
        (VNA, VNA.replace("dicom-web", "dicom-web/"), True),
        (VNA, VNA.replace("dicom-web", "research"), False),
        ("{folder: {path: r}}", "{folder: {path: ./r/raw}}", True),
        ("{folder: {path: r}}", "{folder: {path: raw}}", False),
        ("{folder: {path: r/in}}", "{folder: {path: r}}", False),
        (CLOUD % "/r", CLOUD % "/r/raw", True),
        (CLOUD % "/r", CLOUD % "/raw", False),
        (CLOUD % "", VNA, False),
    ],
)
def test_i19_a_second_name_for_the_same_place_asks_for_the_same(
    one: str, other: str, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = one.removesuffix("}") + ", only_through: [trial]}"
    text = WHOLE[: WHOLE.index("  pacs:")] + f"  research: {guarded}\n  raw: {other}\n"
    codes = [(code, place) for code, _, place in found(text) if code != "DR719"]
    assert codes == ([("DR727", "raw")] if same else [])
    both = text.replace(f"raw: {other}", "raw: " + other.removesuffix("}") + ", only_through: [teaching]}")
    assert "DR727" not in [code for code, _, _ in found(both)]
