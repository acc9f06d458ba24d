"""TLS profiles of PS3.15 as ssl contexts, made of files, and made anew when the files change.

Both profiles: TLS 1.2 and 1.3 (preferred), cipher suites with forward secrecy and authenticated encryption only, keys
of at least 2048 bits RSA or 256 bits elliptic curve and no SHA-1 (OpenSSL's security level 2), no compression, no
renegotiation. Nothing is resumed: every handshake looks at the certificates as they are now.
"""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dicomrules.model.security import ClientTls, ServerTls, TlsProfile

# For TLS 1.2, best first; those of TLS 1.3 are OpenSSL's own, which both profiles allow.
_RECOMMENDED = (  # RFC 9325 4.2
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
_PERMITTED = (  # PS3.15 B.13, without the suites that OpenSSL does not have (Camellia) or that have short tags (CCM_8)
    *_RECOMMENDED[:2],
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-CCM",
    *_RECOMMENDED[2:],
    "ECDHE-ECDSA-AES128-CCM",
)
SUITES = {TlsProfile.BCP195: _RECOMMENDED, TlsProfile.MODIFIED: _PERMITTED}


# Inode, size and time of the last change of a file; None: it is not there.
_State = tuple[int, int, int] | None


class Unusable(Exception):
    """Certificates or keys that no context can be made of. The text names the file and what to do."""


class Secured:
    """The ssl context of one port or destination. `tell` hears, once, why changed files were not taken."""

    def __init__(self, tls: ServerTls | ClientTls, tell: Callable[[str], None] | None = None) -> None:
        """Nothing is read before the first context is asked for."""
        self.tls = tls
        self._tell = tell
        self._seen: list[_State] = []
        self._context: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        """The name that the certificate of the peer must have; empty: the host that is called."""
        return self.tls.name if isinstance(self.tls, ClientTls) else ""

    def context(self) -> ssl.SSLContext:
        """The context of the files as they are now; where those cannot be used, the one before. Raises Unusable when
        there is none.
        """
        now = self._look()
        if self._context is None or now != self._seen:
            self._seen = now  # a file that is half written will change again
            try:
                self._context = context(self.tls)
            except Unusable as problem:
                if self._context is None:
                    raise
                if self._tell is not None:
                    self._tell(str(problem))
        return self._context

    def _look(self) -> list[_State]:
        """What tells one state of the files from another."""
        found: list[_State] = []
        for path in _files(self.tls):
            status = None
            with suppress(OSError):
                status = os.stat(path)
            found.append(status and (status.st_ino, status.st_size, status.st_mtime_ns))
        return found


def context(tls: ServerTls | ClientTls) -> ssl.SSLContext:
    """The ssl context of one side. Raises Unusable."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if isinstance(tls, ServerTls) else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(":".join(SUITES[tls.profile]) + ":@SECLEVEL=2")
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    if tls.certificate is not None:
        _identify(made, tls.certificate, tls.key or tls.certificate)
    if isinstance(tls, ServerTls):
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        made.num_tickets = 0
        if tls.client_ca is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            _trust(made, tls.client_ca)
        if tls.client_crl is not None:
            made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
            _revoke(made, tls.client_crl)
    elif tls.ca is not None:
        _trust(made, tls.ca)
    else:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return made


def names_shown(sock: socket.socket | None) -> frozenset[str] | None:
    """The names that the peer's certificate is for, in lower case: common names of its subject, DNS names and addresses
    of its Subject Alternative Name (RFC 5280 4.2.1.6). None: none was asked for, or there is no TLS.
    """
    shown = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    if not shown:
        return None
    subject: Any = shown.get("subject", ())
    alternative: Any = shown.get("subjectAltName", ())
    names = [value for part in subject for kind, value in part if kind == "commonName"]
    names += [value for kind, value in alternative if kind in ("DNS", "IP Address")]
    return frozenset(map(str.lower, names))


def words(error: BaseException) -> str:
    """What went wrong in a handshake, in words that hold nothing of what the peer sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNJUDGED.get(error.verify_code) or f"its certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError | ConnectionError) and not isinstance(error, ConnectionAbortedError):
        return "the connection was closed in the middle of the TLS handshake"
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return "the TLS handshake did not end in time"
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    known = _REASONS.get(reason or "")
    plain = (reason or type(error).__name__).lower().replace("_", " ")
    if known is None and reason and "ALERT" in reason:
        known = "the peer broke off"
    return f"{known} ({plain})" if known else plain


_UNJUDGED = {  # X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED
    3: "its certificate is refused: `client_crl` has no revocation list of the authority that signed it",
    12: "its certificate is refused: the revocation list in `client_crl` is out of date, put a new one in its place",
}

_REASONS = {
    "WRONG_VERSION_NUMBER": "the peer does not speak TLS here",
    "HTTP_REQUEST": "the peer does not speak TLS here",
    "UNSUPPORTED_PROTOCOL": "no version of TLS in common: 1.2 and 1.3 are allowed",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no version of TLS in common: 1.2 and 1.3 are allowed",
    "NO_SHARED_CIPHER": "no cipher suite of the profile in common",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "no cipher suite in common, or it asks for a certificate",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it has shown no certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it asks for a certificate: say `certificate` and `key`",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not know who signed our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it refuses our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it refuses our certificate",
}


def _identify(made: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        _must_open(path)
    try:
        made.load_cert_chain(certificate, key, password="")  # never ask for one at a terminal
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Unusable(f"the key {key} does not belong to the certificate {certificate}") from error
        if error.reason in ("EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CA_KEY_TOO_SMALL"):
            raise Unusable(f"the certificate {certificate} is too weak: {_reason(error)}") from error
        text = f"{certificate} and {key} are no certificate and key in PEM without a passphrase: {_reason(error)}"
        raise Unusable(text) from error


def _trust(made: ssl.SSLContext, authorities: Path) -> None:
    _must_open(authorities)
    try:
        made.load_verify_locations(authorities)
    except ssl.SSLError as error:
        raise Unusable(f"{authorities} holds no certificates in PEM: {_reason(error)}") from error


def _revoke(made: ssl.SSLContext, revoked: Path) -> None:
    """What OpenSSL calls locations to verify may be revocation lists, in PEM only."""
    _must_open(revoked)
    before = made.cert_store_stats()["crl"]
    with suppress(ssl.SSLError):
        made.load_verify_locations(revoked)
    if made.cert_store_stats()["crl"] == before:
        text = f"{revoked} holds no revocation list in PEM: one in DER becomes one by openssl crl -inform DER"
        raise Unusable(text)


def _must_open(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {(error.strerror or '').lower()}") from error


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "not PEM").lower().replace("_", " ")


def _files(tls: ServerTls | ClientTls) -> Iterator[Path]:
    others = (tls.client_ca, tls.client_crl) if isinstance(tls, ServerTls) else (tls.ca,)
    yield from (path for path in (tls.certificate, tls.key, *others) if path is not None)
