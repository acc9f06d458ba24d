"""A conformance statement as Markdown. Contexts with the same transfer syntaxes share one lettered list of them."""

import json
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Any

Value = dict[str, Any]

_POLICIES = {
    "no": "no",
    "received": "an instance is committed when it is durable here and goes somewhere; all others: 0112, 0119",
    "delivered": "an instance is committed when every destination has it; all others: 0112, 0119",
}
_PROFILES = {
    "bcp195": "BCP 195 RFC 8996, 9325 profile (PS3.15 B.12)",
    "bcp195-modified": "modified BCP 195 RFC 8996, 9325 profile (PS3.15 B.13)",
}


def markdown(statement: Value) -> str:
    """The whole document, as `conformance` prints it."""
    return "\n".join(_lines(statement)) + "\n"


def _lines(statement: Value) -> Iterator[str]:
    yield f"# DICOM conformance statement of {_code(statement['gateway'])}"
    yield ""
    yield "Made from the gateway file by `dicomrules conformance`: contexts are what its negotiation answers."
    yield ""
    yield from _table(("", ""), _general(statement))
    for acceptor in statement["acceptors"]:
        yield from _acceptor(acceptor)
    for service in statement["web_services"]:
        yield from _web_service(service)
    for requestor in statement["requestors"]:
        yield from _requestor(requestor)
    if statement["commitment_reports"]:
        yield from _reports(statement["commitment_reports"])


def _general(statement: Value) -> Iterator[tuple[str, str]]:
    yield "AE title", _code(statement["ae_title"])
    yield "Implementation Class UID", _code(statement["implementation_class_uid"])
    yield "Implementation Version Name", _code(statement["implementation_version_name"])
    yield "Application context", "`1.2.840.10008.3.1.1.1`"
    yield "Asynchronous operations window", "one operation at a time (1, 1)"
    yield "SOP class extended negotiation", "not answered"
    yield "SCP/SCU role selection", "answered for Storage Commitment Push Model, for nothing else"
    yield "Character sets", "passed through as received; rewritten attributes in the character set of the instance"


def _acceptor(acceptor: Value) -> Iterator[str]:
    called, peers = acceptor["called_ae_titles"], acceptor["peers"]
    yield ""
    yield f"## Association acceptor {_code(acceptor['receiver'])}"
    yield ""
    yield "Storage SCP and Verification SCP (PS3.4 Annexes A and B)" + _commits(acceptor)
    yield ""
    rows = [
        ("Listens on", f"{acceptor['bind']} port {acceptor['port']}"),
        ("Called AE titles", "any" if called == "any" else ", ".join(map(_code, called))),
        ("Calling AE titles", "any" if peers == "anyone" else _listed(peers)),
        ("Associations at once", f"{acceptor['associations']}, {acceptor['associations_per_address']} of one address"),
        ("SOP classes that PS3.6 does not have", "accepted" if acceptor["unknown_classes"] else "only where listed"),
        ("Storage commitment (PS3.4 Annex J)", _POLICIES[acceptor["storage_commitment"]]),
        *_secured_acceptor(acceptor),
    ]
    yield from _table(("", ""), rows)
    for pair in acceptor["pairs"]:
        yield ""
        yield f"### From {_title(pair['calling'])} to {_title(pair['called'])}"
        yield ""
        yield f"Maximum length received: {pair['max_pdu']} bytes. Everything that does not stand here is refused."
        yield from _contexts(pair["contexts"], _accepted_list, "SCP")


def _commits(acceptor: Value) -> str:
    """Which roles of storage commitment there are besides."""
    roles = [("SCP", acceptor["storage_commitment"] != "no"), ("SCU, which takes reports", acceptor["takes_reports"])]
    played = " and ".join(f"Storage Commitment {role}" for role, plays in roles if plays)
    return f"; {played} (Annex J)." if played else "."


def _reports(reports: Sequence[Value]) -> Iterator[str]:
    yield ""
    yield "## Association requestor for reports on storage commitment"
    yield ""
    yield (
        "Storage Commitment SCP (PS3.4 Annex J): N-EVENT-REPORT, when the association of the N-ACTION is over. The role"
        " of the SCP is proposed, that of the SCU is not (PS3.7 D.3.3.4). Proposed is Storage Commitment Push Model"
        " (`1.2.840.10008.1.20.1`) in Explicit and Implicit VR Little Endian. Our title is the one that was called."
    )
    yield ""
    rows = [(_code(each["ae_title"]), f"{each['host']} port {each['port']}") for each in reports]
    yield from _table(("peer", "at"), rows)


def _web_service(service: Value) -> Iterator[str]:
    yield ""
    yield f"## Web service {_code(service['receiver'])}"
    yield ""
    yield "Origin server of the Studies service: the Store transaction (STOW-RS, PS3.18 10.5), and no other."
    yield ""
    tls = service["tls"]
    shown = f"every client must show {_certificate(tls)}" if tls and tls["client_certificates"] else "clients need none"
    rows = [
        ("Listens on", f"{service['bind']} port {service['port']}"),
        ("POST", ", ".join(map(_code, service["paths"]))),
        ("Media types taken", ", ".join(map(_code, service["media_types"]))),
        ("Media types answered", ", ".join(map(_code, service["response_media_types"]))),
        ("SOP classes and transfer syntaxes", "all, as they are; no Content-Encoding"),
        ("Authorization", f"{service['authorization']} (RFC 6750)" if service["authorization"] else "none"),
        (
            "Connections at once",
            f"{service['connections']}, {service['connections_per_address']} of one address",
        ),
        ("Transport", f"HTTP/1.1 over TLS, {_PROFILES[tls['profile']]}; {shown}" if tls else "HTTP/1.1 without TLS"),
    ]
    yield from _table(("", ""), rows)


