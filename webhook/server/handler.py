"""The seam to the core: one callable that answers a review, and the one that `serve` uses."""

from collections.abc import Callable

from webhook.admission import Endpoint, ReviewResult, handle_review
from webhook.engine.allow_cache import AllowCache
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.server.policy_store import PolicyStore
from webhook.server.settings_store import SettingsStore
from webhook.server.timeout import ReviewTimeout
from webhook.settings.model import Settings

ReviewHandler = Callable[[bytes, Endpoint], ReviewResult]
"""Answers one review. Raises MalformedReviewError (HTTP 400) for a body that is not a review;
anything else it raises is an internal error (HTTP 500)."""


class AdmissionReviewHandler:
    """A ReviewHandler: the engine with the settings, policies and facts in force."""

    def __init__(
        self,
        settings_store: SettingsStore,
        policy_store: PolicyStore | None = None,
        facts: Callable[[], Facts] = lambda: NO_FACTS,
        *,
        review_timeout: float = 2.0,
    ) -> None:
        """Take over the timer of the process (see `server.timeout`); for the main thread only.

        policy_store    users' policies; None: none
        facts           returns what is known of the cluster when it is called
        review_timeout  seconds that one review may take
        """
        self._settings_store = settings_store
        self._policy_store = policy_store
        self._facts = facts
        self._review_timeout = ReviewTimeout(review_timeout)
        self._allow_cache = AllowCache()

    def __call__(self, body: bytes, endpoint: Endpoint) -> ReviewResult:
        """Answer one review."""
        settings, facts = self._settings_store.settings, self._facts()
        timeout, store = self._review_timeout, self._policy_store
        policy_context = None if store is None else store.current_context(timeout.is_expired)
        return handle_review(
            body,
            endpoint,
            settings,
            facts,
            policy_context,
            allow_cache=self._allow_cache,
            time_limit=timeout,
        )


def warm_up(settings: Settings) -> None:
    """Compile the schema and import the rules now, and not while an API server waits."""
    for each in settings.parts:
        each.rule_set.preload()
    evaluate({}, settings, NO_FACTS)
