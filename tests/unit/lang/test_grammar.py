"""The tables of the grammar."""

from tools.grammar_tables import TABLES, lark, tables

from dicomrules.lang.grammar import Sentence, grammar


def test_the_tables_are_those_of_the_grammar() -> None:
    assert TABLES.read_text("utf-8") == tables(lark()), "they are stale: python tools/grammar_tables.py"


def test_what_may_come_next_is_known_better_than_from_the_last_token_alone() -> None:
    sentence = Sentence(grammar(), lambda name, parts, start, end: (name, parts))
    for at, kind in enumerate(("condition", "NAME", "=", "(", "INT")):
        assert sentence.take(kind, kind, at, at + 1)
    assert {"]", "override", "$END"} <= set(sentence.choices)
    assert {")", "CMP", "and"} <= sentence.accepts() < set(sentence.choices)
    assert sentence.accepts().isdisjoint({"]", "override", "$END"})
