"""`graphgate certs init`: a CA and a server certificate in four files.

What does not belong here: renewing what is there already.
"""

from datetime import datetime, timedelta
from pathlib import Path

from webhook.certificates.files import write_files
from webhook.certificates.issue import issue_ca, issue_server_cert, server_names
from webhook.certificates.rotation.plan import CA_LIFETIME
from webhook.errors import CertificateError

FILES = ("ca.crt", "ca.key", "tls.crt", "tls.key")
"""What is written: the names that Kubernetes and cert-manager use in a TLS Secret, and ca.key."""


def init_certificates(
    folder: Path,
    *,
    now: datetime,
    service: str = "graphgate",
    namespace: str = "graphgate-system",
    lifetime: timedelta = CA_LIFETIME,
    overwrite: bool = False,
) -> list[Path]:
    """Mint a CA and a server certificate for a Service, write them to `out`, return the paths.

    Both last for `lifetime`: a certificate made by hand is not renewed, and an expired
    certificate refuses every write in the cluster. The private keys can be read by their owner
    only. `now` is an aware datetime.

    Raises CertificateError, and then writes nothing, if one of the files is there already and
    `overwrite` is false, if a name is not a DNS label, or if a file cannot be written.
    """
    existing = [name for name in FILES if (folder / name).exists()]
    if existing and not overwrite:
        raise CertificateError(
            f"{folder} holds {', '.join(existing)} already: choose another folder with --out, "
            "or replace all four files with --force"
        )
    names = server_names(service, namespace)
    ca = issue_ca(now, lifetime)
    server = issue_server_cert(ca, names, now, lifetime)
    contents = (ca.certificate, ca.key, server.certificate, server.key)
    return write_files(folder, dict(zip(FILES, contents, strict=True)))
