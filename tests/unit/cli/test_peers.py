"""`echo` and `send`, as far as no socket is needed: what is named wrongly."""

from pathlib import Path

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


def test_commands_about_a_gateway_say_which_file_is_missing(site: Path) -> None:
    for command in (["status"], ["trace", "1.2.3"], ["echo", "pacs"]):
        said = call(*command, "--gateway", "nowhere.yaml", code=2).stderr
        assert "there is no gateway file nowhere.yaml" in said
        assert "dicomrules init DIR" in said
