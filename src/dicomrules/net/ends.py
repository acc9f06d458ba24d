"""Until when certificates and revocation lists are good (RFC 5280 4.1.2.5, 5.1.2.5): after that nobody gets through."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from dicomrules.model.security import ClientTls, End, ServerTls

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def ends(tls: ServerTls | ClientTls) -> Iterator[End]:
    """Of each file that `tls` names, when it will no longer do.

    Our own chain and revocation lists: with the first of them that ends. Authorities: with the last, because those that
    were replaced often stay in the file. A file that cannot be read is passed over: `tls.context` says what is wrong.
    """
    if tls.certificate is not None:
        yield from _end("certificate", tls.certificate)
    if isinstance(tls, ServerTls):
        if tls.client_ca is not None:
            yield from _end("authority", tls.client_ca)
        if tls.client_crl is not None:
            yield from _end("revocation list", tls.client_crl)
    elif tls.ca is not None:
        yield from _end("authority", tls.ca)


def _end(what: str, path: Path) -> Iterator[End]:
    try:
        status = path.stat()
        at = _read(what, path, (status.st_ino, status.st_size, status.st_mtime_ns))
    except (OSError, ValueError):
        return
    if at is not None:
        yield End(what, path, at)


@lru_cache(maxsize=256)
def _read(what: str, path: Path, _: tuple[int, int, int]) -> datetime | None:
    """Read anew when the file has changed; whoever looks each second need not parse it each second."""
    from cryptography import x509  # 10 MB, for those alone who use TLS

    pem = path.read_bytes()
    if what == "revocation list":
        lists = [x509.load_pem_x509_crl(one) for one in _LIST.findall(pem)]
        return min((one.next_update_utc for one in lists if one.next_update_utc is not None), default=None)
    found = [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(pem)]
    return max(found) if what == "authority" else min(found)
