"""A pod whose clock a test moves on: python -m tests.apiserver.hasty_pod JSON.

As `graphgate serve --cert-source=managed`, but for the clock and the lifetimes, which no flag can
shorten.
"""

import json
import socket
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webhook.admission import handle_review
from webhook.certificates.rotation.apply import Lifetimes
from webhook.certificates.rotation.observe import WebhookInstallation
from webhook.certificates.rotation.plan import BACKDATE
from webhook.certificates.rotation.rotator import CertificateRotator
from webhook.graph.cluster_facts import NO_FACTS
from webhook.kube import connect
from webhook.kube.leader_election import LeaseConfig
from webhook.runtime.health import Check
from webhook.server.config import ServerConfig
from webhook.server.lifecycle import serve
from webhook.settings.model import read_settings


def lifetime(seconds: float) -> timedelta:
    """Return the lifetime of what is renewed after `seconds`: two thirds, from an hour ago."""
    return BACKDATE / 2 + timedelta(seconds=seconds) * 3 / 2


# Seconds between two looks at the cluster.
_INTERVAL = 0.3


def main(argument: str) -> int:
    """Serve until a signal."""
    given = json.loads(argument)
    later = Path(given["clock"])
    transport = connect(kubeconfig=given["kubeconfig"], context=None, environment={})
    settings = read_settings(None, {})
    lifetimes = Lifetimes(
        ca=lifetime(given["authority"]),
        server_cert=lifetime(given["server"]),
        overlap=timedelta(seconds=given["overlap"]),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        CertificateRotator(
            transport,
            WebhookInstallation(transport.namespace, given["name"]),
            Path(folder),
            identity=f"{socket.gethostname()}-{given['number']}",
            now=lambda: datetime.now(UTC) + timedelta(seconds=float(later.read_text())),
            lifetimes=lifetimes,
            lease_config=LeaseConfig(
                lease_duration=60.0, renew_deadline=40.0, retry_period=_INTERVAL
            ),
            interval=_INTERVAL,
        ) as rotator,
    ):
        config = ServerConfig(
            certificate=rotator.certificate_file,
            key=rotator.key_file,
            host="127.0.0.1",
            port=0,
            health_port=0,
            reload_interval=0.1,
            shutdown_delay=0.5,
        )
        return serve(
            config,
            lambda body, endpoint: handle_review(body, endpoint, settings, NO_FACTS),
            sources=[rotator],
            checks=[Check("trust", rotator.health)],
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
