"""Certificates that change while connections live.

`webhook.certificates` or the cluster's own issuer issues and renews them; `hot_reload` decides when
to read the files. Here: read, validate, swap.

The trap that this module exists for: `load_cert_chain` on the context in use. When it fails half
way (new certificate, old key, as a Secret that is being written shows), the context is left without
a key and every new handshake fails. So the context that the listener holds never changes; it only
sends each handshake to the newest context that was built and checked elsewhere.
"""

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from webhook.errors import CertificateError
from webhook.files import MAX_PEM_BYTES, read_file
from webhook.runtime.tls_messages import report_messages

Fingerprint = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What is being served: the context of new handshakes, and when its certificate is valid.

    not_before and not_after are seconds since 1970.
    """

    context: ssl.SSLContext
    not_before: float
    not_after: float


class ReloadingTlsContext:
    """The serving pair and the client CA, read again when the files change.

    identity            what new handshakes get
    context             for the listener; sends each handshake to `serving`
    handshakes_started  how many have begun
    """

    name = "certificate"

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Read the files. Raises CertificateError if they cannot serve."""
        self._certificate, self._key, self._client_ca = certificate, key, client_ca
        self._loaded_fingerprint = self._compute_fingerprint()
        self.handshakes_started = 0
        self.identity = load_tls_identity(certificate, key, client_ca)
        # Its own pair is only there because the loop wants a context that could serve.
        self.context = load_tls_identity(certificate, key, client_ca).context
        self.context.sni_callback = self._use_current_context

    def _use_current_context(
        self, handshake: ssl.SSLObject, _name: str | None, _base: ssl.SSLContext
    ) -> None:
        # Called for each handshake, with or without a server name in it.
        self.handshakes_started += 1
        handshake.context = self.identity.context

    def reload_if_changed(self) -> bool:
        """Serve the files' present content from the next handshake on; return whether it is new.

        Raises CertificateError if it cannot serve; the last good pair goes on serving.
        """
        fingerprint = self._compute_fingerprint()
        if fingerprint == self._loaded_fingerprint:
            return False
        identity = load_tls_identity(self._certificate, self._key, self._client_ca)
        if fingerprint != self._compute_fingerprint():
            return False  # being written at this moment: what was loaded may be half of each
        self.identity, self._loaded_fingerprint = identity, fingerprint
        return True

    def _compute_fingerprint(self) -> Fingerprint:
        paths = (self._certificate, self._key, self._client_ca)
        return tuple(_digest(path) for path in paths if path is not None)


def _digest(path: Path) -> str:
    # The content, not the time: a mounted Secret swaps a symlink two levels up.
    try:
        return hashlib.sha256(read_file(path, MAX_PEM_BYTES)).hexdigest()
    except OSError as error:
        return str(error)


def load_tls_identity(certificate: Path, key: Path, client_ca: Path | None = None) -> TlsIdentity:
    """Build a server context of PEM files; raise CertificateError naming the file at fault."""
    leaf = _load_leaf(certificate)
    _read_file(key, "key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # The API server resumes no session; a ticket costs 6 % of a handshake. And a resumed session
    # is not checked against the client CA of today.
    context.num_tickets = 0
    # Nor does it renegotiate, which would be a handshake within a connection, and not counted.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    report_messages(context)
    try:
        context.load_cert_chain(certificate, key, password=_reject_encrypted_key(key))
    except ssl.SSLError as error:
        raise CertificateError(_explain_pair_error(error, certificate, key)) from error
    if client_ca is not None:
        _require_client_certificates(context, client_ca)
    return TlsIdentity(
        context, leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    )


def _require_client_certificates(context: ssl.SSLContext, client_ca: Path) -> None:
    _read_file(client_ca, "client CA")
    # TLS 1.2 can resume by session id, which Python cannot switch off: see num_tickets.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(client_ca)
    except ssl.SSLError as error:
        raise CertificateError(f"the client CA {client_ca} contains no PEM certificate") from error


def _load_leaf(path: Path) -> x509.Certificate:
    content = _read_file(path, "certificate")
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except ValueError as error:
        raise CertificateError(f"the certificate {path} contains no PEM certificate") from error


def _read_file(path: Path, description: str) -> bytes:
    try:
        return read_file(path, MAX_PEM_BYTES)
    except OSError as error:
        raise CertificateError(
            f"cannot read the {description} {path}: {error.strerror or error};"
            ' set it with a flag, or create one with "graphgate certs init"'
        ) from error


def _reject_encrypted_key(key: Path) -> Callable[[], str]:
    # Without it OpenSSL prompts at the terminal, and a pod would wait forever.
    def reject() -> str:
        raise CertificateError(f"the key {key} is encrypted; serve requires an unencrypted key")

    return reject


def _explain_pair_error(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return f"the key {key} does not belong to the certificate {certificate}"
    if error.reason and error.reason.endswith("_KEY_TOO_SMALL"):
        return f"the certificate {certificate} has a key that is too small for TLS"
    return f"the key {key} contains no usable PEM private key"
