"""The AdmissionReview request: read out of bytes, as little of it as is needed."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from webhook.errors import MalformedReview, ReviewTooDeep
from webhook.graph.model import mapping, text

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"

GROUP, RESOURCE = "machinelearning.seldon.io", "seldondeployments"

_HEAD = 4096
"""Bytes in which the uid of an unparsable body is looked for: the API server writes kind,
apiVersion and request.uid first, long before the object."""

_UID = re.compile(rb'"uid"\s*:\s*"([0-9A-Za-z-]{1,64})"')


class Review(NamedTuple):
    """One request for a verdict.

    document      the object after the operation; null on DELETE
    old_document  the object before it; null on CREATE
    request       the whole of it, for policies
    judged        whether it is about a SeldonDeployment itself, not a subresource of it or some
                  other kind
    """

    uid: str
    operation: str
    namespace: str
    name: str
    document: Any
    old_document: Any
    judged: bool
    request: Mapping[str, Any]


def read_review(body: bytes) -> Review:
    """Return the request in `body`.

    Raise MalformedReview if there is none that could be answered, and ReviewTooDeep if there
    is one that is nested too deeply to be read.
    """
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = _UID.search(body, 0, _HEAD)
        if found and "depth limit" in str(error):
            raise ReviewTooDeep(found[1].decode()) from error
        raise MalformedReview(f"the body is not JSON: {error}") from error
    if not isinstance(review, dict) or review.get("kind") != KIND:
        raise MalformedReview(f"the body is no {KIND}")
    if review.get("apiVersion") != API_VERSION:
        raise MalformedReview(f"the review's apiVersion is not {API_VERSION}")
    request = mapping(review, "request")
    uid = text(request, "uid")
    if not uid:
        raise MalformedReview("the review has no request with a uid")
    resource = mapping(request, "resource")
    document = request.get("object")
    metadata = mapping(document, "metadata") if isinstance(document, dict) else {}
    return Review(
        uid=uid,
        operation=text(request, "operation"),
        namespace=text(request, "namespace"),
        # On CREATE with generateName the request has no name.
        name=text(request, "name") or text(metadata, "name") or text(metadata, "generateName"),
        document=document,
        old_document=request.get("oldObject"),
        judged=not text(request, "subResource")
        and resource.get("group") == GROUP
        and resource.get("resource") == RESOURCE,
        request=request,
    )
