"""Tables and what rules read of them: rows, typed columns, composite keys, empty cells (S50 to S52)."""

import pytest

from tests.unit.rulebook.say import codes, failures

EPISODES = """table episodes from csv "e.csv" {
  key "Issuer" as IssuerOfPatientID | upper
  key "Number" as PatientID
  value "Name" as PatientName
  value "Days" as int days
  value "Since" as date since
  value "Share" as decimal share
  value "Study" as uid referral
  value "Note" as text note
  unavailable => hold "list unavailable" retry 5min
}
"""
HEADER = "Issuer,Number,Name,Days,Since,Share,Study,Note\n"
ROWS = HEADER + "a,007,DOE^J,12,20260302,1.50,1.2.3,hello\nB,8,,-3,,0.25,,\n"
ROW = 'rule r { let row = lookup episodes[IssuerOfPatientID, PatientID] otherwise quarantine "unknown" %s }\n'
GIVEN = 'given IssuerOfPatientID = "A", PatientID = "007"'


def failing(body: str, test: str, cells: str = ROWS) -> list[str]:
    return failures(EPISODES + ROW % body + f'test "t" {{ {test} }}', {"e.csv": cells})


def found(body: str, cells: str = ROWS) -> set[str]:
    return {code for code in codes(EPISODES + ROW % body, {"e.csv": cells}) if code != "DR109"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("set PatientName = row.PatientName otherwise keep", 'PatientName == "DOE^J"'),
        ('set StudyID = row.days | format("%03d") otherwise keep', 'StudyID == "012"'),
        ("set StudyDate = row.since otherwise keep", 'StudyDate == "20260302"'),
        ("set PatientWeight = row.share otherwise keep", "PatientWeight == 1.5"),
        ("set StudyID = row.note otherwise keep", 'StudyID == "hello"'),
        ("set PatientComments = row.referral otherwise keep", 'PatientComments == "1.2.3"'),
        ("if row.days > 10 { empty StudyID }", "StudyID is absent"),
    ],
)
def test_several_values_come_from_one_row_each_of_its_type(body: str, expected: str) -> None:
    assert failing(body, f"{GIVEN} expect {expected}") == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("A,1,DOE^J,x,20260302,1.5,1.2.3,n", "DR605"),
        ("A,1,DOE^J,1.5,20260302,1.5,1.2.3,n", "DR605"),
        ("A,1,DOE^J,1,20260230,1.5,1.2.3,n", "DR605"),
        ("A,1,DOE^J,1,20260302,x,1.2.3,n", "DR605"),
        ("A,1,DOE^J,1,20260302,1.5,1.2.x,n", "DR605"),
        ("A,1,A^B^C^D^E^F,1,20260302,1.5,1.2.3,n", "DR605"),
        (",1,DOE^J,1,20260302,1.5,1.2.3,n", "DR604"),
        ("A,1,DOE^J,1,20260302,1.5,1.2.3,n\na,1,DOE^J,1,20260302,1.5,1.2.3,n", "DR604"),
    ],
)
def test_every_cell_and_every_key_is_checked(row: str, code: str) -> None:
    assert code in found("empty StudyID", HEADER + row + "\n")


def test_a_row_needs_a_verdict_and_has_the_columns_of_its_table() -> None:
    assert "DR302" in codes(EPISODES + "rule r { let row = lookup episodes[PatientID, StudyID] }", {"e.csv": ROWS})
    assert "DR105" in found("set StudyID = row.weeks otherwise keep")
    assert "DR214" in found("set StudyID = row otherwise keep")
    assert "DR103" in found("set StudyID = rov.days otherwise keep")


def test_a_composite_key_asks_for_all_of_its_parts() -> None:
    assert "DR105" in codes(
        EPISODES + "rule r { set StudyID = lookup episodes[PatientID].note otherwise keep }", {"e.csv": ROWS}
    )


def test_s50_both_sides_go_through_the_pipe_of_the_key_and_cells_are_texts() -> None:
    body = 'set StudyID = row.note otherwise "none"'
    assert failing(body, 'given IssuerOfPatientID = "a", PatientID = "007" expect StudyID == "hello"') == []
    assert failing(body, 'given IssuerOfPatientID = "A", PatientID = "7" expect quarantine "unknown"') == []
    assert failing(body, 'given IssuerOfPatientID = "A", PatientID = "007 " expect StudyID == "hello"') == []


def test_s50_a_blank_part_of_a_key_finds_nothing() -> None:
    assert failing("empty StudyID", 'given PatientID = "007" expect quarantine "unknown"') == []
    assert failing("empty StudyID", 'given IssuerOfPatientID = "", PatientID = "007" expect quarantine "unknown"') == []


def test_s50_int_keys_compare_by_number() -> None:
    text = """table t from csv "t.csv" { key "N" as int n value "V" as text v unavailable => hold "x" }
        rule r { set SeriesDescription = lookup t[SeriesNumber].v otherwise "none" }
        test "t" { given SeriesNumber = "7" expect SeriesDescription == "seven"
          given SeriesNumber = "07" expect SeriesDescription == "seven"
          given SeriesNumber = "8" expect SeriesDescription == "none" }"""
    assert failures(text, {"t.csv": "N,V\n007,seven\n"}) == []


