"""The AdmissionReview: bytes to the request in it, parsed once."""

import re

import orjson

from webhook.errors import MalformedReviewError, UnreadReviewError
from webhook.graph.admission_request import AdmissionRequest, read_request
from webhook.graph.limits import MAX_REVIEW_VALUES, exceeds_values
from webhook.graph.model import get_mapping, get_str
from webhook.rules.other_ids import NESTED_TOO_DEEP_RULE_ID

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"

_UID_SEARCH_BYTES = 4096
"""Bytes that are searched for the uid of an unparsable body: the API server writes kind,
apiVersion and request.uid first, long before the object."""

_UID = re.compile(rb'"uid"\s*:\s*"([0-9A-Za-z-]{1,64})"')


def unread_request(body: bytes) -> AdmissionRequest:
    """Return what is known of a request before its body is parsed: the uid, if it is found."""
    return AdmissionRequest("", None, uid=find_uid(body))


def find_uid(body: bytes) -> str:
    """Return the uid in a body that is not parsed; "" if it is not where API servers write it."""
    match = _UID.search(body, 0, _UID_SEARCH_BYTES)
    return match[1].decode() if match else ""


def parse_request(body: bytes) -> AdmissionRequest:
    """Return the request in `body`.

    Raise MalformedReviewError if it cannot be answered, and UnreadReviewError if it has more
    values, or is nested more deeply, than is read.
    """
    if exceeds_values(body, MAX_REVIEW_VALUES):
        message = f"the review has more than {MAX_REVIEW_VALUES:,} values and was not read"
        if uid := find_uid(body):
            raise UnreadReviewError(message, uid, "object-too-large")
        raise MalformedReviewError(message)
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        uid = find_uid(body)
        if uid and "depth limit" in str(error):
            message = "the object is nested more than 1,000 levels deep and was not read"
            raise UnreadReviewError(message, uid, NESTED_TOO_DEEP_RULE_ID) from error
        raise MalformedReviewError(f"the body is not JSON: {error}") from error
    if not isinstance(review, dict) or review.get("kind") != KIND:
        raise MalformedReviewError(f"the body is not an {KIND}")
    if review.get("apiVersion") != API_VERSION:
        raise MalformedReviewError(f"the review's apiVersion is not {API_VERSION}")
    request = get_mapping(review, "request")
    if not get_str(request, "uid"):
        raise MalformedReviewError("the review has no request with a uid")
    return read_request(request)
