"""`conformance`: a conformance statement (PS3.2) of a gateway, made from its gateway file."""

from pathlib import Path
from typing import Any

import click

from dicomrules.cli.conformance_view import markdown
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.negotiated import Pair, Proposed, accepted_by, proposed_to
from dicomrules.cli.output import print_json
from dicomrules.config.settings import Settings
from dicomrules.dicom import commitment
from dicomrules.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomrules.dicom.uids import uid_name
from dicomrules.model.commitment import CommitmentPolicy
from dicomrules.model.destination import DicomDestination
from dicomrules.model.receiver import DicomReceiver, StowReceiver
from dicomrules.model.security import User
from dicomrules.receivers.stow import media

Value = dict[str, Any]


@click.command()
@GATEWAY
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", help="For people or for programs."
)
def conformance(gateway: Path, form: str) -> None:
    """Print the DICOM conformance statement of a gateway: AE titles, ports, roles, and which presentation contexts it
    accepts and proposes.

    What it says of contexts is what the gateway's own negotiation answers when it is asked for everything.
    """
    statement = statement_of(settings_of(gateway))
    if form == "json":
        print_json(statement)
    else:
        click.echo(markdown(statement), nl=False)


def statement_of(settings: Settings) -> Value:
    """The statement as a value, as `--format json` prints it."""
    return {
        "gateway": settings.name,
        "ae_title": settings.aet,
        "implementation_class_uid": IMPLEMENTATION_CLASS_UID,
        "implementation_version_name": IMPLEMENTATION_VERSION_NAME,
        "asynchronous_operations": [1, 1],
        "acceptors": [_acceptor(each) for each in settings.receivers if isinstance(each, DicomReceiver)],
        "web_services": [_web_service(each) for each in settings.receivers if isinstance(each, StowReceiver)],
        "requestors": [_requestor(each) for each in settings.destinations if isinstance(each, DicomDestination)],
        "commitment_reports": _reports(settings),
    }


def _reports(settings: Settings) -> list[Value]:
    """Where reports on storage commitment go that peers ask for: to their port, else where a destination is they."""
    receivers = [each for each in settings.receivers if isinstance(each, DicomReceiver)]
    if all(each.commitment is CommitmentPolicy.NO for each in receivers):
        return []
    destinations = [each for each in settings.destinations if isinstance(each, DicomDestination)]
    places = {each.aet: (each.host, each.port) for each in destinations}
    places |= {peer.aet: (peer.host, peer.port) for peer in settings.peers if peer.port}
    return [{"ae_title": aet, "host": host, "port": port} for aet, (host, port) in sorted(places.items())]


def _acceptor(receiver: DicomReceiver) -> Value:
    peers = receiver.peers
    return {
        "receiver": receiver.name,
        "bind": receiver.bind,
        "port": receiver.port,
        "called_ae_titles": "any" if receiver.called_aets is None else list(receiver.called_aets),
        "peers": "anyone" if peers is None else [{"ae_title": each.aet, "host": each.host} for each in peers],
        "associations": receiver.associations,
        "associations_per_address": receiver.per_address,
        "tls": _server_tls(receiver),
        "own_certificates": sorted(receiver.certificates),
        "user_identity": sorted(receiver.users),
        "storage_commitment": receiver.commitment.value,
        "takes_reports": receiver.takes_reports,
        "pairs": [_pair(each, receiver) for each in accepted_by(receiver)],
        "unknown_classes": receiver.contexts is None and receiver.accept_unknown_classes,
    }


def _pair(pair: Pair, receiver: DicomReceiver) -> Value:
    return {
        "calling": pair.calling,
        "called": pair.called,
        "max_pdu": pair.max_pdu,
        "contexts": [
            {
                "abstract_syntax": _uid(each.abstract_syntax),
                "transfer_syntaxes": [_uid(uid) for uid in each.transfer_syntaxes],
                "order_of": "acceptor" if each.ours else "requestor",
                "role": _role(each.abstract_syntax, receiver),
                "extended_negotiation": None,
            }
            for each in pair.contexts
        ],
    }


def _role(abstract_syntax: str, receiver: DicomReceiver) -> str:
    """Ours. Of storage commitment: who is asked is the SCP, who is reported to the SCU (PS3.4 J.2)."""
    if abstract_syntax != commitment.SOP_CLASS:
        return "SCP"
    asked, told = receiver.commitment is not CommitmentPolicy.NO, receiver.takes_reports
    return " and ".join(role for role, plays in (("SCP", asked), ("SCU", told)) if plays)


def _web_service(receiver: StowReceiver) -> Value:
    """Of an origin server of the Studies service (PS3.18 10)."""
    return {
        "receiver": receiver.name,
        "bind": receiver.bind,
        "port": receiver.port,
        "paths": [f"{receiver.path}/studies", f"{receiver.path}/studies/{{StudyInstanceUID}}"],
        "transactions": ["Store"],
        "media_types": [media.DICOM, f'{media.MULTIPART}; type="{media.DICOM}"'],
        "response_media_types": [media.JSON, media.XML],
        "authorization": "bearer token" if receiver.token else None,
        "tls": _server_tls(receiver),
        "connections": receiver.connections,
        "connections_per_address": receiver.per_address,
    }


def _server_tls(receiver: DicomReceiver | StowReceiver) -> Value | None:
    tls = receiver.tls
    if tls is None:
        return None
    return {
        "profile": tls.profile.value,
        "client_certificates": tls.client_ca is not None,
        "revocation_lists": tls.client_crl is not None,
    }


def _requestor(destination: DicomDestination) -> Value:
    return {
        "destination": destination.name,
        "host": destination.host,
        "port": destination.port,
        "calling_ae_title": destination.calling_aet,
        "called_ae_title": destination.aet,
        "associations": destination.associations,
        "max_pdu": (destination.terms and destination.terms.max_pdu) or destination.max_pdu,
        "tls": destination.tls
        and {
            "profile": destination.tls.profile.value,
            "certificate": destination.tls.certificate is not None,
            "peer_name": destination.tls.name or destination.host,
        },
        "user_identity": _kind(destination.user),
        "storage_commitment": destination.commitment
        and {
            "after_seconds": destination.commitment.after.total_seconds(),
            "timeout_seconds": destination.commitment.timeout.total_seconds(),
        },
        "contexts": [_proposed(each) for each in proposed_to(destination)],
    }


def _kind(user: User | None) -> str | None:
    if user is None:
        return None
    return "name and passcode" if user.passcode else "name"


def _proposed(proposed: Proposed) -> Value:
    return {
        "abstract_syntax": _uid(proposed.abstract_syntax),
        "ways": [
            {
                "instance_in": _uid(syntax) if syntax else None,
                "proposed": [[_uid(uid) for uid in cx] for cx in contexts],
            }
            for syntax, contexts in proposed.ways
        ],
        "role": "SCU",
        "extended_negotiation": None,
    }


def _uid(uid: str) -> dict[str, str]:
    return {"uid": uid, "name": uid_name(uid)}
