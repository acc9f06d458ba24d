"""The `observe` of a gateway file, made into values."""

import socket
from collections.abc import Mapping
from typing import Any

from dicomrules.config.document import Steps
from dicomrules.config.security import Block, Place, client
from dicomrules.model.observing import Mail, Observing, Syslog, Webhook


def observing(said: Block | None, place: Place, secrets: Mapping[Steps, str]) -> Observing:
    """Who watches. `secrets` are the values of references by the way to them."""
    if said is None:
        return Observing()
    alarms = tuple(
        _alarmed(one, secrets.get(("observe", "alarms", number, "webhook", "url"), ""))
        for number, one in enumerate(said.get("alarms", ()))
    )
    return Observing(_address(said.get("http")), _syslog(said.get("audit"), place), alarms)


def _address(said: str | None) -> tuple[str, int] | None:
    if said is None:
        return None
    host, _, port = said.rpartition(":")
    return host.strip("[]"), int(port)


def _syslog(said: Block | None, place: Place) -> Syslog | None:
    if said is None:
        return None
    scheme, _, where = said["syslog"].partition("://")
    host, _, port = where.rpartition(":")
    secured = {key: said[key] for key in ("ca", "certificate", "key", "name") if key in said}
    return Syslog(host, int(port), client(secured, place) if scheme == "tls" else None)


def _alarmed(said: Mapping[str, Any], url: str) -> Webhook | Mail:
    if "webhook" in said:
        return Webhook(url)
    mail = said["mail"]
    host, _, port = mail["via"].rpartition(":")
    return Mail(mail["to"], host, int(port), mail.get("from", f"dicomrules@{socket.gethostname()}"))
