"""List and watch on the wire: pages of objects, and the events of one watch.

Belongs here: the protocol (limit and continue, resourceVersion, bookmarks, 410), one request at a
time. Does not belong here: what is kept, and when to try again (`reflector`).

Source: Kubernetes API concepts, "Efficient detection of changes" and "Retrieving large results
sets in chunks".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from webhook.cluster.refusal import Refused, from_status, refusal
from webhook.cluster.transport import Response, Stream, Transport
from webhook.errors import ClusterUnavailable

_LONGEST_EVENT = 16 * 2**20
"""Bytes of one event. etcd refuses objects over 1.5 MB; ten times that is no watch any more."""

EXPIRED = 410

Type = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
_TYPES: Mapping[str, Type] = {
    "ADDED": "ADDED",
    "MODIFIED": "MODIFIED",
    "DELETED": "DELETED",
    "BOOKMARK": "BOOKMARK",
}


class Page(NamedTuple):
    """Some of the objects of a list, and what to ask with for the rest ("": that was all)."""

    items: list[dict[str, Any]]
    version: str
    rest: str


class Event(NamedTuple):
    """One event of a watch; of a BOOKMARK only the version says anything."""

    type: Type
    object: dict[str, Any]
    version: str


def pages(
    transport: Transport, path: str, selectors: Mapping[str, str], *, size: int, timeout: float
) -> Iterator[Page]:
    """Yield a list page by page; raise Refused with status 410 if it took too long to read."""
    rest = ""
    while True:
        query = {**selectors, "limit": str(size)}
        if rest:
            query["continue"] = rest
        page = _ask(transport, path, query, timeout)
        yield page
        rest = page.rest
        if not rest:
            return


def _ask(transport: Transport, path: str, query: Mapping[str, str], timeout: float) -> Page:
    response = transport.request("GET", path, query=query, timeout=timeout)
    if response.status != 200:
        raise refusal(transport, "GET", path, response)
    content = response.json()
    metadata = content.get("metadata") if isinstance(content, dict) else None
    if not isinstance(metadata, dict):
        raise ClusterUnavailable(
            f"{transport.server}{path} answered with something that is no Kubernetes list"
        )
    # A list of nothing may be null.
    items = [item for item in content.get("items") or () if isinstance(item, dict)]
    return Page(
        items, str(metadata.get("resourceVersion") or ""), str(metadata.get("continue") or "")
    )


def open_watch(
    transport: Transport,
    path: str,
    selectors: Mapping[str, str],
    version: str,
    *,
    seconds: int,
    silence: float,
) -> Stream:
    """Open a watch that the server ends after `seconds`; raise Refused if it does not begin.

    silence  after so many seconds without a byte it counts as broken; more than `seconds`, because
             just before the end the server sends a bookmark, and nothing else on a quiet day
    """
    query = {
        **selectors,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(seconds),
    }
    stream = transport.stream(path, query=query, silence=silence)
    if stream.status == 200:
        return stream
    try:
        body = b"".join(stream)[:_LONGEST_EVENT]
        raise refusal(transport, "GET", path, Response(stream.status, body, stream.headers))
    finally:
        stream.close()


def events(transport: Transport, path: str, stream: Stream) -> Iterator[Event]:
    """Yield the events of a watch until the server ends it.

    Raise Refused for an ERROR event, ClusterUnavailable for a break; what came in part before a
    break is not yielded, and comes again in the next watch.
    """
    for line in _lines(stream, path):
        try:
            told = orjson.loads(line)
            kind, obj = told["type"], told["object"]
            if kind == "ERROR":
                raise from_status(transport, f"to go on watching {path}", obj)
            event = Event(_TYPES[kind], obj, str(obj["metadata"]["resourceVersion"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ClusterUnavailable(
                f"the watch of {path} sent a line that is no event: {line[:80]!r}"
            ) from error
        yield event


def _lines(stream: Stream, path: str) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in stream:
        waiting += piece
        if b"\n" not in piece:
            if len(waiting) > _LONGEST_EVENT:
                raise ClusterUnavailable(
                    f"the watch of {path} sent an event over {_LONGEST_EVENT} bytes"
                )
            continue
        *whole, last = bytes(waiting).split(b"\n")
        waiting = bytearray(last)
        yield from filter(None, whole)


def has_expired(error: ClusterUnavailable) -> bool:
    """Tell whether the only way on is a new list."""
    return isinstance(error, Refused) and (error.status == EXPIRED or error.reason == "Expired")
