"""What a peer sends in TLS beside its data: new keys, and attempts at another handshake.

A peer may do so as often as it likes (KeyUpdate in TLS 1.3, ClientHello in TLS 1.2). OpenSSL obeys
or declines, and tells neither Python nor a loop; only its callback for debugging sees it, which
Python has under a private name (`ssl.SSLContext._msg_callback`, since 3.8; docs/adr/0020). Here:
that callback. Not here: how many are too many (`http_protocol`).
"""

import _ssl
import ssl
from collections.abc import Callable
from typing import Any

_ALERT, _HANDSHAKE = 21, 22  # content types (RFC 8446, B.1)

# The setter of `ssl` itself wraps the callback in enums, which take longer than reading a record.
_CALLBACK: Any = getattr(getattr(_ssl, "_SSLContext", None), "_msg_callback", None)

ARE_REPORTED = _CALLBACK is not None
"""Whether this Python reports such messages; without it they are not limited, and `serve` says so
when it starts."""


def report_messages(context: ssl.SSLContext) -> None:
    """Report such messages of the connections that a context will have, to who watches them."""
    if ARE_REPORTED:
        _CALLBACK.__set__(context, _on_message)


def watch_messages(connection: object, notify: Callable[[], None] | None) -> None:
    """Call `notify` for each such message from now on; None: no longer.

    connection  an SSLObject of a context that reports them; anything else is not TLS
    """
    if isinstance(connection, ssl.SSLObject):
        connection.notify_message = notify  # type: ignore[attr-defined]


def _on_message(
    connection: object, direction: str, _version: int, content_type: int, *_: object
) -> None:
    # What is declined is answered with an alert.
    is_from_peer = content_type == _HANDSHAKE and direction == "read"
    if is_from_peer or (content_type == _ALERT and direction == "write"):
        notify = getattr(connection, "notify_message", None)
        if notify is not None:
            notify()