def _listed(peers: Sequence[Value]) -> str:
    return ", ".join(f"{_code(each['ae_title'])} at {each['host']}" for each in peers)


def _secured_acceptor(acceptor: Value) -> Iterator[tuple[str, str]]:
    tls, users = acceptor["tls"], acceptor["user_identity"]
    asked, own = tls and tls["client_certificates"], acceptor["own_certificates"]
    shown = f"every peer must show {_certificate(tls)}" if asked else "peers need no certificate"
    yield "Transport", f"TLS, {_PROFILES[tls['profile']]}; {shown}" if tls else "TCP without TLS"
    if own:
        yield "Certificates bound to an AE title", ", ".join(map(_code, own))
    yield "User identity (PS3.7 D.3.3.7)", f"verified for {', '.join(map(_code, users))}" if users else "not looked at"


def _certificate(tls: Value) -> str:
    return "a certificate that no revocation list names" if tls["revocation_lists"] else "a certificate"


def _secured_requestor(requestor: Value) -> Iterator[tuple[str, str]]:
    tls, user = requestor["tls"], requestor["user_identity"]
    shown = "we show a certificate" if tls and tls["certificate"] else "we show no certificate"
    named = f"the peer must show one for {_code(tls['peer_name'])}" if tls else ""
    yield "Transport", f"TLS, {_PROFILES[tls['profile']]}; {named}, {shown}" if tls else "TCP without TLS"
    yield "User identity (PS3.7 D.3.3.7)", f"{user}, no response asked for" if user else "none"


def _requestor(requestor: Value) -> Iterator[str]:
    yield ""
    yield f"## Association requestor to {_code(requestor['destination'])}"
    yield ""
    asks = requestor["storage_commitment"]
    more = "; Storage Commitment SCU (Annex J), on an association of its own" if asks else ""
    yield f"Storage SCU and Verification SCU (PS3.4 Annexes A and B){more}."
    yield ""
    rows = [
        ("Calls", f"{_code(requestor['called_ae_title'])} at {requestor['host']} port {requestor['port']}"),
        ("As", _code(requestor["calling_ae_title"])),
        ("Associations at once", str(requestor["associations"])),
        ("Maximum length sent and received", f"{requestor['max_pdu']} bytes"),
        *_asked(asks),
        *_secured_requestor(requestor),
    ]
    yield from _table(("", ""), rows)
    yield from _contexts(requestor["contexts"], _proposed_list, "SCU")


def _asked(asks: Value | None) -> Iterator[tuple[str, str]]:
    if asks:
        after, timeout = asks["after_seconds"], asks["timeout_seconds"]
        yield (
            "Storage commitment",
            f"asked {after:g} s after storage, and once more every {timeout:g} s without a report",
        )


def _contexts(contexts: Sequence[Value], listing: Any, role: str) -> Iterator[str]:
    """One row a SOP class, which refers to a list below the table."""
    letters: dict[str, str] = {}
    lists: list[list[str]] = []
    rows = []
    for context in contexts:
        key = json.dumps([context.get("transfer_syntaxes"), context.get("order_of"), context.get("ways")])
        if key not in letters:
            letters[key] = _letter(len(letters))
            lists.append(list(listing(context)))
        abstract = context["abstract_syntax"]
        rows.append((abstract["name"], _code(abstract["uid"]), letters[key], role, "none"))
    yield ""
    yield from _table(("abstract syntax", "UID", "transfer syntaxes", "role", "extended negotiation"), rows)
    for letter, lines in zip(letters.values(), lists, strict=True):
        yield ""
        yield f"**{letter}:** {lines[0]}"
        yield ""
        yield from lines[1:]


def _accepted_list(context: Value) -> Iterator[str]:
    syntaxes = context["transfer_syntaxes"]
    if len(syntaxes) == 1:
        yield "this one is accepted."
    elif context["order_of"] == "acceptor":
        yield "the first of these that is proposed is accepted."
    else:
        yield "of these, the first in the order of the requestor is accepted."
    yield from _table(("transfer syntax", "UID"), [(each["name"], _code(each["uid"])) for each in syntaxes])


def _proposed_list(context: Value) -> Iterator[str]:
    yield "an instance in one of these transfer syntaxes gets the contexts beside it; it leaves in the first that fits."
    rows = [
        (
            f"{way['instance_in']['name']} ({_code(way['instance_in']['uid'])})"
            if way["instance_in"]
            else "(C-ECHO, N-ACTION)",
            "; ".join(" or ".join(each["name"] for each in context) for context in way["proposed"]),
        )
        for way in context["ways"]
    ]
    yield from _table(("instance in", "contexts proposed"), rows)


def _table(heads: Sequence[str], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(_cell(each) for each in row)} |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """Text as code, whatever it holds: a name in the gateway file may hold backticks."""
    return f"`{text}`" if "`" not in text else f"`` {text} ``"


def _title(title: str) -> str:
    return "any AE title" if title == "*" else _code(title)


def _letter(number: int) -> str:
    """A, B … Z, AA, AB …"""
    head = _letter(number // 26 - 1) if number >= 26 else ""
    return head + ascii_uppercase[number % 26]
