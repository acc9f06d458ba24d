"""The language by example: files of `accept` are sentences, files of `reject` say exactly what is beside them."""

import os
from pathlib import Path

import pytest

from dicomrules.lang import build_expressions, build_items, build_routes, build_statements
from dicomrules.lang.format import format
from dicomrules.lang.grammar import grammar
from dicomrules.lang.parse import parse
from dicomrules.text.render import render
from dicomrules.text.source import Source

HERE = Path(__file__).parent
ACCEPT = sorted((HERE / "accept").glob("*.rules"))
REJECT = sorted((HERE / "reject").glob("*.rules"))
FMT = sorted((HERE / "fmt").glob("*.rules"))


def read(path: Path) -> Source:
    return Source(path.name, path.read_bytes().decode("utf-8"))


@pytest.mark.parametrize("path", ACCEPT, ids=lambda path: path.stem)
def test_it_is_a_sentence(path: Path) -> None:
    file, diagnostics = parse(read(path))
    assert render(diagnostics) == ""
    assert file.language == 1
    assert file.unread == ()


@pytest.mark.parametrize("path", REJECT, ids=lambda path: path.stem)
def test_it_is_refused_with_these_words(path: Path) -> None:
    _, diagnostics = parse(read(path))
    shown = render(diagnostics)
    golden = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert diagnostics
    assert shown == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", REJECT, ids=lambda path: path.stem)
def test_no_line_of_a_message_is_wider_than_the_terminal(path: Path) -> None:
    _, diagnostics = parse(read(path))
    assert max(len(line) for line in render(diagnostics).splitlines()) <= 80


@pytest.mark.parametrize("path", REJECT, ids=lambda path: path.stem)
def test_whoever_reads_it_knows_what_to_do_next(path: Path) -> None:
    _, diagnostics = parse(read(path))
    assert [one.message for one in diagnostics if not (one.notes or one.fixes)] == []


@pytest.mark.parametrize("path", FMT, ids=lambda path: path.stem)
def test_it_is_laid_out_like_this(path: Path) -> None:
    file, _ = parse(read(path))
    golden = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(format(file), encoding="utf-8")
    assert format(file) == golden.read_text(encoding="utf-8")


def test_every_construct_of_the_grammar_is_among_the_accepted_files(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[str] = set()
    for table in (build_expressions, build_items, build_routes, build_statements):
        used |= set(table.BUILDERS)
    seen: set[str] = set()
    import dicomrules.lang.parse as module

    recording = {name: _recorder(name, builder, seen) for name, builder in module._BUILDERS.items()}
    monkeypatch.setattr(module, "_BUILDERS", recording)
    for path in ACCEPT:
        parse(read(path))
    assert used - seen == set()
    named = {rule.name for rule in grammar().rules if not rule.gathers}
    assert used <= named | {"brackets"}


def _recorder(name, builder, seen):
    def build(reduction):
        seen.add(name)
        return builder(reduction)

    return build
