"""What a certificate and its key are, and whether an API server would believe them.

The checks are those of Go's crypto/x509, which every API server runs on a webhook: names in the
subject alternative names, a chain to a CA of the caBundle, every link in its time, no SHA-1.
They are distinguished from each other, because "certificate signed by unknown authority" is the
question that this module answers.

What does not belong here: reading PEM (`parse`), files (`files`), the time to renew
(`certificates.rotation.plan`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import (
    fingerprint,
    is_ca,
    load_certificates,
    load_key,
    public_key,
    signature_hash,
    subject_alt_names,
)

# Longer chains exist in no cluster; the bound ends a search among cross-signed CAs.
_MAX_CHAIN_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a pair is.

    subject, issuer   RFC 4514, e.g. "CN=graphgate webhook"
    names             subject alternative names, in the certificate's order
    not_before/after  aware, UTC
    fingerprint       SHA-256 of the certificate, lower-case hex
    key_matches       whether the key is the certificate's
    chain             subjects of the CAs up to the one in the bundle; None: no such chain,
                      or no bundle was given; empty: the bundle holds the certificate itself
    problems          one sentence each: why it cannot serve; empty: it can
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str
    key_matches: bool
    chain: tuple[str, ...] | None
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a few lines for people.

        subject  CN=graphgate webhook
        issuer   CN=graphgate CA 6c1f09ab
        names    graphgate, graphgate.graphgate-system, graphgate.graphgate-system.svc
        valid    2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z
        problem  tls.crt expired on 2027-01-01T00:00:00Z
        """
        lines = [
            f"subject  {self.subject}",
            f"issuer   {self.issuer}",
            f"names    {', '.join(self.names) or '(none)'}",
            f"valid    {_format_time(self.not_before)} to {_format_time(self.not_after)}",
        ]
        return "\n".join([*lines, *(f"problem  {problem}" for problem in self.problems)])


def inspect(
    pair: KeyPair,
    now: datetime,
    *,
    bundle: bytes | None = None,
    names: Iterable[str] = (),
) -> Inspection:
    """Return what `pair` is, with every reason why an API server would not believe it.

    bundle  PEM of the CAs that the API server trusts (caBundle); None: not checked
    names   what the server is called by; each has to be in the certificate

    Raises CertificateError if the certificate, the key or the bundle cannot be read.
    """
    certificates = load_certificates(pair.certificate, pair.certificate_name)
    leaf, *intermediates = certificates
    key_matches = load_key(pair.key, pair.key_name).public_key() == public_key(leaf)
    alt_names = subject_alt_names(leaf)
    roots = None if bundle is None else load_certificates(bundle, "the CA bundle")
    chain = None if roots is None else _find_chain(leaf, intermediates, roots)

    problems: list[str] = []
    if not key_matches:
        problems.append(f"{pair.key_name} does not belong to this certificate")
    problems += _validity_problems(pair.certificate_name, leaf, now)
    problems += _server_auth_problems(pair.certificate_name, leaf)
    problems += [
        f"{pair.certificate_name} is not valid for {name}; its names are "
        f"{', '.join(alt_names) or 'none'}"
        for name in names
        if not _has_alt_name(alt_names, name)
    ]
    if roots is not None and chain is None:
        problems.append(
            f"{pair.certificate_name} is not signed by a CA of the bundle "
            f"({_format_subject(leaf.issuer)}); "
            f"the bundle has {', '.join(_format_subject(root.subject) for root in roots)}"
        )
    for ca in chain or ():
        problems += _validity_problems(f"the CA {_format_subject(ca.subject)}", ca, now)
    return Inspection(
        subject=_format_subject(leaf.subject),
        issuer=_format_subject(leaf.issuer),
        names=alt_names,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint=fingerprint(leaf),
        key_matches=key_matches,
        chain=None if chain is None else tuple(_format_subject(ca.subject) for ca in chain),
        problems=tuple(problems),
    )


def _find_chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
) -> tuple[x509.Certificate, ...] | None:
    """Return the CAs from `leaf` up to one in `roots`; like Go, a root need not be self-signed."""
    if leaf in roots:
        return ()

    def climb(
        certificate: x509.Certificate, path: tuple[x509.Certificate, ...]
    ) -> Iterator[tuple[x509.Certificate, ...]]:
        if len(path) >= _MAX_CHAIN_LENGTH:
            return
        is_issuer = partial(_is_signed_by, certificate)
        yield from ((*path, root) for root in filter(is_issuer, roots))
        for ca in filter(is_issuer, intermediates):
            if ca not in path:
                yield from climb(ca, (*path, ca))

    return next(climb(leaf, ()), None)


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `upper` is a CA that signed `lower`."""
    if not is_ca(issuer):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _validity_problems(name: str, certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if now < certificate.not_valid_before_utc:
        not_before = _format_time(certificate.not_valid_before_utc)
        yield f"{name} is not valid before {not_before}; now is {_format_time(now)}"
    if now > certificate.not_valid_after_utc:
        yield f"{name} expired on {_format_time(certificate.not_valid_after_utc)}"


def _server_auth_problems(name: str, leaf: x509.Certificate) -> Iterator[str]:
    """Yield what a Go client refuses in a server certificate, whatever it is called by."""
    if not subject_alt_names(leaf):
        yield f"{name} has no subject alternative names; API servers ignore the common name"
    algorithm = signature_hash(leaf)
    if isinstance(algorithm, hashes.SHA1 | hashes.MD5):
        yield f"{name} is signed with {algorithm.name.upper()}, which API servers reject"
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return  # none means any
    accepted_usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if not any(usage in usages for usage in accepted_usages):
        yield f"{name} is not a server certificate: its extended key usage lacks serverAuth"


def _has_alt_name(alt_names: tuple[str, ...], name: str) -> bool:
    """Return whether `name` is among `held`; "*" matches one leftmost label, as in Go."""
    lowercase_names = {alt_name.lower() for alt_name in alt_names}
    return (
        name.lower() in lowercase_names or f"*.{name.partition('.')[2]}".lower() in lowercase_names
    )


def _format_subject(name: x509.Name) -> str:
    return name.rfc4514_string() or "(no subject)"


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
