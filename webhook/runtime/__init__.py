"""What the server and the controller share as processes.

Listener, connections, health endpoints, logging, metrics, hot reload and TLS. Nothing here
decides about an object.
"""
