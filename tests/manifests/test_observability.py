"""Alerts, dashboard, and what of pods can be set: they name metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.support import MANIFESTS, Object, only, schema_errors
from tests.manifests.test_chart import render
from webhook.auditor.metrics import AuditorMetrics
from webhook.runtime.health import Check, CheckResult
from webhook.runtime.metrics import ServerMetrics
from webhook.server.denial_events import DenialEvents

ON = ("prometheusRule.enabled=true", "grafanaDashboard.enabled=true", "audit.enabled=true")


@pytest.fixture(scope="module")
def objects(helm: Path) -> list[Object]:
    return render(helm, *ON)


def shown_metrics() -> set[str]:
    """Return the names of all metrics that pods show, with something to show."""
    server, auditor = ServerMetrics(), AuditorMetrics()
    server.observe_request("mutate", 200, 0.1)
    server.observe_decision("mutate", "denied", (("a-rule", "deny"),), 1)
    server.register_checks([Check("facts", lambda: CheckResult("ok"))])
    DenialEvents.register_metrics(DenialEvents(None), server)  # type: ignore[arg-type]
    auditor.count_pass(completed_at=1.0)
    auditor.register_findings(lambda: [("models", "denied", {("a-rule", "deny"): 1})])
    text = server.render_metrics() + auditor.render_metrics()
    return set(re.findall(r"^([a-z_]+)(?:\{| )", text.decode(), re.MULTILINE)) - {"#"}


def dashboard(objects: list[Object]) -> Any:
    maps = [o for o in objects if o["metadata"]["name"] == "graphgate-dashboard"]
    return json.loads(maps[0]["data"]["graphgate.json"])


def expressions(objects: list[Object]) -> list[str]:
    alerts = [
        rule["expr"]
        for group in only(objects, "PrometheusRule")["spec"]["groups"]
        for rule in group["rules"]
    ]
    panels = dashboard(objects)["panels"]
    return alerts + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_metric_that_is_asked_for_is_shown(objects: list[Object]) -> None:
    asked = set(re.findall(r"graphgate_[a-z_]+", " ".join(expressions(objects))))
    assert len(asked) > 8
    assert asked <= shown_metrics()


def test_expressions_are_balanced(objects: list[Object]) -> None:
    for expression in expressions(objects):
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression
        assert "{{" not in expression


def test_every_alert_says_what_it_means(objects: list[Object]) -> None:
    for group in only(objects, "PrometheusRule")["spec"]["groups"]:
        for rule in group["rules"]:
            assert {"summary", "description"} <= rule["annotations"].keys()
            assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_alerts_of_the_audit_need_the_audit(helm: Path) -> None:
    plain = render(helm, "prometheusRule.enabled=true")
    names = [r["alert"] for r in only(plain, "PrometheusRule")["spec"]["groups"][0]["rules"]]
    assert "GraphgateDown" in names
    assert not [name for name in names if "Audit" in name]


def test_panels_do_not_overlap(objects: list[Object]) -> None:
    places = [panel["gridPos"] for panel in dashboard(objects)["panels"]]
    cells = [
        (x, y)
        for p in places
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_labels_and_annotations_of_pods_leave_those_of_the_chart_alone(helm: Path) -> None:
    more = (
        'podLabels={"team":"ml","app.kubernetes.io/name":"mine"}',
        'podAnnotations={"sidecar.istio.io/inject":"false"}',
    )
    objects = render(helm, *more, "audit.enabled=true", "reconciler.enabled=true")
    deployments = [o for o in objects if o["kind"] == "Deployment"]
    assert len(deployments) == 3
    for deployment in deployments:
        metadata = deployment["spec"]["template"]["metadata"]
        assert metadata["annotations"] == {"sidecar.istio.io/inject": "false"}
        assert metadata["labels"]["team"] == "ml"
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert selector.items() <= metadata["labels"].items()


def test_the_webhook_can_use_the_network_of_its_node(helm: Path) -> None:
    pod = only(render(helm, "hostNetwork=true"), "Deployment")["spec"]["template"]["spec"]
    assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    plain = only(render(helm), "Deployment")["spec"]["template"]["spec"]
    assert "hostNetwork" not in plain


def test_more_flags_stand_behind_those_of_the_chart(helm: Path) -> None:
    objects = render(helm, 'extraArgs=["--pod-security=restricted"]')
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["args"][-1] == "--pod-security=restricted"


def test_objects_can_be_called_otherwise(helm: Path) -> None:
    names = {o["metadata"]["name"] for o in render(helm, "nameOverride=gate2")}
    assert "graphgate-gate2" in names
    assert "graphgate" not in names


@pytest.mark.parametrize(("value", "effects"), [("true", "NoneOnDryRun"), ("false", "None")])
def test_webhooks_say_whether_they_write(helm: Path, value: str, effects: str) -> None:
    objects = render(helm, f"webhooks.denialEvents={value}")
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        (webhook,) = only(objects, kind)["webhooks"]
        assert webhook["sideEffects"] == effects
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert ("--denial-events" in container["args"]) == (value == "true")


def test_what_is_rendered_is_valid(objects: list[Object]) -> None:
    for document in objects:
        if document["apiVersion"].split("/")[0] != "monitoring.coreos.com":
            assert schema_errors(document) == ""


def test_the_readme_names_values_that_there_are() -> None:
    import yaml

    values = yaml.safe_load((MANIFESTS / "chart" / "values.yaml").read_text())
    text = (MANIFESTS / "chart" / "README.md").read_text()
    for row in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE):
        for name in re.findall(r"`([\w.]+)`", row):
            value = values
            for part in name.split("."):
                assert part in value, name
                value = value[part]
