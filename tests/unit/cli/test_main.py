"""What all commands share: help, exit codes, completion, colour."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dicomrules.cli.main import main
from dicomrules.cli.output import folded, table
from tests.unit.cli.conftest import call

COMMANDS = main.list_commands(click.Context(main))


def test_help_names_every_command_and_the_exit_codes() -> None:
    shown = call("--help").stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "78 configuration refused" in shown.replace("\n  ", " ")
    assert "_DICOMRULES_COMPLETE=bash_source" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    assert "Usage:" in call(name, "--help").stdout
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


def test_a_wrong_command_or_option_ends_with_2() -> None:
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2
    assert CliRunner().invoke(main, ["validate", "--nonsense"]).exit_code == 2


def test_the_shell_completes_commands() -> None:
    environment = {
        **os.environ,
        "_DICOMRULES_COMPLETE": "bash_complete",
        "COMP_WORDS": "dicomrules va",
        "COMP_CWORD": "1",
    }
    script = (
        "import sys; sys.argv[0] = 'dicomrules'; from dicomrules.cli.main import main; main(prog_name='dicomrules')"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout == "plain,validate\n"


def test_a_table_sets_numbers_to_the_right() -> None:
    assert (
        click.unstyle(table([["a", "1"], ["bcd", "10"]], ["name", "n"], right=(1,))) == "name   n\na      1\nbcd   10"
    )


def test_a_text_is_broken_at_words_and_never_inside_one() -> None:
    uid = "1.2.826.0.1.3680043.8.498.77"
    assert folded(f"one two {uid}", 12, "  ", "  ") == ["  one two", f"    {uid}"]


@pytest.mark.parametrize("command", [["status"], ["explain", "ct.dcm"], ["backup", "copy"]])
def test_a_folder_that_may_not_be_entered_ends_a_command_in_one_line(
    site: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*command, "--help")  # its modules are there

    def exists(path: Path, **_: bool) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", exists)
    assert call(*command, code=74).stderr == "error: gateway.yaml: permission denied\n"


def test_a_full_disk_under_what_is_printed_is_said(site: Path) -> None:
    code = "from dicomrules.cli.main import main; main(['validate'], prog_name='dicomrules')"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (74, "error: no space left on device\n")
