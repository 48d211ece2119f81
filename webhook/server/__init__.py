"""The HTTPS edge: what turns an HTTP call of the API server into a call of the pure core.

    config        ports, files and durations, as one frozen value
    lifecycle     the life of the process: bind, serve, drain, end
    app           the two routes: bytes in, handler, bytes out
    asgi          the same as an ASGI application; uvicorn_server runs it with our connections
    handler       what is asked of the core
    timeout       an end to a review that takes too long
    policy_store  users' policies in force; policy_files reads them
    cert_check    whether callers will believe the certificate

What it shares with the controller is in `runtime`. Nothing here decides about an object;
that is `webhook.admission`, handed in as one callable.
"""
