"""Did-you-mean: near names are found, far ones are not."""

from dicomrules.text.suggest import did_you_mean, distance, nearest, nearest_tag


def test_a_swap_of_neighbours_is_one_edit() -> None:
    assert distance("PatinetID", "PatientID", 3) == 1
    assert distance("abc", "", 2) == 3


def test_the_nearest_comes_first() -> None:
    assert nearest("PatientId", ["PatientName", "PatientID", "PatientAge"])[0] == "PatientID"


def test_case_and_joints_count_nothing() -> None:
    assert nearest("patient_id", ["PatientID", "patient_ix"])[0] == "PatientID"


def test_far_names_are_not_suggested() -> None:
    assert nearest("Frobnicate", ["PatientID", "Modality"]) == []
    assert nearest("x" * 201, ["x" * 200]) == []


def test_the_word_itself_is_no_suggestion() -> None:
    assert nearest("pacs", ["pacs"]) == []


def test_moved_swapped_and_mistyped_hex_digits_are_found() -> None:
    assert nearest_tag(0x00100002, [0x00100020]) == [0x00100020]
    assert nearest_tag(0x01000020, [0x00100020]) == [0x00100020]
    assert nearest_tag(0x00100030, [0x00100020, 0x00081111]) == [0x00100020]


def test_the_sentence_names_all_candidates() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "did you mean `a`?"
    assert did_you_mean(["a", "b", "c"]) == "did you mean `a`, `b` or `c`?"
