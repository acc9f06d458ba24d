"""Receivers of STOW-RS in the gateway file: values, and what is wrong with them, as it is shown."""

from pathlib import Path

import pytest

from dicomrules.model.receiver import StowReceiver
from dicomrules.text.render import render

from .gateways import bent, loaded, settings

TOKEN = "0123456789abcdef"


def _with(stow: str) -> str:
    return bent("    folder: {path: in}", f"    stow: {stow}")


def _shown(stow: str, **environ: str) -> str:
    result, problems = loaded(_with(stow), environ)
    assert result is None
    return render(problems)


def test_what_is_said_arrives_and_the_rest_has_its_default() -> None:
    said = "{bind: '[::1]:8080', path: /a/b, token: {env: T}, calling_aet: WEB, called_aet: GW, connections: 9}"
    (_, web) = settings(_with(said), {"T": TOKEN}).receivers
    assert web == StowReceiver("drop", 8080, "::1", "/a/b", TOKEN, "WEB", "GW", 9)
    (_, web) = settings(_with("{bind: '127.0.0.1:8080'}")).receivers
    assert web == StowReceiver("drop", 8080)
    assert TOKEN not in repr(settings(_with(said), {"T": TOKEN}))


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("{bind: '0.0.0.0:8080'}", "`token` and `tls`"),
        ("{bind: '192.0.2.1:8080', token: {env: T}}", "say `tls`"),
        ("{bind: '[::]:8080', token: {env: T}}", "say `tls`"),
        ("{bind: '0.0.0.0:8080', tls: {certificate: x.pem, key: x.key}}", "say `token`"),
    ],
)
def test_w12_beyond_this_machine_nothing_starts_without_token_and_tls(said: str, missing: str) -> None:
    shown = _shown(said, T=TOKEN)
    assert "DR712" in shown
    assert "every computer of the network" in shown
    assert missing in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    ("said", "token", "words"),
    [
        ("{bind: '127.0.0.1:8080', token: {env: T}}", "short", "has less than 16 characters"),
        ("{bind: '127.0.0.1:8080', token: {env: T}}", "sixteen characters", "no bearer token may have"),
        ("{bind: '127.0.0.1:8080', token: {env: T}}", "", "`T` is not set"),
        ("{bind: '127.0.0.1:0'}", TOKEN, "0 is not a port"),
        ("{bind: '127.0.0.1:70000'}", TOKEN, "70000 is not a port"),
        ("{bind: '999.0.0.1:8080'}", TOKEN, "not an address of this machine"),
        ("{bind: '127.0.0.1:8080', tls: {certificate: x.pem, key: x.key}}", TOKEN, "x.pem"),
        ("{bind: '127.0.0.1:11112'}", TOKEN, "both listen on port 11112"),
    ],
)
def test_a_problem_is_shown_at_its_place_and_never_with_the_token(said: str, token: str, words: str) -> None:
    shown = _shown(said, T=token)
    assert words in shown
    assert "gateway.yaml:10" in shown
    assert not token or token not in shown


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "token").chmod(0o600)
    (_, web) = settings(_with(f"{{bind: '127.0.0.1:8080', token: {{file: {tmp_path}/token}}}}")).receivers
    assert isinstance(web, StowReceiver)
    assert web.token == TOKEN
