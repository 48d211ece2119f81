"""A certificate with its private key, as the bytes of two PEM files.

Only the value: what is in it is read by `verify`, where it lies is known to `files`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with its private key.

    certificate       PEM; the certificate itself first, then any intermediate CAs
    key               PEM; left out of repr, so that no log ever holds it
    certificate_name  what a sentence about the certificate calls it, e.g. "/certs/tls.crt"
    key_name          what a sentence about the key calls it, e.g. "/certs/tls.key"
    """

    certificate: bytes
    key: bytes = field(repr=False)
    certificate_name: str = field(default="the certificate", compare=False)
    key_name: str = field(default="the key", compare=False)
