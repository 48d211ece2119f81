"""The HTTPS edge: what turns an HTTP call of the API server into a call of the pure core.

    config       limits and ports, as one frozen value
    run          the life of the process: bind, serve, drain, end
    listener     one port and the connections on it
    protocol     one connection: uvicorn's HTTP engine, and a deadline for whatever a peer can delay
    application  the two routes: bytes in, judge, bytes out
    judge        what is asked of the core
    tls          certificates that change while connections live
    reload       what is read anew while the server runs
    health       /livez, /readyz, /metrics
    metrics      what is counted
    log          one JSON line per event

Nothing here decides about an object; that is `webhook.admission`, handed in as one callable.
"""
