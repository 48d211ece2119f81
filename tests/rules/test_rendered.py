"""The objects of a document are rendered once, however many rules need them."""

from typing import Any

import pytest

from tests.documents_of import minimal
from webhook.engine.rule_runner import run_rules
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering import layout
from webhook.rendering import once as renderer
from webhook.rendering.render import render
from webhook.rules.naming import reserved_container_name
from webhook.rules.pod import host_process_beside_injected, port_collision
from webhook.settings.model import read_settings

APPARMOR = "container.apparmor.security.beta.kubernetes.io/other"
SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"


def test_rules_share_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Any] = []

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


def test_where_nodes_run_is_found_once_for_all_predictors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    find = layout.layout_predictors

    def count(view: Any, *arguments: Any) -> Any:
        asked.append(view)
        return find(view, *arguments)

    monkeypatch.setattr(layout, "layout_predictors", count)
    document = minimal()
    (predictor,) = document["spec"]["predictors"]
    source = {"fileKeyRef": {"volumeName": "missing", "path": "a", "key": "b"}}
    orchestrator = {"env": [{"name": "A", "valueFrom": source}]}
    document["spec"]["predictors"] = [
        {**predictor, "name": name, "svcOrchSpec": orchestrator, "traffic": 50}
        for name in ("main", "other")
    ]
    facts, rules = Facts(operator="seldon", kubernetes_minor=36), read_settings().rule_set
    found = [f.rule_id for _, f in run_rules(rules, parse(document), None, facts, [])]
    assert found.count("env-file-without-volume") == 2
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("operator", "http", "grpc"),
    [
        ("seldon", None, None),
        ("seldon", 7000, 7001),  # both the author's
        ("seldon", 9000, 9500),  # what would be assigned, and nothing is
        ("seldon", 7000, None),  # below what is assigned
        ("seldon", None, 9400),
        ("seldon", None, 9001),  # above what is assigned
        ("graphgate", 7000, 7000),  # one Service port for both
    ],
)
def test_where_nodes_run_is_not_found_for_ports_that_cannot_collide(
    monkeypatch: pytest.MonkeyPatch, operator: Any, http: int | None, grpc: int | None
) -> None:
    asked: list[Any] = []

    def count(*given: Any) -> tuple[()]:
        asked.append(given)
        return ()

    monkeypatch.setattr(layout, "layout_predictors", count)
    ports = [
        {"name": name, "containerPort": number}
        for name, number in (("http", http), ("grpc", grpc), ("debug", 9000))
        if number is not None
    ]
    document = minimal()
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["containers"][0]["ports"] = ports
    assert [*port_collision.check(parse(document), Facts(operator=operator))] == []
    assert asked == []


@pytest.mark.parametrize(
    ("rule", "pod"),
    [
        (
            host_process_beside_injected,
            {
                "hostNetwork": True,
                "containers": [
                    {
                        "name": "classifier",
                        "image": "registry.example/iris:1",
                        "securityContext": {"windowsOptions": {"hostProcess": True}},
                    }
                ],
            },
        ),
        (
            reserved_container_name,
            {
                "initContainers": [{"name": "seldon-container-engine", "image": "a:1"}],
                "containers": [{"name": "classifier", "image": "registry.example/iris:1"}],
            },
        ),
    ],
)
def test_pods_are_looked_at_once_for_all_predictors(
    monkeypatch: pytest.MonkeyPatch, rule: Any, pod: dict[str, Any]
) -> None:
    asked: list[Any] = []
    list_pods = rule.rendered_pods

    def count(*arguments: Any) -> Any:
        asked.append(arguments)
        return list_pods(*arguments)

    monkeypatch.setattr(rule, "rendered_pods", count)
    document = minimal()
    (predictor,) = document["spec"]["predictors"]
    document["spec"]["predictors"] = [
        {**predictor, "name": name, "componentSpecs": [{"spec": pod}], "traffic": 50}
        for name in ("main", "other")
    ]
    found = [*rule.check(parse(document), Facts(operator="seldon"))]
    assert len({finding.path[2] for finding in found}) == 2
    assert len(asked) == 1
