"""URLs, as Go's url.ParseRequestURI takes them: absolute, or an absolute path.

Source: k8s.io/apiserver pkg/cel/library/urls.go, Go's net/url.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, unquote

from webhook.cel.signatures import Library
from webhook.cel.values import EvaluationError, no_overload

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PORT = re.compile(r":\d*", re.ASCII)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"%\x80-\U0010ffff]*")


@dataclass(frozen=True, slots=True)
class URL:
    """A URL, taken apart. `host` has the port in it; `path` is as it was written."""

    CEL_NAME: ClassVar[str] = "kubernetes.URL"
    STRICT_EQUALITY: ClassVar[bool] = True
    BY_ADDRESS: ClassVar[bool] = True
    text: str
    scheme: str
    host: str
    path: str
    query: str

    def __str__(self) -> str:
        return self.text


def parse_url(text: Any) -> URL:
    """Return the URL of a text; raise EvaluationError if it is invalid."""
    if type(text) is not str:
        raise no_overload("url", text)
    if not text or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise EvaluationError("URL parse error during conversion from string: empty or unprintable")
    head, _, _ = text.partition("#")
    match = _SCHEME.match(head)
    scheme, rest = (match[1].lower(), match[2]) if match else ("", head)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/") and not (scheme and rest):
        raise _url_error(text, "it is neither an absolute URL nor an absolute path")
    if scheme and not rest.startswith("/"):
        return URL(text, scheme, "", "", query)  # opaque: mailto:somebody
    if (not scheme and rest.startswith("//")) or (scheme and rest.startswith("//")):
        host, slash, path = rest[2:].partition("/")
        host = host.rpartition("@")[2]
        _check_host(text, host)
        if host.startswith("["):
            host = host.replace("%25", "%")  # before the zone of an address
        path = slash + path
    else:
        host, path = "", rest
    if _ESCAPE.search(path):
        raise _url_error(text, "a % that does not start an escape sequence")
    return URL(text, scheme, host, path, query)


def _check_host(text: str, host: str) -> None:
    after = (
        host.rpartition("]")[2]
        if host.startswith("[")
        else host[host.rfind(":") :]
        if (":" in host)
        else ""
    )
    if host.startswith("[") and "]" not in host:
        raise _url_error(text, "a [ without ] in the host")
    if after and not _PORT.fullmatch(after):
        raise _url_error(text, f'the port "{after}" is not a number')
    if not _HOST.fullmatch(host):
        raise _url_error(text, f'a character that is not allowed in the host "{host}"')


def _url_error(text: str, reason: str) -> EvaluationError:
    return EvaluationError(
        f'URL parse error during conversion from string: "{text[:60]}": {reason}'
    )


def is_url(text: Any) -> bool:
    """Return whether a text is a URL."""
    if type(text) is not str:
        raise no_overload("isURL", text)
    try:
        parse_url(text)
    except EvaluationError:
        return False
    return True


def _require_url(name: str, value: Any) -> URL:
    if type(value) is not URL:
        raise no_overload(name, value)
    return value


def get_hostname(value: Any) -> str:
    """Return the host without port and brackets."""
    host = _require_url("getHostname", value).host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def get_port(value: Any) -> str:
    """Return the port, "" where none is written."""
    host = _require_url("getPort", value).host
    tail = host.rpartition("]")[2] if host.startswith("[") else host
    return tail.rpartition(":")[2] if ":" in tail else ""


def get_escaped_path(value: Any) -> str:
    """Return the path with its escapes."""
    path = _require_url("getEscapedPath", value).path
    return path if path.isascii() and " " not in path else quote(unquote(path), "/:@!$&'()*+,;=~")


def get_query(value: Any) -> dict[str, list[str]]:
    """Return the query as lists of values by key."""
    query = _require_url("getQuery", value).query
    # As in Go, a part with a semicolon or a broken escape is ignored.
    kept = "&".join(
        part for part in query.split("&") if ";" not in part and not _ESCAPE.search(part)
    )
    return parse_qs(kept, keep_blank_values=True, separator="&")


_U = "kubernetes.URL"

URLS = Library(
    "url",
    1,
    {
        "url": (f"url(string) -> {_U}",),
        "isURL": ("isURL(string) -> bool",),
        "getScheme": (f"{_U}.getScheme() -> string",),
        "getHost": (f"{_U}.getHost() -> string",),
        "getHostname": (f"{_U}.getHostname() -> string",),
        "getPort": (f"{_U}.getPort() -> string",),
        "getEscapedPath": (f"{_U}.getEscapedPath() -> string",),
        "getQuery": (f"{_U}.getQuery() -> map<string, list<string>>",),
    },
    {
        "url": parse_url,
        "isURL": is_url,
        "getScheme": lambda value: _require_url("getScheme", value).scheme,
        "getHost": lambda value: _require_url("getHost", value).host,
        "getHostname": get_hostname,
        "getPort": get_port,
        "getEscapedPath": get_escaped_path,
        "getQuery": get_query,
    },
)
