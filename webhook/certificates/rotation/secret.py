"""What the Secret of the certificates holds: its bytes as values, and back.

    tls.crt, tls.key   the certificate that every replica serves
    ca.crt             the CAs that may be trusted, oldest first
    ca.key             their keys, in the same order
    graphgate.io/ca-published-at (annotation)  by fingerprint, since when every caBundle has it

One object, so that a change is all or nothing, and two writers at once are distinguished by its
resourceVersion. Whatever is in it that cannot be read counts as absent and is made again.

Belongs here: reading and writing that object. Does not belong here: when anything is made
(`plan`), and how it is sent (`apply`).
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import fingerprint, is_ca, load_certificates, load_key, public_key
from webhook.certificates.rotation.plan import CertificateInfo
from webhook.certificates.verify import inspect
from webhook.errors import CertificateError
from webhook.graph.model import get_mapping, get_str

CA_PUBLISHED_AT_ANNOTATION = "graphgate.io/ca-published-at"

_PRIVATE_KEY_PEM = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class CertificateSecret:
    """What is held.

    cas           CAs with their keys, oldest first
    server_cert   the certificate that is served; None: none that could be
    published_at  fingerprint of a CA → since when it is in every caBundle
    """

    cas: tuple[KeyPair, ...] = ()
    server_cert: KeyPair | None = None
    published_at: Mapping[str, datetime] = field(default_factory=dict)


def decode_secret(secret: Mapping[str, Any]) -> CertificateSecret:
    """Return what a Secret holds; never raises, however little of it can be read."""
    data = get_mapping(secret, "data")
    annotations = get_mapping(get_mapping(secret, "metadata"), "annotations")
    return CertificateSecret(
        cas=tuple(_decode_cas(_decode_base64(data, "ca.crt"), _decode_base64(data, "ca.key"))),
        server_cert=_decode_server_cert(
            _decode_base64(data, "tls.crt"), _decode_base64(data, "tls.key")
        ),
        published_at=_decode_times(get_str(annotations, CA_PUBLISHED_AT_ANNOTATION)),
    )


def encode_secret(secret: Mapping[str, Any], certificates: CertificateSecret) -> dict[str, Any]:
    """Return a copy of a Secret that holds `holding`; the rest of it stays, its version too."""
    metadata = get_mapping(secret, "metadata")
    published_at = {
        name: time.isoformat() for name, time in sorted(certificates.published_at.items())
    }
    cas = certificates.cas
    contents = {
        "ca.crt": b"".join(pair.certificate for pair in cas),
        "ca.key": b"".join(pair.key for pair in cas),
        "tls.crt": certificates.server_cert.certificate if certificates.server_cert else b"",
        "tls.key": certificates.server_cert.key if certificates.server_cert else b"",
    }
    encoded = {name: b64encode(content).decode() for name, content in contents.items()}
    return {
        **secret,
        "metadata": {
            **metadata,
            "annotations": {
                **get_mapping(metadata, "annotations"),
                CA_PUBLISHED_AT_ANNOTATION: json.dumps(published_at),
            },
        },
        "data": {**get_mapping(secret, "data"), **encoded},
    }


def certificate_info(pair: KeyPair) -> CertificateInfo:
    """Return what decisions need of a certificate. Raises CertificateError."""
    certificate = load_certificates(pair.certificate, pair.certificate_name)[0]
    return CertificateInfo(
        fingerprint(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def issuing_ca_fingerprint(server: KeyPair, cas: tuple[KeyPair, ...], now: datetime) -> str:
    """Return the fingerprint of the CA among `authorities` that signed `server`; "" if none."""
    for ca in reversed(cas):
        if inspect(server, now, bundle=ca.certificate).chain is not None:
            return certificate_info(ca).fingerprint
    return ""


def _decode_cas(certificates: bytes, keys: bytes) -> Iterator[KeyPair]:
    """Yield each CA whose key is there too, oldest first."""
    if not certificates:
        return
    try:
        loaded = load_certificates(certificates, "ca.crt")
    except CertificateError:
        return
    key_pairs = [*_decode_keys(keys)]
    for certificate in sorted(loaded, key=lambda candidate: candidate.not_valid_before_utc):
        public = public_key(certificate)
        pem = next((pem for pem, known_public_key in key_pairs if known_public_key == public), None)
        if pem is not None and is_ca(certificate):
            content = certificate.public_bytes(Encoding.PEM)
            yield KeyPair(content, pem, "ca.crt", "ca.key")


def _decode_keys(keys: bytes) -> Iterator[tuple[bytes, PublicKeyTypes]]:
    """Yield each private key that can be read, with its public one."""
    for pem in _PRIVATE_KEY_PEM.findall(keys):
        try:
            yield pem, load_key(pem, "ca.key").public_key()
        except CertificateError:
            continue


def _decode_server_cert(certificate: bytes, key: bytes) -> KeyPair | None:
    if not (certificate and key):
        return None
    pair = KeyPair(certificate, key, "tls.crt", "tls.key")
    try:
        matches = load_key(key, "tls.key").public_key() == public_key(
            load_certificates(certificate, "tls.crt")[0]
        )
    except CertificateError:
        return None
    return pair if matches else None


def _decode_times(annotation: str) -> dict[str, datetime]:
    try:
        content = json.loads(annotation)
        times = {name: datetime.fromisoformat(value) for name, value in content.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {name: time for name, time in times.items() if time.tzinfo is not None}


def _decode_base64(data: Mapping[str, Any], name: str) -> bytes:
    try:
        return b64decode(get_str(data, name), validate=True)
    except ValueError:
        return b""