def test_s51_an_empty_cell_is_found_and_has_no_value() -> None:
    given = 'given IssuerOfPatientID = "B", PatientID = "8"'
    assert failing('set StudyID = row.note otherwise "none"', f'{given} expect StudyID == "none"') == []
    assert (
        failing(
            "set StudyDate = row.since otherwise remove", f'{given}, StudyDate = "20250101" expect StudyDate is absent'
        )
        == []
    )


def test_s52_an_unavailable_table_ends_with_its_own_verdict_before_the_otherwise() -> None:
    assert failing("empty StudyID", f'{GIVEN}, episodes unavailable expect hold "list unavailable"') == []
    assert "DR001" in codes('table t from csv "e.csv" { key "N" as PatientID value "V" as text v }', {"e.csv": "N,V\n"})


@pytest.mark.parametrize("source", ["sql", "http", "worklist", "fhir", "hl7", "archive"])
def test_other_sources_are_checked_and_not_in_this_version(source: str) -> None:
    text = f'table t from {source} "his" {{ key "N" as PatientID value "V" as StudyID unavailable => hold "x" }}'
    good = text + "rule r { set StudyID = lookup t[PatientID].StudyID otherwise keep }"
    assert "DR002" in codes(good)
    assert "DR105" in codes(good.replace("].StudyID", "].AccessionNumber"))


def test_a_test_may_say_what_a_table_answers_and_what_it_does_not_know() -> None:
    body = 'set StudyID = row.note otherwise "none"'
    stub = 'lookup episodes["C", "9"].note = "stub"'
    assert failing(body, f'given IssuerOfPatientID = "c", PatientID = "9", {stub} expect StudyID == "stub"') == []
    assert failing(body, 'given IssuerOfPatientID = "c", PatientID = "9" expect quarantine "unknown"') == []
    other = 'lookup episodes["A", "007"].note = "other"'
    assert failing(body, f'{GIVEN}, {other} expect StudyID == "other" {GIVEN} expect StudyID == "hello"') == []


def test_what_a_test_says_of_a_table_is_checked_like_a_cell() -> None:
    test = 'test "t" { given lookup episodes["A", "1"].days = "x" expect StudyID is absent }'
    assert "DR201" in codes(EPISODES + ROW % "empty StudyID" + test, {"e.csv": ROWS})
    test = 'test "t" { given lookup episodes["A", "1"].weeks = 1 expect StudyID is absent }'
    assert "DR105" in codes(EPISODES + ROW % "empty StudyID" + test, {"e.csv": ROWS})
    test = 'test "t" { given lookup episodes["A"].days = 1 expect StudyID is absent }'
    assert "DR105" in codes(EPISODES + ROW % "empty StudyID" + test, {"e.csv": ROWS})


def test_s50_what_a_test_says_of_a_table_goes_through_the_pipe_of_the_key_too() -> None:
    stub = 'lookup episodes["c", "9"].note = "stub"'
    body = 'set StudyID = row.note otherwise "none"'
    assert failing(body, f'given IssuerOfPatientID = "C", PatientID = "9", {stub} expect StudyID == "stub"') == []


def test_a_column_may_be_put_through_a_regex() -> None:
    text = r"""table t from csv "t.csv" { key "N" as PatientID | capture(/N-(\d+)/)
        value "V" as StudyID | regex_replace(/x/, "y")
        unavailable => hold "x" }
        rule r { set StudyID = lookup t[PatientID].StudyID otherwise "none" }
        test "t" { given PatientID = "N-7" expect StudyID == "ay" given PatientID = "7" expect StudyID == "none" }"""
    assert failures(text, {"t.csv": "N,V\nN-7,ax\n"}) == []


@pytest.mark.parametrize("pipe", ["cut(3)", "cut(x)", 'pad_left(x, "0")', "slice(1, x) | upper", 'replace("N", site)'])
def test_the_arguments_of_a_pipe_of_a_column_are_constants_or_parameters(pipe: str) -> None:
    text = f"""parameter x = 3 parameter site = "A" table t from csv "t.csv" {{ key "N" as PatientID | {pipe}
        value "V" as StudyID unavailable => hold "x" }}
        rule r {{ set StudyID = lookup t[PatientID].StudyID otherwise "none" }}
        test "t" {{ given PatientID = "N-7" expect StudyID == "found"
          given PatientID = "x" expect StudyID == "none" }}"""
    assert failures(text, {"t.csv": "N,V\nN-7,found\n"}) == []


@pytest.mark.parametrize(
    "pipe", ["cut(3) | nope", "own", "pad_left(4, calling_aet)", 'replace(PatientName, "")', "keyed_hash(salt, 10)"]
)
def test_whatever_else_stands_in_a_pipe_of_a_column_is_reported_and_never_a_crash(pipe: str) -> None:
    text = f"""secret salt from env "SALT" function own(a) = a | upper
        table t from csv "t.csv" {{ key "N" as PatientID | {pipe} value "V" as StudyID unavailable => hold "x" }}
        rule r {{ set StudyID = lookup t[PatientID].StudyID otherwise keep }}"""
    assert {"DR104", "DR213"} & set(codes(text, {"t.csv": "N,V\nN-7,ax\n"}))
