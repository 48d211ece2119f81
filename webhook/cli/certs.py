"""`graphgate certs`: make and look at the certificates of the webhook server."""

from datetime import UTC, datetime
from pathlib import Path

import click

from webhook.errors import InvalidCertificate


@click.group("certs")
def certs_command() -> None:
    """Make certificates, or look at them."""


@certs_command.command("init")
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
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def init_command(out: Path, service: str, namespace: str, force: bool) -> None:
    """Mint a CA and a certificate for the webhook's Service and for loopback."""
    from webhook.certificates.init import init

    written = init(
        out, now=datetime.now(UTC), service=service, namespace=namespace, overwrite=force
    )
    for path in written:
        click.echo(f"wrote {path}")


@certs_command.command("inspect")
@click.option(
    "--tls-cert", type=click.Path(path_type=Path), default=Path("certs/tls.crt"), show_default=True
)
@click.option(
    "--tls-key", type=click.Path(path_type=Path), default=Path("certs/tls.key"), show_default=True
)
@click.option("--ca", type=click.Path(path_type=Path), help="The CA that clients trust.")
def inspect_command(tls_cert: Path, tls_key: Path, ca: Path | None) -> None:
    """Say what a certificate is and whether it can serve; exit 1 if it cannot."""
    from webhook.certificates import files, inspection

    try:
        bundle = None if ca is None else ca.read_bytes()
    except OSError as error:
        raise InvalidCertificate(f"{ca} cannot be read: {error.strerror}") from error
    found = inspection.inspect(files.read(tls_cert, tls_key), datetime.now(UTC), bundle=bundle)
    click.echo(str(found))
    raise SystemExit(1 if found.problems else 0)
