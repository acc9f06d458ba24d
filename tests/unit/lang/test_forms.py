"""The examples that stand below a broken sentence are sentences themselves."""

import pytest

from dicomrules.lang.forms import FORMS
from dicomrules.lang.parse import parse
from dicomrules.lang.reserved import ITEM_WORDS
from dicomrules.text.source import Source

AROUND = {
    "key": 'table t from csv "t.csv" {{ {}  unavailable => hold "no" }}',
    "value": 'table t from csv "t.csv" {{ {}  unavailable => hold "no" }}',
    "unavailable": 'table t from csv "t.csv" {{ key "A" as PatientID  {} }}',
    "when": "rule r {{ {}  empty StudyID }}",
    "unless": "rule r {{ {}  empty StudyID }}",
    "choose": "function f(a) = {}",
    "case": 'function f(a) = choose a {{ {}  else => "B" }}',
    "lookup": "rule r {{ set StudyID = {} }}",
    "given": 'test "t" {{ {}  expect unchanged }}',
    "expect": 'test "t" {{ given Rows = 1  {} }}',
    "nowhere": "routes r every match {{ else => {} }}",
    "always": "routes r every match {{ {} }}",
    "else": "routes r every match {{ {} }}",
}
"""What an example stands in, where it is no item and no statement."""


@pytest.mark.parametrize("word", FORMS)
def test_an_example_is_a_sentence_and_begins_with_its_word(word: str) -> None:
    around = "{}" if word in ITEM_WORDS else AROUND.get(word, "rule r {{ {} }}")
    assert FORMS[word].split()[0] == word
    assert parse(Source("x", "language 1\n" + around.format(FORMS[word])))[1] == []


@pytest.mark.parametrize("word", FORMS)
def test_an_example_stands_on_a_line_of_its_own(word: str) -> None:
    assert len(FORMS[word]) <= 58
