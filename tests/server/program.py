"""The server as a program, with a judge that fits on one screen: python -m tests.server.program.

One argument: JSON with the fields of ServerConfig; `limits` with those of Limits; `settings`, a
file that is a reload source and is refused while it reads "bad"; `reports_tls_messages`:
false for a Python that does not.
"""

import sys
from pathlib import Path
from typing import Any

import orjson

from webhook.admission import Endpoint, ReviewResult
from webhook.engine.decision import RuleError
from webhook.errors import MalformedReviewError, SettingsError
from webhook.runtime import tls_messages
from webhook.runtime.limits import Limits
from webhook.server.config import ServerConfig
from webhook.server.lifecycle import serve
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore


def fake_handle_review(body: bytes, endpoint: Endpoint) -> ReviewResult:
    """Allow, unless the request says what else to do."""
    try:
        request = orjson.loads(body)["request"]
        uid = request["uid"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise MalformedReviewError("the body is not an AdmissionReview") from error
    behavior = request.get("wish")
    if behavior == "explode":
        raise RuntimeError("a secret of ours")
    response = {"uid": uid, "allowed": behavior != "deny"}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    text = orjson.dumps(review)
    if behavior == "deny":
        return ReviewResult(
            text,
            uid,
            "CREATE",
            "models",
            "iris",
            "denied",
            (("traffic-not-100", "deny"), ("no-predictors", "warn")),
        )
    if behavior == "crash":
        return ReviewResult(
            text,
            uid,
            "CREATE",
            "models",
            "iris",
            "allowed",
            rule_errors=(RuleError("traffic-not-100", ZeroDivisionError("why")),),
        )
    return ReviewResult(text, uid, endpoint.upper(), "models", "iris", "allowed")


class SettingsFile:
    """A source beside the certificate, as the command line will hand one in."""

    name = "settings"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = path.read_text()

    def reload_if_changed(self) -> bool:
        text = self._path.read_text()
        if text == self._content:
            return False
        if text == "bad":
            raise SettingsError("rules.no-such-rule is no rule")
        self._content = text
        return True


def main(argument: str) -> int:
    """Run until a signal."""
    given: dict[str, Any] = orjson.loads(argument)
    sources = [SettingsFile(Path(path)) for path in [given.pop("settings", None)] if path]
    for field in given.keys() & {"certificate", "key", "client_ca"}:
        given[field] = Path(given[field])
    limits = Limits(**given.pop("limits", {}))
    tls_messages.ARE_REPORTED = given.pop("reports_tls_messages", True)
    policies = PolicyStore(lambda: ResolvedPolicySources(()))
    return serve(
        ServerConfig(**given, limits=limits),
        fake_handle_review,
        sources=sources,
        register_metrics=policies.register_metrics,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
