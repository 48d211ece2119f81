"""Mint a CA and the server certificates it signs.

ECDSA on P-256 with SHA-256: issued in 9 ms where RSA takes 111, and every API server verifies it.
Each certificate has what strict verifiers require (RFC 5280): basic constraints, key usage,
subject and authority key identifiers, and names as subject alternative names, since Go ignores
the common name.

What does not belong here: when to issue (`certificates.rotation.plan`), where to keep it (`files`).
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import is_ca, load_certificates, load_key
from webhook.certificates.rotation.plan import BACKDATE, CA_LIFETIME, SERVER_CERT_LIFETIME
from webhook.errors import CertificateError
from webhook.graph.well_known import CLUSTER_DOMAIN

# Longer is a typing error; it also keeps far from the year 9999, where ASN.1 times end.
_MAX_LIFETIME = timedelta(days=36500)
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")


def server_names(service: str, namespace: str) -> tuple[str, ...]:
    """Return every name the server is called by.

    The API server calls `<service>.<namespace>.svc`; the others are for people and tests.
    Raises CertificateError if one of the two is not a DNS label (RFC 1123).
    """
    for what, name in (("service", service), ("namespace", namespace)):
        if not _DNS_LABEL.match(name):
            raise CertificateError(
                f'the {what} "{name}" is not a DNS label: use up to 63 lower-case letters, digits '
                "and dashes, starting and ending with a letter or digit"
            )
    host = f"{service}.{namespace}"
    return (service, host, f"{host}.svc", f"{host}.{CLUSTER_DOMAIN}", *LOOPBACK_NAMES)


LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names of a server on the same machine: port-forwards, tests, `make demo`."""


def issue_ca(now: datetime, lifetime: timedelta = CA_LIFETIME) -> KeyPair:
    """Mint a CA that may sign server certificates, and no further CA.

    now is an aware datetime. Raises CertificateError if `lifetime` is not 0 to 100 years.
    """
    _check_lifetime(lifetime)
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # Two CAs are in one bundle during a rotation: the serial distinguishes them for people.
    ca_name = _common_name(f"graphgate CA {serial & 0xFFFFFFFF:08x}")
    builder = (
        _certificate_builder(ca_name, ca_name, key.public_key(), serial)
        .not_valid_before(_truncate_to_second(now - BACKDATE))
        .not_valid_after(_truncate_to_second(now + lifetime))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    return _encode_pair(builder.sign(key, hashes.SHA256()), key, "ca")


def issue_server_cert(
    ca: KeyPair,
    names: Iterable[str],
    now: datetime,
    lifetime: timedelta = SERVER_CERT_LIFETIME,
) -> KeyPair:
    """Mint a server certificate for `names` (DNS names or IP addresses), signed by `authority`.

    It never outlives its CA: the end is cut to the CA's. `now` is an aware datetime.
    Raises CertificateError if the CA cannot be read, has expired or may not sign, if there is
    no name, or if `lifetime` is not 0 to 100 years.
    """
    _check_lifetime(lifetime)
    alt_names = [_general_name(name) for name in names]
    if not alt_names:
        raise CertificateError(
            "a server certificate needs at least one subject alternative name: API servers "
            "ignore the common name"
        )
    ca_certificate = load_certificates(ca.certificate, ca.certificate_name)[0]
    ca_key = _load_signing_key(ca_certificate, ca, now)
    key = ec.generate_private_key(ec.SECP256R1())
    not_after = min(_truncate_to_second(now + lifetime), ca_certificate.not_valid_after_utc)
    builder = (
        _certificate_builder(
            _common_name("graphgate webhook"), ca_certificate.subject, key.public_key()
        )
        .not_valid_before(
            max(_truncate_to_second(now - BACKDATE), ca_certificate.not_valid_before_utc)
        )
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alt_names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    return _encode_pair(builder.sign(ca_key, hashes.SHA256()), key, "tls")


def _check_lifetime(lifetime: timedelta) -> None:
    if not timedelta(0) < lifetime <= _MAX_LIFETIME:
        raise CertificateError(
            f"a certificate cannot be valid for {lifetime.days} days: choose 1 to "
            f"{_MAX_LIFETIME.days}"
        )


def _load_signing_key(
    ca_certificate: x509.Certificate, ca: KeyPair, now: datetime
) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """Return the key of a CA that can sign something which will be believed."""
    name = ca.certificate_name
    if not is_ca(ca_certificate):
        raise CertificateError(f"{name} is not a CA: it may not sign certificates")
    if ca_certificate.not_valid_after_utc <= now:
        raise CertificateError(
            f"the CA {name} expired on {ca_certificate.not_valid_after_utc:%Y-%m-%d}: create a "
            "new one"
        )
    key = load_key(ca.key, ca.key_name)
    if key.public_key() != ca_certificate.public_key():
        raise CertificateError(f"{ca.key_name} does not belong to {name}")
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CertificateError(f"{ca.key_name} is neither an ECDSA nor an RSA key")
    return key


def _certificate_builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return what the key is for: a CA signs certificates, a server signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not all(_DNS_LABEL.match(label) for label in name.split(".")):
        raise CertificateError(f'"{name}" is neither a DNS name nor an IP address')
    return x509.DNSName(name)


def _common_name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _truncate_to_second(time: datetime) -> datetime:
    """X.509 times have whole seconds; cut here, so that comparisons are exact."""
    return time.replace(microsecond=0)


def _encode_pair(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, name: str
) -> KeyPair:
    return KeyPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate_name=f"{name}.crt",
        key_name=f"{name}.key",
    )
