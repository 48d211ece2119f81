"""Whether callers will trust a certificate that is provided as files.

The server's own checks know its dates and that the key fits. What API servers check besides is only
known to the operator: the name by which they call, and the CA in their caBundle.

What does not belong here: certificates that graphgate renews itself (`controller`), dates in
general (`runtime.health`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from webhook.certificates import files
from webhook.certificates.verify import inspect
from webhook.errors import CertificateError
from webhook.files import MAX_PEM_BYTES, read_file
from webhook.runtime.health import Check, CheckResult

_CACHE_SECONDS = 10.0
"""Seconds for which an answer holds: as long as the server itself takes to see a new file."""


def certificate_trust_check(
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
    cached: list[tuple[datetime, CheckResult]] = []

    def probe() -> CheckResult:
        now = clock()
        if cached and 0.0 <= (now - cached[0][0]).total_seconds() < _CACHE_SECONDS:
            return cached[0][1]
        cached[:] = [(now, _check_certificate(certificate, key, names, ca, now))]
        return cached[0][1]

    return Check("trust", probe)


def _check_certificate(
    certificate: Path, key: Path, names: Sequence[str], ca: Path | None, now: datetime
) -> CheckResult:
    try:
        pair = files.read_pair(certificate, key)
        bundle = None if ca is None else _read_file(ca)
        inspection = inspect(pair, now, bundle=bundle, names=names)
    except CertificateError as error:
        # The reload says so too; a pair from before these files is still in use.
        return CheckResult("degraded", str(error))
    if inspection.problems:
        return CheckResult("failed", "; ".join(inspection.problems))
    ca_note = "" if ca is None else f", signed by a CA of {ca}"
    return CheckResult("ok", f"made for {', '.join(names) or 'any name'}{ca_note}")


def _read_file(path: Path) -> bytes:
    try:
        return read_file(path, MAX_PEM_BYTES)
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror or error}") from error
