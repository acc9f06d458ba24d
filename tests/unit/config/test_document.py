"""YAML is read with caps, and every value knows its place."""

import time

import pytest

from dicomrules.config.document import Document, read
from dicomrules.text.source import Source


def document(text: str) -> Document:
    result, problems = read(Source("g.yaml", text))
    assert result is not None, problems
    return result


def refused(text: str) -> tuple[str, int, str]:
    result, problems = read(Source("g.yaml", text))
    assert result is None
    return problems[0].code, problems[0].span.line, problems[0].message


def test_i08_scalars_are_what_yaml_1_2_says() -> None:
    value = document(
        "a: 1\nb: no\nc: 0x10\nd: 1.5\ne: true\nf:\ng: 2001-01-01\nh: '1'\ni: as is\nj: .inf\nk: 010"
    ).value
    assert value == {
        "a": 1,
        "b": "no",
        "c": 16,
        "d": 1.5,
        "e": True,
        "f": None,
        "g": "2001-01-01",
        "h": "1",
        "i": "as is",
        "j": ".inf",
        "k": 10,
    }


def test_keys_and_values_know_their_places() -> None:
    result = document("a: {b: [x, yz]}\nc:\n  d: 1\n")
    assert result.span(("a", "b", 1)).text == "yz"
    assert result.span(("a", "b")).text == "[x, yz]"
    assert result.key_span(("a", "b")).text == "b"
    assert result.span(("c",)).text == "c"  # a block over several lines is pointed at by its key
    assert result.span(("c", "missing")).text == "c"
    assert (result.span(("c", "d")).line, result.span(("c", "d")).column) == (3, 6)


def test_an_alias_stands_for_its_anchor() -> None:
    assert document("a: &x {b: 1}\nc: *x\n").value == {"a": {"b": 1}, "c": {"b": 1}}


def test_r05_a_key_said_twice_is_an_error_with_both_places() -> None:
    result, (problem,) = read(Source("g.yaml", "a: 1\nb: 2\na: 3\n"))
    assert result is None
    assert (problem.code, problem.span.line, problem.labels[1].span.line) == ("DR703", 3, 1)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: !!python/object/apply:os.system [id]\n", "DR702", 1),
        ("a: !custom x\n", "DR702", 1),
        ("a: ! x\n", "DR702", 1),
        ("%YAML 1.1\n---\na: no\n", "DR702", 2),
        ("a: 1\n---\nb: 1\n", "DR702", 2),
        ("a: &x [*x]\n", "DR702", 1),
        ("a: *nowhere\n", "DR701", 1),
        ("? [a]\n: 1\n", "DR701", 1),
        ("a:\n\tb: 1\n", "DR701", 2),
        ("a: b: c\n", "DR701", 1),
        ("a: 'open\n", "DR701", 2),
        ("a: \x07\n", "DR701", 1),
        ('a: "x\\ny"\n', "DR706", 1),
        ("", "DR702", 1),
        ("- a\n", "DR702", 1),
        ("just a word\n", "DR702", 1),
    ],
)
def test_r05_what_is_not_plain_yaml_is_refused_at_its_place(text: str, code: str, line: int) -> None:
    assert refused(text)[:2] == (code, line)


def test_r05_a_billion_laughs_are_not_counted_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    code, _, message = refused("\n".join(lines))
    assert code == "DR702"
    assert "aliases counted in full" in message


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 100_000, "a: " + "{a: " * 100_000, "a:\n" + "".join(" " * n + "- \n" for n in range(99))]
)
def test_r05_depth_is_refused_before_anything_is_built(text: str) -> None:
    started = time.monotonic()
    code, _, message = refused(text)
    assert code in ("DR701", "DR702")
    assert "nested deeper" in message or "not YAML" in message
    assert time.monotonic() - started < 5


def test_r05_a_file_over_the_cap_is_not_parsed() -> None:
    code, _, message = refused("#" * (1024 * 1024 + 1))
    assert code == "DR702"
    assert "1 MB" in message


def test_r05_a_merge_key_is_a_key_like_any_other() -> None:
    assert document("a: &x {b: 1}\nc: {<<: *x}\n").value["c"] == {"<<": {"b": 1}}
