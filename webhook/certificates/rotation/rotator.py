"""One replica's part in the certificates: it takes part in the election, and serves what is there.

    with CertificateRotator(transport, installation, folder, identity="graphgate-0") as rotator:
        serve(config, handle_review, sources=[rotator], checks=[Check("trust", rotator.health)])

Every ten seconds, in a separate thread: renew or acquire the Lease; as the leader, take the due
steps; then read the Secret and the caBundles, and check the certificate against them. The files are
written by `refresh`, which the server calls between two reads of them.

Belongs here: the loop, and the health of a replica's certificate. Does not belong here: writes to
the cluster (`apply`), leader election (`kube.leader_election`).
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from webhook.certificates.files import write_files
from webhook.certificates.issue import issue_ca, issue_server_cert
from webhook.certificates.pair import KeyPair
from webhook.certificates.rotation.apply import Lifetimes, Rotation
from webhook.certificates.rotation.observe import ClusterState, WebhookInstallation, observe
from webhook.certificates.verify import inspect
from webhook.errors import GraphgateError
from webhook.kube import Transport
from webhook.kube.backoff import Backoff
from webhook.kube.health import CheckResult
from webhook.kube.leader_election import LeaderElector, LeaseConfig
from webhook.kube.runnable import Runnable

logger = logging.getLogger("graphgate")

CHECK_INTERVAL_SECONDS = 10.0
"""Seconds between checks when all is well: four requests, five for the leader. A caBundle that
was emptied is restored after that time."""

_RETRY_BASE_SECONDS = 0.5
"""Seconds to the next check after an error, doubled each time up to PAUSE."""

_START_TIMEOUT_SECONDS = 5.0
"""Seconds that a start waits for the first check. A kubelet probes liveness after ten, and an
unresponsive API server would take longer than that."""

_LEASE_CONFIG = LeaseConfig(
    lease_duration=45.0, renew_deadline=30.0, retry_period=CHECK_INTERVAL_SECONDS
)
"""Renewed at each check. A late takeover does no harm: due steps can wait for months."""


@dataclass(frozen=True, slots=True)
class ObservedCertificate:
    """The result of the last check.

    server_cert  the certificate in the Secret; None: none yet
    problems     why an API server would not believe it
    """

    server_cert: KeyPair | None = None
    problems: tuple[str, ...] = ("the Secret has not been read yet",)


class CertificateRotator(Runnable):
    """The thread, the files that the server reads, and the health. Its own context manager."""

    name = "certificate-secret"

    def __init__(
        self,
        transport: Transport,
        installation: WebhookInstallation,
        folder: Path,
        *,
        identity: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lifetimes: Lifetimes | None = None,
        lease_config: LeaseConfig = _LEASE_CONFIG,
        interval: float = CHECK_INTERVAL_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Initialise; no request before `start`. `folder` is for the two files, and private."""
        self._transport = transport
        self._installation = installation
        self._folder = folder
        self._now = now
        self._interval = interval
        self._rotation = Rotation(transport, installation, now=now, lifetimes=lifetimes)
        self._elector = LeaderElector(
            transport,
            namespace=installation.namespace,
            name=installation.secret_name,
            identity=identity,
            config=lease_config,
            clock=time.monotonic,
        )
        self._backoff = Backoff(_RETRY_BASE_SECONDS, interval, jitter)
        self._observed = ObservedCertificate()
        self._last_error = ""
        self._written: KeyPair | None = None
        self._in_use: KeyPair | None = None
        self._first_check_done = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)

    @property
    def certificate_file(self) -> Path:
        """The file of the certificate."""
        return self._folder / "tls.crt"

    @property
    def key_file(self) -> Path:
        """The file of its key."""
        return self._folder / "tls.key"

    def start(self) -> None:
        """Start; write files that a server can start with, after the first check if it is quick."""
        self._thread.start()
        self._first_check_done.wait(_START_TIMEOUT_SECONDS)
        server = self._observed.server_cert
        if server is None:
            # The server has to run to say why it is not ready. No API server trusts this pair.
            self._write(_placeholder_pair(self._installation, self._now()))
        else:
            self._write(server)
            self._written = self._in_use = server

    def stop(self) -> None:
        """Stop; release the Lease if it is held, so that the next leader need not wait."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def reload_if_changed(self) -> bool:
        """Write the files if the Secret holds another pair; return whether it does.

        The server reads the files and then calls this, again and again: what one call wrote is in
        use when the next one comes.
        """
        self._in_use = self._written
        server = self._observed.server_cert
        if server is None or server == self._written:
            return False
        self._write(server)
        self._written = server
        return True

    def health(self) -> CheckResult:
        """Return whether the certificate in use will be believed. No I/O."""
        observed, error = self._observed, self._last_error
        if self._in_use is None:
            reason = (
                error or "; ".join(observed.problems) or "the new certificate is being rolled out"
            )
            return CheckResult("failed", f"no certificate yet: {reason}")
        if observed.problems:
            return CheckResult("failed", "; ".join(observed.problems))
        if error:
            return CheckResult("degraded", error)
        role = "this replica renews it" if self._elector.is_leader else "another replica renews it"
        return CheckResult("ok", f"signed by a CA of every caBundle; {role}")

    def _run(self) -> None:
        while True:
            self._check()
            self._first_check_done.set()
            if self._stopping.wait(self._next_delay()):
                break
        # `controller.manager` of an election that was stopped only gives the Lease back.
        self._elector.stop()
        self._elector.run(lambda: None, lambda: None)

    def _next_delay(self) -> float:
        if self._last_error or self._observed.problems:
            return self._backoff.next_delay()
        self._backoff.reset()
        return self._interval

    def _check(self) -> None:
        reason = ""
        try:
            self._elector.try_acquire_or_renew()
            if self._elector.is_leader:
                reason = self._converge()
            state = observe(self._transport, self._installation)
            self._observed = ObservedCertificate(
                state.certificates.server_cert, tuple(self._find_problems(state))
            )
        except GraphgateError as error:
            reason = str(error)
        except Exception:
            logger.exception("certificate_rotation_failed")
            reason = "internal error of graphgate, see its log"
        if reason and reason != self._last_error:
            logger.error("certificate_rotation_blocked", extra={"fields": {"reason": reason}})
        self._last_error = reason

    def _converge(self) -> str:
        """Do what is due; return what hindered it. What is there is served all the same."""
        try:
            self._rotation.converge()
        except GraphgateError as error:
            return str(error)
        return ""

    def _find_problems(self, state: ClusterState) -> list[str]:
        """Return why an API server would not believe the certificate in the Secret."""
        server = state.certificates.server_cert
        if server is None:
            return [f"Secret {self._installation.secret_name} has no usable certificate"]
        now = self._now()
        problems: dict[str, None] = {}
        for webhook_name, bundle in state.named_ca_bundles(self._installation):
            if not bundle:
                problems[f"the caBundle of {webhook_name} is empty"] = None
                continue
            inspection = inspect(
                server, now, bundle=bundle, names=self._installation.subject_alt_names
            )
            problems.update(dict.fromkeys(inspection.problems))
        return [*problems]

    def _write(self, pair: KeyPair) -> None:
        # The key first: between the two renames the server sees a pair that does not match, and
        # goes on with the last one.
        write_files(self._folder, {"tls.key": pair.key, "tls.crt": pair.certificate})


def _placeholder_pair(installation: WebhookInstallation, now: datetime) -> KeyPair:
    return issue_server_cert(issue_ca(now), installation.subject_alt_names, now)
