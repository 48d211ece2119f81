"""The AdmissionReview request: read out of bytes, as little of it as is needed."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from webhook.errors import MalformedReviewError, UnreadReviewError
from webhook.graph.limits import MAX_REVIEW_VALUES, exceeds_values
from webhook.graph.model import get_mapping, get_str
from webhook.rules.other_ids import NESTED_TOO_DEEP_RULE_ID

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"

GROUP, RESOURCE = "machinelearning.seldon.io", "seldondeployments"

_UID_SEARCH_BYTES = 4096
"""Bytes in which the uid of an unparsable body is looked for: the API server writes kind,
apiVersion and request.uid first, long before the object."""

_UID = re.compile(rb'"uid"\s*:\s*"([0-9A-Za-z-]{1,64})"')


class AdmissionRequest(NamedTuple):
    """One request for a verdict.

    document      the object after the operation; null on DELETE
    old_document  the object before it; null on CREATE
    request       the whole of it, for policies
    is_in_scope   whether it is about a SeldonDeployment itself or its Scale, not about another
                  subresource or kind
    is_scale      whether the document is a Scale
    """

    uid: str
    operation: str
    namespace: str
    name: str
    document: Any
    old_document: Any
    is_in_scope: bool
    raw: Mapping[str, Any]
    is_scale: bool = False

    @classmethod
    def unread(cls, body: bytes) -> "AdmissionRequest":
        """Return what is known of a request before its body is parsed: the uid, if it is found."""
        return cls(find_uid(body), "", "", "", None, None, is_in_scope=False, raw={})


def find_uid(body: bytes) -> str:
    """Return the uid in a body that is not parsed; "" if it is not where API servers write it."""
    match = _UID.search(body, 0, _UID_SEARCH_BYTES)
    return match[1].decode() if match else ""


def parse_request(body: bytes) -> AdmissionRequest:
    """Return the request in `body`.

    Raise MalformedReviewError if there is none that could be answered, and UnreadReviewError if
    there is one that holds more values, or is nested more deeply, than is read.
    """
    if exceeds_values(body, MAX_REVIEW_VALUES):
        message = f"the review holds more than {MAX_REVIEW_VALUES:,} values, and was not read"
        if uid := find_uid(body):
            raise UnreadReviewError(message, uid, "object-too-large")
        raise MalformedReviewError(message)
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        uid = find_uid(body)
        if uid and "depth limit" in str(error):
            message = "the object is nested more than 1,000 levels deep, and was not read"
            raise UnreadReviewError(message, uid, NESTED_TOO_DEEP_RULE_ID) from error
        raise MalformedReviewError(f"the body is not JSON: {error}") from error
    if not isinstance(review, dict) or review.get("kind") != KIND:
        raise MalformedReviewError(f"the body is no {KIND}")
    if review.get("apiVersion") != API_VERSION:
        raise MalformedReviewError(f"the review's apiVersion is not {API_VERSION}")
    request = get_mapping(review, "request")
    uid = get_str(request, "uid")
    if not uid:
        raise MalformedReviewError("the review has no request with a uid")
    resource = get_mapping(request, "resource")
    subresource = get_str(request, "subResource")
    document = request.get("object")
    metadata = get_mapping(document, "metadata") if isinstance(document, dict) else {}
    return AdmissionRequest(
        uid=uid,
        operation=get_str(request, "operation"),
        namespace=get_str(request, "namespace"),
        # On CREATE with generateName the request has no name.
        name=get_str(request, "name")
        or get_str(metadata, "name")
        or get_str(metadata, "generateName"),
        document=document,
        old_document=request.get("oldObject"),
        is_in_scope=subresource in ("", "scale")
        and resource.get("group") == GROUP
        and resource.get("resource") == RESOURCE,
        raw=request,
        is_scale=subresource == "scale",
    )
