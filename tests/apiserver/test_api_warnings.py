"""Whatever the API server warns of in a Deployment, which only its operator sees, has a finding."""

import json
from typing import Any

import pytest

from tests.documents_of import with_predictor
from tools.control_plane.run import ControlPlane
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import read_settings

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
CONTAINER = {"name": "classifier", "image": "registry.example/iris:1"}
ZONE = "failure-domain.beta.kubernetes.io/zone"
ANY: dict[str, Any] = {"labelSelector": {}}
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
SECCOMP = "seccomp.security.alpha.kubernetes.io"
TERM = {"matchExpressions": [{"key": "beta.kubernetes.io/os", "operator": "Exists"}]}
APART = {"topologyKey": "zone"}
ITEMS = [{"key": "a", "path": "a"}, {"key": "b", "path": "a/b"}]
TWICE = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
EXTENDED = [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]


def pod(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [CONTAINER], **fields}}


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{**CONTAINER, **fields}]}}


def annotated(key: str, value: str = "runtime/default", **fields: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": {key: value}}, **pod(**fields)}


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "data", **source}])


def affinity(kind: str, when: str, term: Any) -> dict[str, Any]:
    return pod(affinity={kind: {when: term}})


TEMPLATES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": (pod(), ""),
    "node label": (pod(nodeSelector={"beta.kubernetes.io/arch": "amd64"}), "obsolete-node-label"),
    "new node label": (pod(nodeSelector={"kubernetes.io/arch": "amd64"}), ""),
    "required node label": (
        affinity("nodeAffinity", REQUIRED, {"nodeSelectorTerms": [TERM]}),
        "obsolete-node-label",
    ),
    "preferred node label": (
        affinity("nodeAffinity", PREFERRED, [{"weight": 1, "preference": TERM}]),
        "obsolete-node-label",
    ),
    "spread by an old label": (
        pod(topologySpreadConstraints=[{**SPREAD, **ANY, "topologyKey": ZONE}]),
        "obsolete-node-label",
    ),
    "spread without a selector": (
        pod(topologySpreadConstraints=[SPREAD]),
        "selector-of-no-pod",
    ),
    "spread with a selector": (pod(topologySpreadConstraints=[{**SPREAD, **ANY}]), ""),
    "apart without a selector": (
        affinity("podAntiAffinity", REQUIRED, [APART]),
        "selector-of-no-pod",
    ),
    "rather apart without a selector": (
        affinity("podAntiAffinity", PREFERRED, [{"weight": 1, "podAffinityTerm": APART}]),
        "selector-of-no-pod",
    ),
    "beside without a selector": (
        affinity("podAffinity", REQUIRED, [APART]),
        "unsatisfiable-affinity",
    ),
    "critical": (
        annotated("scheduler.alpha.kubernetes.io/critical-pod", ""),
        "obsolete-pod-annotation",
    ),
    "sysctls": (
        annotated("security.alpha.kubernetes.io/sysctls", "a=b"),
        "obsolete-pod-annotation",
    ),
    "unsafe sysctls": (
        annotated("security.alpha.kubernetes.io/unsafe-sysctls", "a=b"),
        "obsolete-pod-annotation",
    ),
    "seccomp of the pod": (annotated(f"{SECCOMP}/pod"), "obsolete-pod-annotation"),
    "seccomp of a container": (
        annotated(f"container.{SECCOMP}/classifier"),
        "obsolete-pod-annotation",
    ),
    "seccomp beside its field": (
        annotated(f"{SECCOMP}/pod", securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
        "",
    ),
    "removed volume": (volume(glusterfs={"endpoints": "a", "path": "b"}), "removed-volume-type"),
    "a folder that is a file": (
        volume(configMap={"name": "c", "items": ITEMS}),
        "overlapping-volume-paths",
    ),
    "pull secret without a name": (pod(imagePullSecrets=[{}]), "ineffective-pod-setting"),
    "part of a byte": (
        container(resources={"limits": {"memory": "100m"}}),
        "memory-below-one-mebibyte",
    ),
    "variable twice": (container(env=TWICE), "duplicate-env-variable"),
    "variable extended": (container(env=EXTENDED), ""),
    "address without a port": (
        container(ports=[{"containerPort": 9000, "hostIP": "127.0.0.1"}]),
        "ineffective-pod-setting",
    ),
    "port twice": (
        container(ports=[{"containerPort": 9000}, {"containerPort": 9000}]),
        "duplicate-port",
    ),
    "negative grace": (pod(terminationGracePeriodSeconds=-1), "ineffective-pod-setting"),
}
"""Pod templates by name, each with the rule that says what the API server warns of."""


@pytest.mark.parametrize(("template", "rule"), TEMPLATES.values(), ids=TEMPLATES)
def test_what_the_api_server_warns_of_has_a_finding_and_nothing_else(
    control_plane: ControlPlane, namespace: str, template: dict[str, Any], rule: str
) -> None:
    metadata = {**template.get("metadata", {}), "labels": {"app": "iris"}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "iris"},
        "spec": {
            "selector": {"matchLabels": {"app": "iris"}},
            "template": {**template, "metadata": metadata},
        },
    }
    created = control_plane.kubectl(
        *("-n", namespace, "create", "--dry-run=server", "-f", "-"), input=json.dumps(deployment)
    )
    assert bool(rule) is ("Warning: " in created.stderr), created.stderr

    facts = Facts(kubernetes_minor=control_plane.minor)
    document = with_predictor(componentSpecs=[template])
    decision = evaluate(document, read_settings(), facts, operator="graphgate")
    found = {each.rule_id for each in (*decision.denials, *decision.warnings)}
    assert found == ({rule} if rule else set())
