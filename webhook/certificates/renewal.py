"""When a certificate is renewed, and how a CA is replaced without one failed call.

Pure: a `State` and a time in, the next step out. The caller does the step, reads the state anew
and asks again, until there is nothing to do. It may crash between any two steps.

A CA is replaced in this order, because API servers and replicas learn of a change late, each at
its own time:

    mint-authority   the new CA is made, and signs nothing yet
    publish          every caBundle holds the old and the new CA
    (overlap)        until the last API server has seen that
    mint-server      the server certificate is made anew, by the new CA
    (overlap)        until the last replica serves that one
    drop-authority   the old CA is forgotten
    publish          every caBundle holds the new CA only

What does not belong here: keys, PEM, Secrets, clocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

AUTHORITY_LIFETIME = timedelta(days=3650)
"""A CA stands in webhook configurations that people copy about; ten years spare them the change."""

SERVER_LIFETIME = timedelta(days=365)
"""A renewed certificate: with renewal after two thirds, four months remain to notice a failure."""

BACKDATE = timedelta(hours=1)
"""Validity starts this long before minting: the clock of an API server may be behind ours."""

OVERLAP = timedelta(hours=1)
"""How long a change may take to reach everybody.

The kubelet hands a changed Secret to a pod within two minutes, an API server sees a changed
webhook configuration within seconds; an hour also covers a node that is slow or cut off.
"""

Action = Literal["mint-authority", "publish", "mint-server", "drop-authority"]


@dataclass(frozen=True, slots=True)
class Issued:
    """What a decision needs to know of one certificate; times are aware, in UTC."""

    fingerprint: str
    not_before: datetime
    not_after: datetime

    @property
    def minted(self) -> datetime:
        """When it was made, if it was made by `minting`."""
        return self.not_before + BACKDATE


@dataclass(frozen=True, slots=True)
class State:
    """What there is.

    authorities  the CAs whose keys are held, oldest first
    published    fingerprint of each CA that is in every caBundle → since when
    server       the certificate that is served; None: none yet
    issuer       fingerprint of the CA that signed it
    names_fit    whether it holds every name the server is called by
    """

    authorities: tuple[Issued, ...] = ()
    published: Mapping[str, datetime] = field(default_factory=dict)
    server: Issued | None = None
    issuer: str = ""
    names_fit: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next.

    authority is the fingerprint of the CA that signs (mint-server) or goes (drop-authority);
    otherwise empty. `publish` writes all of `State.authorities`, nothing else.
    """

    action: Action
    authority: str = ""


def renew_at(certificate: Issued) -> datetime:
    """Return when to renew: after two thirds of its life, as cert-manager does by default."""
    return certificate.not_before + (certificate.not_after - certificate.not_before) * 2 / 3


def due(certificate: Issued, now: datetime) -> bool:
    """Tell whether it is time to renew."""
    return now >= renew_at(certificate)


def next_step(state: State, now: datetime, overlap: timedelta = OVERLAP) -> Step | None:
    """Return the one thing to do now, or None when all is well.

    `overlap` is how long a change may take to reach every API server and every replica.
    """
    for authority in state.authorities:
        if authority.not_after <= now:
            return Step("drop-authority", authority.fingerprint)
    if not state.authorities or due(state.authorities[-1], now):
        return Step("mint-authority")
    if set(state.published) != {a.fingerprint for a in state.authorities}:
        return Step("publish")
    signer = _signer(state, now, overlap)
    if _server_is_wanted(state, signer, now):
        return Step("mint-server", signer)
    return _retire(state, now, overlap)


def _signer(state: State, now: datetime, overlap: timedelta) -> str:
    """Return the newest CA that every API server has seen; if there is none, the newest."""
    for authority in reversed(state.authorities):
        if state.published[authority.fingerprint] + overlap <= now:
            return authority.fingerprint
    held = {a.fingerprint for a in state.authorities}
    return state.issuer if state.issuer in held else state.authorities[-1].fingerprint


def _server_is_wanted(state: State, signer: str, now: datetime) -> bool:
    """Tell whether a server certificate has to be minted."""
    if state.server is None or not state.names_fit:
        return True
    return state.issuer != signer or due(state.server, now)


def _retire(state: State, now: datetime, overlap: timedelta) -> Step | None:
    """Return the step that forgets a CA which no replica's certificate hangs on any more."""
    if state.server is None or state.server.minted + overlap > now:
        return None
    newest = state.authorities[-1].fingerprint
    for authority in state.authorities:
        if authority.fingerprint not in (newest, state.issuer):
            return Step("drop-authority", authority.fingerprint)
    return None
