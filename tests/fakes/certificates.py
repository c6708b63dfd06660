"""Certificates: made by the openssl program, each its own authority."""

import shutil
import ssl
import subprocess
from pathlib import Path


def openssl_missing() -> str:
    """Return why no certificate can be made, or nothing."""
    return "" if shutil.which("openssl") else "the openssl program is not installed"


class Certificate:
    """A certificate for localhost and 127.0.0.1: `file` is for those who trust it, `server` for the CDN that shows it.

    An `expired` one was valid on one day in 2020.
    """

    def __init__(self, folder: Path, *, expired: bool = False) -> None:
        folder.mkdir()
        self.file, key, request = folder / "certificate.pem", folder / "key.pem", folder / "names.cnf"
        request.write_text(
            "[ca]\ndefault_ca=one\n[one]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
            "x509_extensions=names\nunique_subject=no\n[any]\ncommonName=supplied\n"
            "[names]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:TRUE\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        dates = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] if expired else ["-days", "2"]
        new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -out request.pem -keyout"
        sign = f"ca -batch -selfsign -notext -config {request.name} -in request.pem -out {self.file.name} -keyfile"
        for words in ([*new.split(), key.name], [*sign.split(), key.name, *dates]):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.server.load_cert_chain(self.file, key)

    def trusting(self) -> ssl.SSLContext:
        """Return the context of a client that trusts it."""
        return ssl.create_default_context(cafile=str(self.file))
