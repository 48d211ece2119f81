"""The wire: AdmissionReview in, AdmissionReview out (admission.k8s.io/v1).

    bytes ─▶ Review ─▶ decide ─▶ Answer ─▶ bytes

The whole line is on one screen, needs no server, and is what the HTTP route calls.
"""

from webhook.admission.handler import Endpoint, ReviewResult, handle_review

__all__ = ["Endpoint", "ReviewResult", "handle_review"]
