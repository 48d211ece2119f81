"""How long, and with how much, one peer may keep a server busy.

Every limit is here with its reason; `docs/operations/server.md` repeats them for operators.
"""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long (seconds) and how much (bytes) one peer may take."""

    # TCP connect to the end of the TLS handshake. An API server needs milliseconds, and its own
    # limit for one is 10 s (Go's net/http DefaultTransport.TLSHandshakeTimeout).
    tls_handshake_timeout: float = 10.0
    # TLS handshakes in progress; each takes 0.05 MiB. A burst of one API server is 67, each done in
    # milliseconds; beyond, the oldest of the address with most is closed (`acceptor`).
    max_handshakes: int = 500
    # TLS messages of a connection beside its data, after the handshake: new keys, and attempts at a
    # new handshake. Each costs a peer 27 bytes, and us some 20 us. No API server sends any.
    max_tls_messages: int = 32
    # First to last byte of a request's head. A head is one packet.
    header_timeout: float = 5.0
    # End of the head to the last byte of the body. A webhook call is given up after 10 s by default
    # (timeoutSeconds of admissionregistration.k8s.io/v1): no API server waits longer.
    body_timeout: float = 10.0
    # No request on an open connection. The API server closes an idle connection after 90 s and
    # never repeats a POST that met a closed one, so it must be the first to close.
    idle_timeout: float = 120.0
    # An answer that the peer does not read.
    write_timeout: float = 10.0
    # Our "goodbye" in TLS until theirs. Nothing is lost after it.
    tls_shutdown_timeout: float = 2.0
    # After the last answer of a connection: for the peer to read it and to say goodbye.
    linger_timeout: float = 0.1
    # Open connections; each takes 0.13 MiB. An API server keeps 25 idle and opened 67 in a burst of
    # 60 creations. Each one more takes the place of an idle one (`connection_pool`).
    max_connections: int = 1000
    # Connections above that, for newcomers (a probe, an API server) at a moment at which no
    # connection has been idle for long enough to be closed.
    reserved_connections: int = 100
    # An idle connection is closed for a newcomer only after this time. A request that is on its
    # way to us at that moment would be lost, and takes milliseconds.
    min_idle_before_eviction: float = 1.0
    # Request head, and all trailers of a chunked body. The API server's head has 300 bytes; this is
    # room for whatever a proxy adds, and too little to fill a memory with.
    max_header_bytes: int = 64 * 1024
    # Header fields. Each costs a call, however short it is; the API server sends six.
    max_headers: int = 256
    # Chunks of one body, and one more for each so many bytes. Each costs two calls, however short
    # it is. The API server sends none; a proxy that does fills them with 2 KiB and more.
    max_short_chunks: int = 1024
    min_chunk_bytes: int = 512
    # An object is at most 3 MiB in the API server (its request limit); an update carries two.
    max_body_bytes: int = 7 * MEBIBYTE
    # All bodies together that have arrived in part: 9 of the largest, 21 of 3 MiB. Beyond, the one
    # that has taken most for longest is answered with 429 (`connection_pool`).
    max_body_bytes_in_flight: int = 64 * MEBIBYTE
