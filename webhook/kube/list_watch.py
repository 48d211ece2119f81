"""List and watch on the wire: pages of objects, and the events of one watch.

Belongs here: the protocol (limit and continue, resourceVersion, bookmarks, 410), one request at a
time. Does not belong here: what is kept, and when to try again (`reflector`).

Source: Kubernetes API concepts, "Efficient detection of changes" and "Retrieving large results
sets in chunks".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from webhook.errors import KubeApiUnavailableError
from webhook.kube.api_errors import ApiStatusError, api_error, api_error_from_status
from webhook.kube.transport import Response, Stream, Transport

_MAX_EVENT_BYTES = 16 * 2**20
"""Bytes of one event. etcd refuses objects over 1.5 MB; ten times that is not a watch any more."""

_TARGET_PAGE_BYTES = 2 * 2**20
"""Bytes of a page to aim at: while one is read it takes some ten times as much memory. 200 objects
of 133 KB, which authors may create, would take hundreds of megabytes at once."""

_FIRST_PAGE_OBJECTS = 20
"""Objects of the first page, before their size is known: 30 MB if each is as large as can be."""

HTTP_GONE = 410

WatchEventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
_WATCH_EVENT_TYPES: Mapping[str, WatchEventType] = {
    "ADDED": "ADDED",
    "MODIFIED": "MODIFIED",
    "DELETED": "DELETED",
    "BOOKMARK": "BOOKMARK",
}


class ListPage(NamedTuple):
    """One page of a list, and the continue token for the rest ("": none).

    remaining  how many are still to come; None: the API server does not say, as with a selector
    """

    items: list[dict[str, Any]]
    resource_version: str
    continue_token: str
    size: int = 0
    remaining: int | None = None


class WatchEvent(NamedTuple):
    """One event of a watch; of a BOOKMARK only the version says anything."""

    type: WatchEventType
    object: dict[str, Any]
    resource_version: str


PAGE_TIMEOUT_SECONDS = 60.0
"""Seconds for a page of whole objects, of which one may have a megabyte."""


def list_pages(
    transport: Transport, path: str, selectors: Mapping[str, str], *, page_size: int, timeout: float
) -> Iterator[ListPage]:
    """Yield a list page by page; raise ApiStatusError with 410 if it took too long to read.

    page_size  objects of a page at most; fewer where they are large
    """
    continue_token = ""
    limit = min(_FIRST_PAGE_OBJECTS, page_size)
    while True:
        query = {**selectors, "limit": str(limit)}
        if continue_token:
            query["continue"] = continue_token
        page = _fetch_page(transport, path, query, timeout)
        yield page
        continue_token = page.continue_token
        limit = _next_limit(limit, page, page_size)
        if not continue_token:
            return


def _next_limit(limit: int, page: ListPage, page_size: int) -> int:
    """Return the next page size, estimated from the sizes in this page."""
    bytes_each = page.size // max(1, len(page.items))
    fitting = _TARGET_PAGE_BYTES // max(1, bytes_each)
    # Small objects may come before large ones, so it grows step by step.
    return max(1, min(fitting, 4 * limit, page_size))


def _fetch_page(
    transport: Transport, path: str, query: Mapping[str, str], timeout: float
) -> ListPage:
    response = transport.request("GET", path, query=query, timeout=timeout)
    if response.status != 200:
        raise api_error(transport, "GET", path, response)
    content = response.json()
    metadata = content.get("metadata") if isinstance(content, dict) else None
    if not isinstance(metadata, dict):
        raise KubeApiUnavailableError(f"{transport.server}{path} did not return a Kubernetes list")
    # A list of nothing may be null.
    items = [item for item in content.get("items") or () if isinstance(item, dict)]
    return ListPage(
        items,
        str(metadata.get("resourceVersion") or ""),
        str(metadata.get("continue") or ""),
        len(response.body),
        metadata.get("remainingItemCount"),
    )


def open_watch(
    transport: Transport,
    path: str,
    selectors: Mapping[str, str],
    resource_version: str,
    *,
    watch_timeout: int,
    read_timeout: float,
) -> Stream:
    """Open a watch that the server ends after `seconds`; raise ApiStatusError if it is rejected.

    read_timeout  seconds without data after which it counts as broken; more than `seconds`,
                  because the server may send nothing but a bookmark just before the end
    """
    query = {
        **selectors,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": str(watch_timeout),
    }
    stream = transport.stream(path, query=query, read_timeout=read_timeout)
    if stream.status == 200:
        return stream
    try:
        body = b"".join(stream)[:_MAX_EVENT_BYTES]
        raise api_error(transport, "GET", path, Response(stream.status, body, stream.headers))
    finally:
        stream.close()


def read_events(transport: Transport, path: str, stream: Stream) -> Iterator[WatchEvent]:
    """Yield the events of a watch until the server ends it.

    Raise ApiStatusError for an ERROR event, KubeApiUnavailableError for a break; what came in part
    before a break is not yielded, and comes again in the next watch.
    """
    for line in _split_lines(stream, path):
        try:
            content = orjson.loads(line)
            kind, obj = content["type"], content["object"]
            if kind == "ERROR":
                raise api_error_from_status(transport, f"to continue the watch of {path}", obj)
            event = WatchEvent(
                _WATCH_EVENT_TYPES[kind], obj, str(obj["metadata"]["resourceVersion"])
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise KubeApiUnavailableError(
                f"the watch of {path} sent a line that is not an event: {line[:80]!r}"
            ) from error
        yield event


def _split_lines(stream: Stream, path: str) -> Iterator[bytes]:
    buffer = bytearray()
    for chunk in stream:
        buffer += chunk
        if b"\n" not in chunk:
            if len(buffer) > _MAX_EVENT_BYTES:
                raise KubeApiUnavailableError(
                    f"the watch of {path} sent an event over {_MAX_EVENT_BYTES} bytes"
                )
            continue
        *lines, remainder = bytes(buffer).split(b"\n")
        buffer = bytearray(remainder)
        yield from filter(None, lines)


def is_expired(error: KubeApiUnavailableError) -> bool:
    """Return whether the only way on is a new list."""
    return isinstance(error, ApiStatusError) and (
        error.status == HTTP_GONE or error.reason == "Expired"
    )
