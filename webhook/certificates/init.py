"""`graphgate certs init`: a CA and a server certificate in four files.

What does not belong here: renewing what is there already.
"""

from datetime import datetime, timedelta
from pathlib import Path

from webhook.certificates.files import write
from webhook.certificates.minting import mint_authority, mint_server, server_names
from webhook.certificates.renewal import AUTHORITY_LIFETIME
from webhook.errors import InvalidCertificate

FILES = ("ca.crt", "ca.key", "tls.crt", "tls.key")
"""What is written: the names that Kubernetes and cert-manager use in a TLS Secret, and ca.key."""


def init(
    out: Path,
    *,
    now: datetime,
    service: str = "graphgate",
    namespace: str = "graphgate-system",
    lifetime: timedelta = AUTHORITY_LIFETIME,
    overwrite: bool = False,
) -> list[Path]:
    """Mint a CA and a server certificate for a Service, write them to `out`, return the paths.

    Both last for `lifetime`: nobody renews by itself what was made by hand, and an expired
    certificate refuses every write in the cluster. The private keys can be read by their owner
    only. `now` is an aware datetime.

    Raises InvalidCertificate, and then writes nothing, if one of the files is there already and
    `overwrite` is false, if a name is no DNS label, or if a file cannot be written.
    """
    there = [name for name in FILES if (out / name).exists()]
    if there and not overwrite:
        raise InvalidCertificate(
            f"{out} holds {', '.join(there)} already: name another folder with --out, "
            "or replace all four files with --force"
        )
    names = server_names(service, namespace)
    authority = mint_authority(now, lifetime)
    server = mint_server(authority, names, now, lifetime)
    contents = (authority.certificate, authority.key, server.certificate, server.key)
    return write(out, dict(zip(FILES, contents, strict=True)))
