"""Every fenced block of every page is run or checked."""

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from dicomrules.cli.main import main
from dicomrules.config.load import load as load_gateway
from dicomrules.lang.parse import parse
from dicomrules.text.source import Source
from tests.docs.pages import KINDS, ROOT, Block, blocks, pages
from tests.docs.terminal import Desk

EVERY_BLOCK = [block for page in pages() for block in blocks(page)]

# What a part of a gateway file is put into, to be a whole one.
REST = {
    "gateway": "gateway: {name: north-hospital, aet: DICOMRULES}",
    "rules": "rules: [site.rules]",
    "peers": "peers: {CT_A1: {host: 10.20.3.4}}",
    "receivers": "receivers: {drop: {folder: {path: in}}}",
    "destinations": "destinations: {archive: {folder: {path: out}}}",
}


def of(kind: str, named: bool = False) -> list[object]:
    """The blocks of one kind, as parameters."""
    return [pytest.param(each, id=each.place) for each in EVERY_BLOCK if each.kind == kind and bool(each.name) == named]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in pages()
        if any(block.kind == "console" for block in blocks(page))
    ],
)
def test_a_reader_who_follows_the_page_sees_what_it_shows(page: Path, tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        for block in blocks(page):
            desk.follow(block)
    for shown, printed in desk.corrections:
        page.write_text(page.read_text("utf-8").replace(shown, printed, 1), "utf-8")


@pytest.mark.parametrize("block", [pytest.param(each, id=each.place) for each in EVERY_BLOCK])
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS
    assert not (block.name and block.kind in ("sh", "text", "json"))


@pytest.mark.parametrize("block", of("yaml"))
def test_a_part_of_a_gateway_file_is_right(block: Block, tmp_path: Path) -> None:
    missing = [text for key, text in REST.items() if not re.search(rf"^{key}:", block.text, re.MULTILINE)]
    file = tmp_path / "gateway.yaml"
    file.write_text("\n".join([*missing, block.text]))
    environment = dict.fromkeys(re.findall(r"\{env: (\w+)\}", block.text), "a-value-that-is-long")
    _, diagnostics = load_gateway(file, environment)
    certificates = "DR723"  # of the reader's own
    assert [each.message for each in diagnostics if each.code != certificates] == []


@pytest.mark.parametrize("block", of("dicomrules") + of("dicomrules", named=True))
def test_rules_parse(block: Block) -> None:
    text = block.text if block.text.startswith("language ") else f"language 1\n{block.text}"
    _, diagnostics = parse(Source(block.place, text))
    assert [each.message for each in diagnostics] == []


@pytest.mark.parametrize("block", of("sh"))
def test_commands_that_are_only_shown_exist(block: Block) -> None:
    for target in re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE):
        assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True).returncode == 0, target
    for line in re.findall(r"\bdicomrules ([a-z]+.*)", block.text):
        command, *words = line.split()
        shown = CliRunner().invoke(main, [command, "--help"])
        assert shown.exit_code == 0, f"{block.place}: {shown.output}"
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.output, f"{block.place}: {command} has no {option}"


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()])
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"
