"""`echo` and `send`, as far as no socket is needed: what is named wrongly."""

import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import call


def test_echo_of_an_unknown_destination_names_those_that_are_there(site: Path) -> None:
    assert "did you mean" in call("echo", "pasc", code=2).stderr
    assert "pacs, archive" in call("echo", "elsewhere_altogether", code=2).stderr


def test_echo_of_a_folder_looks_whether_it_can_be_written(site: Path) -> None:
    assert "can be written" in call("echo", "archive").stdout
    (site / "out").touch()
    assert "cannot be written" in call("echo", "archive", code=1).stderr


def test_send_without_a_port_shows_how_it_is_written(site: Path) -> None:
    assert "--to 127.0.0.1:11112" in call("send", "ct.dcm", "--to", "localhost", code=2).stderr
    assert "--to 127.0.0.1:11112" in call("send", "ct.dcm", "--to", "localhost:99999", code=2).stderr


@pytest.mark.parametrize("title", ["", "SEVENTEEN_LETTERS", "A\\B", " A", "Ä"])
@pytest.mark.parametrize("option", ["--calling", "--called"])
def test_send_takes_ae_titles_and_nothing_else(site: Path, option: str, title: str) -> None:
    said = call("send", "ct.dcm", "--to", "127.0.0.1:9", option, title, code=2).stderr
    assert f"{option} takes an AE title: 1 to 16 characters" in said


def test_send_passes_over_a_pipe_that_nobody_writes_to(site: Path) -> None:
    os.mkfifo(site / "pipe.dcm")
    said = call("send", "pipe.dcm", "--to", "127.0.0.1:9", code=1).stderr
    assert said == "pipe.dcm: no DICOM object: a folder, a pipe or a device\n"


def test_commands_about_a_gateway_say_which_file_is_missing(site: Path) -> None:
    for command in (["status"], ["trace", "1.2.3"], ["echo", "pacs"]):
        said = call(*command, "--gateway", "nowhere.yaml", code=2).stderr
        assert "there is no gateway file nowhere.yaml" in said
        assert "dicomrules init DIR" in said
