"""Where `serve` and `certs` find the certificates that graphgate renews itself."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from webhook.cli.cluster_options import Connection

if TYPE_CHECKING:
    from webhook.certificates.rotation.rotator import CertificateRotator

F = TypeVar("F", bound=Callable[..., Any])


def installation_options(command: F) -> F:
    """Add --namespace and --name, which select the installation."""
    for option in (
        click.option(
            "--name",
            metavar="NAME",
            default="graphgate",
            show_default=True,
            help="The Service and both webhook configurations; the Secret is NAME-certificate.",
        ),
        click.option(
            "--namespace",
            "-n",
            metavar="NAMESPACE",
            help="Namespace of the Service and the Secret. [default: the pod's, or the context's]",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def managed_certificate(
    cluster: Connection, namespace: str | None, name: str
) -> Iterator["CertificateRotator"]:
    """Keep an installation's certificates current; the private files are deleted at the end.

    Raises KubeApiUnavailableError if there are no credentials for any cluster.
    """
    from webhook.certificates.rotation.observe import WebhookInstallation
    from webhook.certificates.rotation.rotator import CertificateRotator

    transport = cluster.open()
    installation = WebhookInstallation(namespace or transport.namespace, name)
    identity = f"{socket.gethostname()}-{os.getpid()}"
    # In a pod, TMPDIR is a volume in memory: the key is never on a disk.
    with (
        tempfile.TemporaryDirectory(prefix="graphgate-") as folder,
        CertificateRotator(transport, installation, Path(folder), identity=identity) as rotator,
    ):
        yield rotator
