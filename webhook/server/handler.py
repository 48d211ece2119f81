"""The seam to the core: one callable, declared by who needs it.

`webhook.admission.answer`, with its settings and facts bound, is one; a test writes its own.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

Endpoint = Literal["mutate", "validate"]


class Failure(Protocol):
    """A rule of ours that crashed: its id, and what it raised."""

    @property
    def rule_id(self) -> str: ...  # noqa: D102 — above
    @property
    def error(self) -> Exception: ...  # noqa: D102 — above


class ReviewResult(Protocol):
    """What the judge says: the wire's bytes, and what is logged and counted of it.

    body      the AdmissionReview response, JSON
    verdict   "allowed" or "denied"
    findings  (rule, action) of each finding
    failures  rules of ours that crashed
    policies  version of the policies in force; "": there are none
    """

    @property
    def body(self) -> bytes: ...  # noqa: D102 — above
    @property
    def uid(self) -> str: ...  # noqa: D102 — of the review
    @property
    def namespace(self) -> str: ...  # noqa: D102 — of the object
    @property
    def name(self) -> str: ...  # noqa: D102 — of the object
    @property
    def operation(self) -> str: ...  # noqa: D102 — CREATE, UPDATE, …
    @property
    def verdict(self) -> str: ...  # noqa: D102 — above
    @property
    def findings(self) -> Sequence[tuple[str, str]]: ...  # noqa: D102 — above
    @property
    def rule_errors(self) -> Sequence[Failure]: ...  # noqa: D102 — above
    @property
    def policy_set_version(self) -> str: ...  # noqa: D102 — above


ReviewHandler = Callable[[bytes, Endpoint], ReviewResult]
"""Answers one review. Raises MalformedReview (HTTP 400) for what is none; anything else it raises
is a fault of ours (HTTP 500)."""
