"""`graphgate certs`: create and inspect the certificates of the webhook server."""

from datetime import UTC, datetime
from pathlib import Path

import click

from webhook.cli.certificate_options import installation_options
from webhook.cli.cluster_options import Connection, connection_options
from webhook.cli.examples import examples
from webhook.cli.standard_output import write_line, write_text
from webhook.errors import CertificateError
from webhook.files import MAX_PEM_BYTES, read_file


@click.group(
    "certs",
    epilog=examples(
        "graphgate certs init",
        "graphgate certs inspect --tls-cert certs/tls.crt --tls-key certs/tls.key",
    ),
)
def certs_command() -> None:
    """Create, inspect and rotate certificates."""


@certs_command.command(
    "init",
    epilog=examples(
        "graphgate certs init",
        "graphgate certs init --out webhook-certs --force",
    ),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("certs"),
    show_default=True,
    help="Folder for ca.crt, ca.key, tls.crt and tls.key.",
)
@click.option("--service", default="graphgate", show_default=True, help="Name of the Service.")
@click.option(
    "--namespace", default="graphgate-system", show_default=True, help="Namespace of the Service."
)
@click.option("--force", is_flag=True, help="Replace existing files.")
def init_command(out: Path, service: str, namespace: str, force: bool) -> None:
    """Create a CA and a certificate for the webhook.

    The certificate is for the webhook's Service and for loopback.
    """
    from webhook.certificates.init import init_certificates

    paths = init_certificates(
        out, now=datetime.now(UTC), service=service, namespace=namespace, overwrite=force
    )
    for path in paths:
        write_line(f"wrote {path}")


@certs_command.command(
    "inspect",
    epilog=examples(
        "graphgate certs inspect --tls-cert certs/tls.crt --tls-key certs/tls.key",
        "graphgate certs inspect --ca certs/ca.crt",
    ),
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.crt"),
    show_default=True,
    help="PEM file of the certificate and its chain.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.key"),
    show_default=True,
    help="PEM file of its key.",
)
@click.option("--ca", type=click.Path(path_type=Path), help="The CA that clients trust.")
def inspect_command(tls_cert: Path, tls_key: Path, ca: Path | None) -> None:
    """Show a certificate and whether it can serve.

    Exit 0: it can serve, 1: it cannot.
    """
    from webhook.certificates import files, verify

    try:
        bundle = None if ca is None else read_file(ca, MAX_PEM_BYTES)
    except OSError as error:
        raise CertificateError(f"{ca} cannot be read: {error.strerror}") from error
    inspection_result = verify.inspect(
        files.read_pair(tls_cert, tls_key), datetime.now(UTC), bundle=bundle
    )
    write_text(f"{inspection_result}\n")
    raise SystemExit(1 if inspection_result.problems else 0)


@certs_command.command(
    "rotate",
    epilog=examples(
        "graphgate certs rotate", "graphgate certs rotate --rotate-ca --namespace graphgate-system"
    ),
)
@click.option(
    "--rotate-ca",
    is_flag=True,
    help="Create a new CA as well; it signs after an hour, when every API server trusts it.",
)
@installation_options
@connection_options
def rotate_command(
    rotate_ca: bool,
    namespace: str | None,
    name: str,
    cluster: Connection,
) -> None:
    """Renew the managed certificate now.

    It is the one that `serve --cert-source=managed` would renew before it expires.
    """
    from webhook.certificates.rotation.apply import Rotation
    from webhook.certificates.rotation.observe import WebhookInstallation

    transport = cluster.open()
    installation = WebhookInstallation(namespace or transport.namespace, name)
    rotation = Rotation(transport, installation, now=lambda: datetime.now(UTC))
    for step in rotation.force_renew(rotate_ca=rotate_ca):
        write_line(f"{step.action} {step.ca_fingerprint}".rstrip())
    if rotate_ca:
        write_line("the new CA starts to sign in an hour; the old one is removed an hour later")
