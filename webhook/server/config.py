"""What `serve` is told, as frozen values. Flags and environment are read in `webhook.cli`.

Every number stands here with its reason; `docs/operations/server.md` repeats them for operators.
"""

from dataclasses import dataclass, field
from pathlib import Path

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long (seconds) and how much (bytes) one peer may take."""

    # TCP connect to the end of the TLS handshake. An API server needs milliseconds, and its own
    # limit for one is 10 s (Go's net/http DefaultTransport.TLSHandshakeTimeout).
    tls_handshake_timeout: float = 10.0
    # First to last byte of a request's head. A head is one packet.
    header_timeout: float = 5.0
    # End of the head to the last byte of the body. A webhook call is given up after 10 s by default
    # (timeoutSeconds of admissionregistration.k8s.io/v1): nobody waits for a slower one.
    body_timeout: float = 10.0
    # No request on an open connection. The API server closes an idle connection after 90 s and
    # never repeats a POST that met a closed one, so it must be the first to close.
    idle_timeout: float = 120.0
    # An answer that the peer does not read.
    write_timeout: float = 10.0
    # Our "goodbye" in TLS until theirs. Nothing is lost after it.
    tls_shutdown_timeout: float = 2.0
    # Open connections; each takes 0.13 MiB. An API server keeps 25 idle and opened 67 in a burst of
    # 60 creations. One more cuts the oldest that never asked anything.
    max_connections: int = 1000
    # Request head. The API server's has 300 bytes; this is room for whatever a proxy adds, and too
    # little to fill a memory with.
    max_header_bytes: int = 64 * 1024
    # An object is at most 3 MiB in the API server (its request limit); an update carries two.
    max_body_bytes: int = 7 * MEBIBYTE
    # All bodies together that have arrived in part: 9 of the largest, 21 of 3 MiB. Beyond, a call
    # is answered with 429 and the API server repeats it after a second.
    max_body_bytes_in_flight: int = 64 * MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """One server process.

    certificate, key  PEM files of the serving pair; read anew when they change
    client_ca         PEM file; if given, a client without a certificate of this CA is refused
                      at the handshake, and TLS 1.3 is the minimum
    host              address to listen on; empty: every one, IPv6 and IPv4
    port              HTTPS, /mutate and /validate; 0: any free one
    health_port       plain HTTP, /livez, /readyz, /metrics; 0: any free one
    reload_every      seconds between two looks at the files
    drain             seconds of answering on after SIGTERM, while the cluster learns that this pod
                      is gone. EndpointSlice to kube-proxy takes one to a few seconds.
    finish            seconds that calls in flight may still take after that.
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
