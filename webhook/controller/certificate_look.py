"""Where the certificates of an installation are, and what is there at one moment.

Belongs here: names, paths, and reading. Does not belong here: what is changed (`rotation`), what
the bytes in the Secret mean (`certificate_secret`).
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from webhook.certificates.minting import server_names
from webhook.certificates.parsing import fingerprint, load_certificates
from webhook.cluster import Transport, collection_of, get
from webhook.controller.certificate_secret import Holding, read_secret
from webhook.errors import InvalidCertificate
from webhook.graph.model import mapping, mappings, text

REGISTRATION = "admissionregistration.k8s.io/v1"
_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is.

    namespace  of the Service and the Secret
    name       of the Service and of both webhook configurations; the Secret has a suffix
    """

    namespace: str
    name: str

    @property
    def secret(self) -> str:
        """The name of the Secret; also that of the Lease of whoever writes it."""
        return f"{self.name}-certificate"

    @property
    def secret_path(self) -> str:
        """The path of the Secret in the API."""
        return f"{collection_of('v1', 'Secret', self.namespace)}/{self.secret}"

    @property
    def names(self) -> tuple[str, ...]:
        """What the server is called by."""
        return server_names(self.name, self.namespace)


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the cluster at one moment.

    secret          as it is, with its version
    holding         what it holds
    configurations  both webhook configurations, as they are
    """

    secret: Mapping[str, Any]
    holding: Holding
    configurations: tuple[Mapping[str, Any], ...]

    def named_bundles(self, place: Place) -> list[tuple[str, bytes]]:
        """Return each of our webhooks' name and caBundle, b"" where there is none."""
        return [
            (text(webhook, "name"), _bundle(webhook))
            for configuration in self.configurations
            for _, webhook in ours(configuration, place)
        ]

    def bundles(self, place: Place) -> list[bytes]:
        """Return the caBundle of each of our webhooks."""
        return [bundle for _, bundle in self.named_bundles(place)]


def look(transport: Transport, place: Place) -> Found:
    """Read everything. Raises InvalidCertificate if an object is missing, ClusterUnavailable."""
    secret = _require(transport, place.secret_path, f"Secret {place.secret}")
    configurations = []
    for kind in _KINDS:
        path = f"{collection_of(REGISTRATION, kind)}/{place.name}"
        configuration = _require(transport, path, f"{kind} {place.name}")
        if not any(ours(configuration, place)):
            raise InvalidCertificate(
                f"no webhook of {kind} {place.name} calls the Service {place.name} in "
                f"{place.namespace}, so there is no caBundle to write"
            )
        configurations.append(configuration)
    return Found(secret, read_secret(secret), tuple(configurations))


def _require(transport: Transport, path: str, what: str) -> dict[str, Any]:
    found = get(transport, path)
    if found is None:
        raise InvalidCertificate(
            f"there is no {what}; installing graphgate again (helm upgrade, kubectl apply) makes it"
        )
    return found


def ours(configuration: Mapping[str, Any], place: Place) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield index and webhook of those that call our Service."""
    for index, webhook in mappings(configuration, "webhooks"):
        service = mapping(mapping(webhook, "clientConfig"), "service")
        if (text(service, "namespace"), text(service, "name")) == (place.namespace, place.name):
            yield index, webhook


def _bundle(webhook: Mapping[str, Any]) -> bytes:
    try:
        return b64decode(text(mapping(webhook, "clientConfig"), "caBundle"), validate=True)
    except ValueError:
        return b""


def authorities_of(bundle: bytes, *, valid_at: datetime | None = None) -> dict[str, bytes]:
    """Return the CAs of a caBundle by fingerprint; none of one that cannot be read."""
    try:
        certificates = load_certificates(bundle, "the caBundle") if bundle else []
    except InvalidCertificate:
        return {}
    return {
        fingerprint(one): one.public_bytes(Encoding.PEM)
        for one in certificates
        if valid_at is None or one.not_valid_after_utc > valid_at
    }
