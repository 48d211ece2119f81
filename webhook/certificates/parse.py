"""Read PEM text: certificates, keys, and the parts of a certificate that are used.

Every exception of `cryptography` ends here: the parts of what is returned can be read without
one. What does not belong here: whether a certificate is valid (`verify`).
"""

import warnings
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.utils import CryptographyDeprecationWarning

from webhook.errors import CertificateError

# What cryptography raises on bytes that are not a certificate, at once or when a part is first
# asked for.
_PARSE_ERRORS = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def load_certificates(pem: bytes, name: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, at least one; `name` is what a sentence calls it.

    Raises CertificateError.
    """
    try:
        # Warnings about future versions of cryptography do not help readers of this output.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificates = x509.load_pem_x509_certificates(pem)
            for certificate in certificates:
                # Parsed here first, so that later reads need no try.
                _ = certificate.subject, certificate.issuer, certificate.extensions
                _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except _PARSE_ERRORS as error:
        raise CertificateError(f"{name} contains no PEM certificate") from error
    return certificates


def load_key(pem: bytes, name: str) -> PrivateKeyTypes:
    """Return the private key of a PEM text; `name` is what a sentence calls it.

    Raises CertificateError, also for a key behind a password.
    """
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise CertificateError(
            f"{name} is protected by a password: store it without a password"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"{name} contains no PEM private key") from error


def is_ca(certificate: x509.Certificate) -> bool:
    """Return whether a certificate says that it is a CA."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return constraints.value.ca


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in lower-case hex, as openssl counts it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def merge_ca_bundles(bundles: Iterable[bytes]) -> bytes:
    """Return one CA bundle with every CA of `bundles` once, in their order.

    For the time in which an old and a new CA are both trusted. Raises CertificateError.
    """
    pem_by_fingerprint: dict[str, bytes] = {}
    for bundle in bundles:
        for certificate in load_certificates(bundle, "a CA bundle"):
            pem = certificate.public_bytes(serialization.Encoding.PEM)
            pem_by_fingerprint.setdefault(fingerprint(certificate), pem)
    return b"".join(pem_by_fingerprint.values())


def public_key(certificate: x509.Certificate) -> PublicKeyTypes | None:
    """Return the public key, None if its type or curve is not supported."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def signature_hash(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    """Return what the signature was made with, None if that is unknown or has no name."""
    try:
        return certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def subject_alt_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the subject alternative names that are DNS names or addresses, in their order."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name.value)
        for name in extension.value
        if isinstance(name, x509.DNSName | x509.IPAddress)
    )
