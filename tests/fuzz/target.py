"""What is fuzzed. The one place to change when the judge is put together in another way."""

from webhook.admission import Endpoint, ReviewResult, handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import Settings

_SETTINGS = Settings()


def handle_body(body: bytes, endpoint: Endpoint) -> ReviewResult:
    """Judge as `graphgate serve` does without a settings file."""
    return handle_review(body, endpoint, _SETTINGS, NO_FACTS)
