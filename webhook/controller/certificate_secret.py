"""What the Secret of the certificates holds: its bytes as values, and back.

    tls.crt, tls.key   the certificate that every replica serves
    ca.crt             the CAs that may be trusted, oldest first
    ca.key             their keys, in the same order
    graphgate.io/published (annotation)   since when each CA is in every caBundle, by fingerprint

One object, so that a change is all or nothing, and two writers at once are told apart by its
resourceVersion. Whatever is in it that cannot be read counts as absent and is made anew.

Belongs here: reading and writing that object. Does not belong here: when anything is made
(`certificates.renewal`), and how it is sent (`rotation`).
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

from webhook.certificates.inspection import inspect
from webhook.certificates.pair import KeyPair
from webhook.certificates.parsing import (
    fingerprint,
    load_certificates,
    load_key,
    may_sign,
    public_key,
)
from webhook.certificates.renewal import Issued
from webhook.errors import InvalidCertificate
from webhook.graph.model import mapping, text

PUBLISHED = "graphgate.io/published"

_KEYS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held.

    authorities  CAs with their keys, oldest first
    server       the certificate that is served; None: none that could be
    published    fingerprint of a CA → since when it is in every caBundle
    """

    authorities: tuple[KeyPair, ...] = ()
    server: KeyPair | None = None
    published: Mapping[str, datetime] = field(default_factory=dict)


def read_secret(secret: Mapping[str, Any]) -> Holding:
    """Return what a Secret holds; never raises, however little of it can be read."""
    data = mapping(secret, "data")
    annotations = mapping(mapping(secret, "metadata"), "annotations")
    return Holding(
        authorities=tuple(_read_authorities(_bytes(data, "ca.crt"), _bytes(data, "ca.key"))),
        server=_read_server(_bytes(data, "tls.crt"), _bytes(data, "tls.key")),
        published=_read_times(text(annotations, PUBLISHED)),
    )


def write_secret(secret: Mapping[str, Any], holding: Holding) -> dict[str, Any]:
    """Return a copy of a Secret that holds `holding`; the rest of it stays, its version too."""
    metadata = mapping(secret, "metadata")
    times = {name: moment.isoformat() for name, moment in sorted(holding.published.items())}
    pairs = holding.authorities
    contents = {
        "ca.crt": b"".join(pair.certificate for pair in pairs),
        "ca.key": b"".join(pair.key for pair in pairs),
        "tls.crt": holding.server.certificate if holding.server else b"",
        "tls.key": holding.server.key if holding.server else b"",
    }
    encoded = {name: b64encode(content).decode() for name, content in contents.items()}
    return {
        **secret,
        "metadata": {
            **metadata,
            "annotations": {**mapping(metadata, "annotations"), PUBLISHED: json.dumps(times)},
        },
        "data": {**mapping(secret, "data"), **encoded},
    }


def issued(pair: KeyPair) -> Issued:
    """Return what decisions need to know of a certificate. Raises InvalidCertificate."""
    certificate = load_certificates(pair.certificate, pair.certificate_name)[0]
    return Issued(
        fingerprint(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def issuer_of(server: KeyPair, authorities: tuple[KeyPair, ...], now: datetime) -> str:
    """Return the fingerprint of the CA among `authorities` that signed `server`; "" if none."""
    for authority in reversed(authorities):
        if inspect(server, now, bundle=authority.certificate).chain is not None:
            return issued(authority).fingerprint
    return ""


def _read_authorities(certificates: bytes, keys: bytes) -> Iterator[KeyPair]:
    """Yield each CA whose key is there too, oldest first."""
    if not certificates:
        return
    try:
        loaded = load_certificates(certificates, "ca.crt")
    except InvalidCertificate:
        return
    known = [*_read_keys(keys)]
    for certificate in sorted(loaded, key=lambda one: one.not_valid_before_utc):
        public = public_key(certificate)
        pem = next((pem for pem, own in known if own == public), None)
        if pem is not None and may_sign(certificate):
            content = certificate.public_bytes(Encoding.PEM)
            yield KeyPair(content, pem, "ca.crt", "ca.key")


def _read_keys(keys: bytes) -> Iterator[tuple[bytes, PublicKeyTypes]]:
    """Yield each private key that can be read, with its public one."""
    for pem in _KEYS.findall(keys):
        try:
            yield pem, load_key(pem, "ca.key").public_key()
        except InvalidCertificate:
            continue


def _read_server(certificate: bytes, key: bytes) -> KeyPair | None:
    if not (certificate and key):
        return None
    pair = KeyPair(certificate, key, "tls.crt", "tls.key")
    try:
        matches = load_key(key, "tls.key").public_key() == public_key(
            load_certificates(certificate, "tls.crt")[0]
        )
    except InvalidCertificate:
        return None
    return pair if matches else None


def _read_times(annotation: str) -> dict[str, datetime]:
    try:
        found = json.loads(annotation)
        moments = {name: datetime.fromisoformat(value) for name, value in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {name: moment for name, moment in moments.items() if moment.tzinfo is not None}


def _bytes(data: Mapping[str, Any], name: str) -> bytes:
    try:
        return b64decode(text(data, name), validate=True)
    except ValueError:
        return b""
