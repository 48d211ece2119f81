"""The server as a program, with a judge that fits on one screen: python -m tests.server.program.

One argument: JSON with the fields of ServerConfig; `limits` with those of Limits; `settings`, a
file that is a reload source and is refused while it reads "bad".
"""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import orjson

from webhook.cli._policies import Wanted
from webhook.cli._policies_in_force import PoliciesInForce
from webhook.errors import InvalidSettings, MalformedReview
from webhook.server.config import Limits, ServerConfig
from webhook.server.judge import Endpoint
from webhook.server.run import serve


@dataclasses.dataclass(frozen=True)
class Failure:
    rule: str
    error: Exception


@dataclasses.dataclass(frozen=True)
class Answer:
    body: bytes
    uid: str
    namespace: str = "models"
    name: str = "iris"
    operation: str = "CREATE"
    verdict: str = "allowed"
    findings: tuple[tuple[str, str], ...] = ()
    failures: tuple[Failure, ...] = ()
    policies: str = ""


def judge(body: bytes, endpoint: Endpoint) -> Answer:
    """Allow, unless the request says what else to do."""
    try:
        request = orjson.loads(body)["request"]
        uid = request["uid"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise MalformedReview("the body is no AdmissionReview") from error
    wish = request.get("wish")
    if wish == "explode":
        raise RuntimeError("a secret of ours")
    response = {"uid": uid, "allowed": wish != "deny"}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    text = orjson.dumps(review)
    if wish == "deny":
        findings = (("traffic-not-100", "deny"), ("no-predictors", "warn"))
        return Answer(text, uid, verdict="denied", findings=findings)
    if wish == "crash":
        return Answer(text, uid, failures=(Failure("traffic-not-100", ZeroDivisionError("why")),))
    return Answer(text, uid, operation=endpoint.upper())


class SettingsFile:
    """A source beside the certificate, as the command line will hand one in."""

    name = "settings"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = path.read_text()

    def refresh(self) -> bool:
        text = self._path.read_text()
        if text == self._seen:
            return False
        if text == "bad":
            raise InvalidSettings("rules.no-such-rule is no rule")
        self._seen = text
        return True


def main(argument: str) -> int:
    """Run until a signal."""
    given: dict[str, Any] = orjson.loads(argument)
    sources = [SettingsFile(Path(path)) for path in [given.pop("settings", None)] if path]
    for field in given.keys() & {"certificate", "key", "client_ca"}:
        given[field] = Path(given[field])
    limits = Limits(**given.pop("limits", {}))
    policies = PoliciesInForce(lambda: Wanted(()))
    return serve(ServerConfig(**given, limits=limits), judge, sources=sources, show=policies.show)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
