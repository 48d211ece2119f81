"""When a certificate is renewed, and how a CA is replaced without one failed call.

Pure: a `State` and a time in, the next step out. The caller takes the step, reads the state again
and repeats, until there is nothing to do. It may crash between any two steps.

A CA is replaced in this order, because API servers and replicas learn of a change late, each at
its own time:

    issue-ca           the new CA is made, and signs nothing yet
    publish-ca         every caBundle holds the old and the new CA
    (overlap)        until the last API server has seen that
    issue-server-cert  the server certificate is made again, by the new CA
    (overlap)        until the last replica serves that one
    remove-ca          the old CA is forgotten
    publish-ca         every caBundle holds the new CA only

What does not belong here: keys, PEM, Secrets, clocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

CA_LIFETIME = timedelta(days=3650)
"""A CA is in webhook configurations that people copy about; ten years spare them the change."""

SERVER_CERT_LIFETIME = timedelta(days=365)
"""A renewed certificate: with renewal after two thirds, four months remain to notice a failure."""

BACKDATE = timedelta(hours=1)
"""Validity starts this long before issuing: the clock of an API server may be behind."""

OVERLAP = timedelta(hours=1)
"""How long a change may take to reach everybody.

The kubelet hands a changed Secret to a pod within two minutes, an API server sees a changed
webhook configuration within seconds; an hour also covers a node that is slow or cut off.
"""

RotationAction = Literal["issue-ca", "publish-ca", "issue-server-cert", "remove-ca"]


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """What decisions need of one certificate; times are aware, in UTC."""

    fingerprint: str
    not_before: datetime
    not_after: datetime

    @property
    def issued_at(self) -> datetime:
        """When it was made, if it was made by `certificates.issue`."""
        return self.not_before + BACKDATE


@dataclass(frozen=True, slots=True)
class RotationState:
    """What there is.

    cas            the CAs whose keys are held, oldest first
    published_at   fingerprint of each CA that is in every caBundle → since when
    server_cert    the certificate that is served; None: none yet
    issuer         fingerprint of the CA that signed it
    has_all_names  whether it holds every name the server is called by
    """

    cas: tuple[CertificateInfo, ...] = ()
    published_at: Mapping[str, datetime] = field(default_factory=dict)
    server_cert: CertificateInfo | None = None
    issuer: str = ""
    has_all_names: bool = True


@dataclass(frozen=True, slots=True)
class RotationStep:
    """What to do next.

    authority is the fingerprint of the CA that signs (issue-server-cert) or goes (remove-ca);
    otherwise empty. `publish-ca` writes all of `State.authorities`, nothing else.
    """

    action: RotationAction
    ca_fingerprint: str = ""


def renewal_time(certificate: CertificateInfo) -> datetime:
    """Return when to renew: after two thirds of its life, as cert-manager does by default."""
    return certificate.not_before + (certificate.not_after - certificate.not_before) * 2 / 3


def is_due(certificate: CertificateInfo, now: datetime) -> bool:
    """Return whether it is time to renew."""
    return now >= renewal_time(certificate)


def next_step(
    state: RotationState, now: datetime, overlap: timedelta = OVERLAP
) -> RotationStep | None:
    """Return the next step, or None if nothing is due.

    `overlap` is how long a change may take to reach every API server and every replica.
    """
    for ca in state.cas:
        if ca.not_after <= now:
            return RotationStep("remove-ca", ca.fingerprint)
    if not state.cas or is_due(state.cas[-1], now):
        return RotationStep("issue-ca")
    if set(state.published_at) != {a.fingerprint for a in state.cas}:
        return RotationStep("publish-ca")
    signing_ca = _choose_signing_ca(state, now, overlap)
    if _needs_server_cert(state, signing_ca, now):
        return RotationStep("issue-server-cert", signing_ca)
    return _next_ca_to_drop(state, now, overlap)


def _choose_signing_ca(state: RotationState, now: datetime, overlap: timedelta) -> str:
    """Return the newest CA that every API server has seen; if there is none, the newest."""
    for ca in reversed(state.cas):
        if state.published_at[ca.fingerprint] + overlap <= now:
            return ca.fingerprint
    ca_fingerprints = {a.fingerprint for a in state.cas}
    return state.issuer if state.issuer in ca_fingerprints else state.cas[-1].fingerprint


def _needs_server_cert(state: RotationState, signing_ca: str, now: datetime) -> bool:
    """Return whether a server certificate has to be issued."""
    if state.server_cert is None or not state.has_all_names:
        return True
    return state.issuer != signing_ca or is_due(state.server_cert, now)


def _next_ca_to_drop(
    state: RotationState, now: datetime, overlap: timedelta
) -> RotationStep | None:
    """Return the step that forgets a CA which no replica's certificate hangs on any more."""
    if state.server_cert is None or state.server_cert.issued_at + overlap > now:
        return None
    newest = state.cas[-1].fingerprint
    for ca in state.cas:
        if ca.fingerprint not in (newest, state.issuer):
            return RotationStep("remove-ca", ca.fingerprint)
    return None
