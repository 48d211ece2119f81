"""Whether callers will believe the certificate, where somebody else makes it: two files and a name.

The server's own checks know its dates and that the key fits. What API servers look for besides is
known to the operator only: the name by which they call, and the CA in their caBundle.

What does not belong here: certificates that graphgate renews itself (`controller`), dates in
general (`health`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from webhook.certificates import files
from webhook.certificates.inspection import inspect
from webhook.errors import InvalidCertificate
from webhook.server.health import Check, Status

_EVERY = 10.0
"""Seconds for which an answer holds: as long as the server itself takes to see a new file."""


def trust_check(
    certificate: Path,
    key: Path,
    *,
    names: Sequence[str],
    ca: Path | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Check:
    """Return the check that callers will believe the certificate.

    names  what callers call the server by: each has to be in the certificate
    ca     PEM file of the CAs that callers trust; one has to have signed it. None: not checked
    """
    known: list[tuple[datetime, Status]] = []

    def probe() -> Status:
        now = clock()
        if known and 0.0 <= (now - known[0][0]).total_seconds() < _EVERY:
            return known[0][1]
        known[:] = [(now, _judge(certificate, key, names, ca, now))]
        return known[0][1]

    return Check("trust", probe)


def _judge(
    certificate: Path, key: Path, names: Sequence[str], ca: Path | None, now: datetime
) -> Status:
    try:
        pair = files.read(certificate, key)
        bundle = None if ca is None else _read(ca)
        found = inspect(pair, now, bundle=bundle, names=names)
    except InvalidCertificate as error:
        # The reload says so too; a pair from before these files is still in use.
        return Status("degraded", str(error))
    if found.problems:
        return Status("failed", "; ".join(found.problems))
    signed = "" if ca is None else f", signed by a CA of {ca}"
    return Status("ok", f"made for {', '.join(names) or 'any name'}{signed}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidCertificate(f"{path} cannot be read: {error.strerror or error}") from error
