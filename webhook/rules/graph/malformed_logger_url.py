"""Invalid logger URL

Why: the orchestrator posts requests and responses to the URL. Without http:// or https:// and a
host it cannot, and the records are lost.

Fix: Use an http or https URL, like http://log-sink.example/path, or remove it to use the default.

Bad:
    logger:
      mode: all
      url: log-sink.example

Good:
    logger:
      mode: all
      url: http://log-sink.example
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_mapping
from webhook.rules._format import MAX_QUOTED_LENGTH, quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"logger"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each logger URL without scheme or host (source: seldon-checks G30)."""
    url = get_mapping(node.raw, "logger").get("url")
    if type(url) is str and not _is_valid_logger_url(url):
        path = node.path / "logger" / "url"
        message = f"invalid logger URL {quote_value(url)}" if url else "url is empty"
        message += ": http:// or https:// and a host are required"
        is_supported = "." in url and "://" not in url and "/" not in url[:1]
        yield Finding(
            path, message, f"use http://{url[:MAX_QUOTED_LENGTH]}" if is_supported else ""
        )


def _is_valid_logger_url(url: str) -> bool:
    scheme, colon, rest = url.partition("://")
    host = rest.partition("/")[0]
    return bool(colon and host) and scheme.lower() in ("http", "https") and " " not in url
