"""The objects of a document are rendered once, however many rules need them."""

from typing import Any

import pytest

from tests.documents_of import minimal
from webhook.engine.rule_runner import run_rules
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering import render as renderer
from webhook.settings.model import read_settings

APPARMOR = "container.apparmor.security.beta.kubernetes.io/other"
SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"


def test_rules_share_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Any] = []
    render = renderer.render

    def count(view: Any, *arguments: Any, **options: Any) -> Any:
        rendered.append(view)
        return render(view, *arguments, **options)

    monkeypatch.setattr(renderer, "render", count)
    document = minimal()
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["securityContext"] = {"seccompProfile": {"type": "RuntimeDefault"}}
    document["spec"]["annotations"] = {APPARMOR: "unconfined", SECCOMP: "unconfined"}
    facts, rules = Facts(operator="graphgate"), read_settings().rule_set
    found = {finding.rule_id for _, finding in run_rules(rules, parse(document), None, facts, [])}
    assert found >= {
        "apparmor-annotation-unknown-container",
        "profile-annotation-contradicts-field",
    }
    assert len(rendered) == 1
