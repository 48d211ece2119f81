"""What is fuzzed. The one place to change when the judge is put together in another way."""

from webhook.admission import answer
from webhook.decisions.settings import Settings
from webhook.graph.facts import NOTHING_KNOWN
from webhook.server.judge import Answer, Endpoint

_SETTINGS = Settings()


def judge(body: bytes, endpoint: Endpoint) -> Answer:
    """Judge as `graphgate serve` does without a settings file."""
    return answer(body, endpoint, _SETTINGS, NOTHING_KNOWN)
