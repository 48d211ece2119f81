"""Where the certificates of an installation are, and what is there at one moment.

Belongs here: names, paths, and reading. Does not belong here: what is changed (`apply`), what
the bytes in the Secret mean (`secret`).
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from webhook.certificates.issue import server_names
from webhook.certificates.parse import fingerprint, load_certificates
from webhook.certificates.rotation.secret import CertificateSecret, decode_secret
from webhook.errors import CertificateError
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import ADMISSION_REGISTRATION_API_VERSION
from webhook.kube import Transport, collection_path, get

_WEBHOOK_CONFIGURATION_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True, slots=True)
class WebhookInstallation:
    """Where everything is.

    namespace  of the Service and the Secret
    name       of the Service and of both webhook configurations; the Secret has a suffix
    """

    namespace: str
    name: str

    @property
    def secret_name(self) -> str:
        """The name of the Secret, and of the Lease of its writer."""
        return f"{self.name}-certificate"

    @property
    def secret_path(self) -> str:
        """The path of the Secret in the API."""
        return f"{collection_path('v1', 'Secret', self.namespace)}/{self.secret_name}"

    @property
    def subject_alt_names(self) -> tuple[str, ...]:
        """What the server is called by."""
        return server_names(self.name, self.namespace)


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What is in the cluster at one moment.

    raw_secret              as it is, with its version
    certificates            what it holds
    webhook_configurations  both webhook configurations, as they are
    """

    raw_secret: Mapping[str, Any]
    certificates: CertificateSecret
    webhook_configurations: tuple[Mapping[str, Any], ...]

    def named_ca_bundles(self, installation: WebhookInstallation) -> list[tuple[str, bytes]]:
        """Return name and caBundle of each of graphgate's webhooks, b"" if there is none."""
        return [
            (get_str(webhook, "name"), _ca_bundle(webhook))
            for configuration in self.webhook_configurations
            for _, webhook in webhooks_of(configuration, installation)
        ]

    def ca_bundles(self, installation: WebhookInstallation) -> list[bytes]:
        """Return the caBundle of each of our webhooks."""
        return [bundle for _, bundle in self.named_ca_bundles(installation)]


def observe(transport: Transport, installation: WebhookInstallation) -> ClusterState:
    """Read everything. Raises CertificateError if an object is missing, KubeApiUnavailableError."""
    secret = _get_required(
        transport, installation.secret_path, f"Secret {installation.secret_name}"
    )
    configurations = []
    for kind in _WEBHOOK_CONFIGURATION_KINDS:
        path = f"{collection_path(ADMISSION_REGISTRATION_API_VERSION, kind)}/{installation.name}"
        configuration = _get_required(transport, path, f"{kind} {installation.name}")
        if not any(webhooks_of(configuration, installation)):
            raise CertificateError(
                f"no webhook of {kind} {installation.name} calls the Service {installation.name} "
                f"in {installation.namespace}, so there is no caBundle to set"
            )
        configurations.append(configuration)
    return ClusterState(secret, decode_secret(secret), tuple(configurations))


def _get_required(transport: Transport, path: str, description: str) -> dict[str, Any]:
    obj = get(transport, path)
    if obj is None:
        raise CertificateError(
            f"{description} not found; install graphgate again (helm upgrade, kubectl apply) to "
            "create it"
        )
    return obj


def webhooks_of(
    configuration: Mapping[str, Any], installation: WebhookInstallation
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield index and webhook of those that call our Service."""
    for index, webhook in iter_mappings(configuration, "webhooks"):
        service = get_mapping(get_mapping(webhook, "clientConfig"), "service")
        if (get_str(service, "namespace"), get_str(service, "name")) == (
            installation.namespace,
            installation.name,
        ):
            yield index, webhook


def _ca_bundle(webhook: Mapping[str, Any]) -> bytes:
    try:
        return b64decode(get_str(get_mapping(webhook, "clientConfig"), "caBundle"), validate=True)
    except ValueError:
        return b""


def cas_in_bundle(bundle: bytes, *, valid_at: datetime | None = None) -> dict[str, bytes]:
    """Return the CAs of a caBundle by fingerprint; none of one that cannot be read."""
    try:
        certificates = load_certificates(bundle, "the caBundle") if bundle else []
    except CertificateError:
        return {}
    return {
        fingerprint(certificate): certificate.public_bytes(Encoding.PEM)
        for certificate in certificates
        if valid_at is None or certificate.not_valid_after_utc > valid_at
    }
