"""Certificates for tests: an authority of our own, made by openssl."""

from pathlib import Path

from tests.peers.running import need, run

_CONFIG = """\
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
default_crl_days = 365
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """Signs certificates and takes them back; `pem` is its own."""

    def __init__(self, folder: Path, name: str = "Test Authority"):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._openssl = need("openssl")
        self.pem, self._key = folder / "ca.pem", folder / "ca.key"
        (folder / "ca.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "index.txt").touch()
        (folder / "serial").write_text("1000")
        self._openssl_run(
            "req", "-x509", *self._new_key(self._key), "-days", "3650", "-subj", f"/CN={name}", "-out", self.pem
        )

    def sign(
        self, name: str, alternative: str = "", expired: bool = False, bits: int = 0, until: str = "20991231235959Z"
    ) -> tuple[Path, Path]:
        """A certificate and its key; `alternative` as openssl writes it, such as `IP:127.0.0.1,DNS:localhost`.

        `until` is when it ends, as openssl writes it. `bits` asks for an RSA key of that length; without, it is one of
        a curve, which is made faster.
        """
        certificate, key, request = (self._folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        extension = ("-addext", f"subjectAltName={alternative}") if alternative else ()
        self._openssl_run("req", *self._new_key(key, bits), "-subj", f"/CN={name}", *extension, "-out", request)
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z" if expired else until)
        signing = ("ca", "-batch", "-notext", "-config", self._folder / "ca.cnf", "-cert", self.pem)
        self._openssl_run(*signing, "-keyfile", self._key, *dates, "-in", request, "-out", certificate)
        return certificate, key

    def revoke(self, *certificates: Path, over: bool = False) -> Path:
        """A revocation list of all certificates that were taken back, now with these; `over`: it is out of date."""
        issuing = ("ca", "-config", self._folder / "ca.cnf", "-cert", self.pem, "-keyfile", self._key)
        for certificate in certificates:
            self._openssl_run(*issuing, "-revoke", certificate)
        dates = ("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z") if over else ()
        self._openssl_run(*issuing, "-gencrl", *dates, "-out", self._folder / "ca.crl")
        return self._folder / "ca.crl"

    def _new_key(self, key: Path, bits: int = 0) -> tuple[object, ...]:
        kind = ("rsa:" + str(bits),) if bits else ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        return ("-newkey", *kind, "-nodes", "-keyout", key)

    def _openssl_run(self, *words: object) -> None:
        run(self._openssl, *map(str, words))
