"""What the pages say of keys and commands is what the program has."""

import ast
import configparser
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import pytest
from click.testing import CliRunner

from dicomrules.cli import output
from dicomrules.cli.main import main
from dicomrules.model.delivery import Kind, Standing, State
from dicomrules.model.instance import Verdict
from dicomrules.queue.entry import InstanceState, RequestState
from dicomrules.service.plan import DRAIN_SECONDS
from dicomrules.text.codes.registry import CODES
from tests.docs import made
from tests.docs.pages import ROOT, blocks, pages


def test_every_key_of_the_gateway_file_is_documented_as_the_schema_has_it() -> None:
    tables = {path: partial(made.table_of_keys, block) for path, block in made.blocks_of_keys().items()}
    made.all_parts(ROOT / "docs" / "gateway.md", "keys", {**tables, "later": made.keys_of_later})


def test_every_command_is_documented_with_its_own_help() -> None:
    helps = {name: partial(made.help_of, name, command) for name, command in made.commands().items()}
    made.all_parts(ROOT / "docs" / "commands.md", "help", helps)


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    codes = {value for name, value in vars(output).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes


def test_every_diagnostic_code_is_explained_with_an_example() -> None:
    for code, record in CODES.items():
        shown = CliRunner().invoke(main, ["explain", code])
        assert shown.exit_code == 0
        assert record.title in shown.output
        assert len(record.why) > 20, code
        for example in (record.bad, record.good):
            assert example.strip(), code
            assert example.strip().splitlines()[0] in shown.output, code


def test_every_code_that_a_page_names_exists() -> None:
    for page in pages():
        for code in re.findall(r"\bDR\d{3}\b", page.read_text("utf-8")):
            assert code in CODES, f"{page.name}: {code}"


def test_every_event_that_a_page_names_is_told_somewhere() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    table = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("| event |")[2].partition("\n\n")[0]
    first_cells = "".join(line.split("|")[1] for line in table.splitlines() if line.count("|") > 1)
    named = re.findall(r"`([a-z]+)\.([a-z_]+)`", first_cells)
    assert len(named) > 5
    for about, what in named:
        made_of_a_value = f'f"{about}.{{' in source and any(what == each for each in (*Verdict, *Kind))
        assert f'"{about}.{what}"' in source or made_of_a_value, f"{about}.{what}"


def test_every_event_that_wants_a_person_stands_in_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    table = page.partition("| event |")[2].partition("\n\n")[0]
    missing = {name for name in _warned_of() if f"`{name}`" not in table}
    assert not missing


def _warned_of() -> Iterator[str]:
    """Names of events that are told as a warning or an error, where they stand in a call beside their level."""
    for path in (ROOT / "src").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and any(ast.unparse(one) in _LOUD for one in call.args):
                for one in call.args:
                    if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(one.value)):
                        yield one.value


_LOUD = ("Level.WARNING", "Level.ERROR")


@pytest.mark.parametrize("states", [State, InstanceState, RequestState, Standing])
def test_every_state_stands_in_operations(states: type[StrEnum]) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## What the states mean")[2]
    first_cells = [
        line.split("|")[1].strip() for line in page.partition("\n## ")[0].splitlines() if line.startswith("|")
    ]
    assert [f"`{one}`" for one in states if f"`{one}`" not in first_cells] == []


def test_every_condition_stands_in_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    source = (ROOT / "src" / "dicomrules" / "observe" / "conditions.py").read_text("utf-8")
    for name in re.findall(r'Condition\(\s*"([a-z.]+)"', source):
        assert f"| `{name}` |" in page, name


def test_the_service_stops_and_restarts_as_the_gateway_needs_it() -> None:
    (unit,) = [block.text for block in blocks(ROOT / "docs" / "operations.md") if block.kind == "ini"]
    assert unit == (ROOT / "examples" / "service" / "dicomrules.service").read_text("utf-8")
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(unit)
    service = parser["Service"]
    assert int(service["TimeoutStopSec"]) > DRAIN_SECONDS + 5
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == {output.USAGE, output.CONFIG}
    assert service["ExecStart"].split()[1] in made.commands()
    assert "-HUP" in service["ExecReload"]
