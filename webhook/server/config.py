"""The options of `serve`, as frozen values. Flags and environment are read in `webhook.cli`.

Every limit is here with its reason; `docs/operations/server.md` repeats them for operators.
"""

from dataclasses import dataclass, field
from pathlib import Path

from webhook.runtime.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """One server process.

    certificate, key  PEM files of the serving pair; read again when they change
    client_ca         PEM file; if given, a client without a certificate of this CA is refused at
                      the handshake, and TLS 1.3 is the minimum
    host              address to listen on; empty: every one, IPv6 and IPv4
    port              HTTPS, /mutate and /validate; 0: any free one
    health_port       plain HTTP, /livez, /readyz, /metrics; 0: any free one
    reload_interval   seconds between two reads at the files
    shutdown_delay    seconds of answering on after SIGTERM, while the cluster learns that this pod
                      is gone. EndpointSlice to kube-proxy takes one to a few seconds.
    shutdown_grace    seconds that calls in flight may still take after that.
                      terminationGracePeriodSeconds must exceed drain + finish (20; default 30).
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    host: str = ""
    port: int = 8443
    health_port: int = 8081
    reload_interval: float = 10.0
    shutdown_delay: float = 10.0
    shutdown_grace: float = 10.0
    limits: Limits = field(default_factory=Limits)
