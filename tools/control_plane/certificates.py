"""Certificates of the tests' control plane, issued for one run and thrown away with it.

Independent of the product's own certificates on purpose: an error there must show in a test,
not in the ground that the test is on. Values in, PEM bytes out; no file is touched.
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Longer than any test run; backdated, because clocks in containers are set while they run.
_VALID = datetime.timedelta(days=7)
_BACKDATED = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair without a certificate, both as PEM."""

    public: bytes
    private: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; `certificate` is what others trust."""

    certificate: bytes
    _x509: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    def mint_server(self, names: Sequence[str]) -> Pair:
        """Mint a serving certificate for host names and IP addresses."""
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        return self._mint(subject, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def mint_client(self, user: str, groups: Sequence[str] = ()) -> Pair:
        """Mint a client certificate: Kubernetes reads CN as the user, each O as a group."""
        subject = x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups),
                x509.NameAttribute(NameOID.COMMON_NAME, user),
            ]
        )
        return self._mint(subject, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _mint(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _begin(subject, self._x509.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))


def create_authority(name: str) -> Authority:
    """Create a self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _begin(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        # Without keyCertSign OpenSSL 3 in strict mode (Python 3.13) refuses the chain.
        .add_extension(_may_sign_certificates(), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(_pem(certificate), certificate, key)


def create_signing_key() -> SigningKey:
    """Create the key pair that service account tokens are signed with."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(public, _key_pem(key))


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _VALID)
    )


def _may_sign_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=False,
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
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # SEC 1 ("BEGIN EC PRIVATE KEY"), which Kubernetes reads for service accounts too.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
