"""Of each bound the last value that is right and the first that is wrong.

Sources: those of the rules; where a bound is Kubernetes' own, its validation.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from tests.documents_of import minimal, with_graph, with_pod, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.settings.model import read_settings

SETTINGS = read_settings()
Raw = dict[str, Any]
CONTAINER: Raw = {"name": "classifier", "image": "registry.example/iris:1"}


class Bound(NamedTuple):
    """What is on both sides of a bound of a rule.

    build  returns a document with a value
    """

    rule: str
    build: Callable[[Any], Any]
    right: tuple[Any, ...]
    wrong: tuple[Any, ...]


def with_component(**fields: Any) -> Any:
    return minimal(
        lambda document: document["spec"]["predictors"][0]["componentSpecs"][0].update(fields)
    )


def container(**fields: Any) -> Any:
    return with_pod(containers=[CONTAINER | fields])


def volume(**source: Any) -> Any:
    return with_pod(volumes=[{"name": "data", **source}])


def resources(**amounts: Any) -> Any:
    return container(resources=amounts)


def annotated(key: str) -> Callable[[Any], Any]:
    return lambda value: with_component(metadata={"annotations": {key: value}})


def keda(**bounds: Any) -> Any:
    triggers = [{"type": "cron", "metadata": CRON}]
    return with_component(kedaSpec={"triggers": triggers, **bounds})


CRON = {"timezone": "UTC", "start": "0 8 * * *", "end": "0 20 * * *", "desiredReplicas": "2"}


def ab_test(ratio: Any) -> Any:
    nodes = [{"name": name, "type": "MODEL"} for name in "ab"]
    parameters = [{"name": "ratioA", "value": ratio, "type": "FLOAT"}]
    graph = {"name": "split", "implementation": "RANDOM_ABTEST", "children": nodes}
    containers = [{"name": name, "image": "registry.example/n:1"} for name in "ab"]
    return with_predictor(
        graph=graph | {"parameters": parameters},
        componentSpecs=[{"spec": {"containers": containers}}],
    )


def two_predictors(*traffic: Any) -> Any:
    def change(document: Raw) -> None:
        (predictor,) = document["spec"]["predictors"]
        document["spec"]["predictors"] = [
            deepcopy(predictor) | {"name": name, "traffic": share}
            for name, share in zip(("main", "canary"), traffic, strict=True)
        ]

    return minimal(change)


def named(name: str, **metadata: Any) -> Any:
    return minimal(lambda document: document.update(metadata={"name": name, **metadata}))


def pod_resources(**amounts: Any) -> Any:
    own = {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}
    return with_pod(resources=amounts, containers=[CONTAINER | {"resources": own}])


def windows_user(name: str) -> Any:
    options = {"windowsOptions": {"runAsUserName": name}}
    return with_pod(os={"name": "windows"}, securityContext=options)


def renamed_together(count: int) -> Any:
    """A document with so many nodes of one invalid name, and a container of it."""
    children = [{"name": "step_one", "type": "MODEL"} for _ in range(count - 1)]
    return with_predictor(
        graph={"name": "step_one", "type": "MODEL", "children": children},
        componentSpecs=[{"spec": {"containers": [CONTAINER | {"name": "step_one"}]}}],
    )


def labels(length: int) -> str:
    """A subdomain of so many characters."""
    return ".".join(["a" * 60] * 10)[: length - 1].rstrip(".").ljust(length, "b")


def claim_annotation(length: int) -> Any:
    template = {
        "metadata": {"annotations": {"a": "b" * length}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    return volume(ephemeral={"volumeClaimTemplate": template})


MIB = 2**20
BOUNDS = {
    "annotations of a claim": Bound(
        "malformed-volume-claim-template", claim_annotation, (2**18 - 1,), (2**18,)
    ),
    "ratio": Bound("ratio-without-effect", ab_test, ("0", "1", "0.5"), ("-0.001", "1.001")),
    "claim": Bound(
        "pvc-uri-without-claim",
        lambda name: with_graph(implementation="SKLEARN_SERVER", modelUri=f"pvc://{name}/m"),
        (labels(253),),
        (labels(254),),
    ),
    "domain of a Windows user": Bound(
        "malformed-windows-options",
        windows_user,
        (f"{labels(255)}\\u", "u" * 104, "d\\u"),
        (f"{labels(256)}\\u", "u" * 105, "d\\e\\u", "d\\", "", "..", "a:b", "a\x1f"),
    ),
    "mode of files": Bound(
        "file-mode-out-of-range",
        lambda mode: volume(configMap={"name": "c", "defaultMode": mode}),
        (0, 511),
        (-1, 512, 600, 777, 778, 800, 1000),
    ),
    "iSCSI name": Bound(
        "malformed-volume-source",
        lambda length: volume(
            iscsi={
                "targetPortal": "p" * (length - len("data:")),
                "iqn": "iqn.2026-01.example:a",
                "lun": 0,
                "initiatorName": "iqn.2026-01.example:b",
            }
        ),
        (64,),
        (65,),
    ),
    "fibre channel": Bound(
        "malformed-volume-source",
        lambda lun: volume(fc={"targetWWNs": ["50060e801049cfd1"], "lun": lun}),
        (0, 255),
        (-1, 256, None),
    ),
    "tenant of Quobyte": Bound(
        "malformed-volume-source",
        lambda tenant: volume(quobyte={"registry": "h:1", "volume": "v", "tenant": tenant}),
        ("t" * 64, "é" * 32),
        ("t" * 65, "é" * 33),
    ),
    "name of a port": Bound(
        "malformed-port-name",
        lambda name: container(ports=[{"name": name, "containerPort": 9000}]),
        ("a" * 15, "a-b", "9a"),
        ("a" * 16, "1" * 15, "1" * 16, "a--b", "-a"),
    ),
    "port of a probe in quotes": Bound(
        "malformed-port-name",
        lambda port: container(livenessProbe={"tcpSocket": {"port": port}}),
        (1, 65535),
        ("1", "65535", "0", "65536", "99999999"),
    ),
    "success of a probe": Bound(
        "probe-value-out-of-range",
        lambda count: container(
            livenessProbe={"tcpSocket": {"port": 9000}, "successThreshold": count}
        ),
        (0, 1),
        (-1, 2),
    ),
    "image": Bound(
        "malformed-image-reference",
        lambda image: container(image=image),
        (
            "i" * 247,  # and library/ before it
            "a" * 63,
            "g" * 64,
            "r.example/" + "i" * 255,
            "i:" + "t" * 128,
            "i@sha256:" + "a" * 64,
        ),
        (
            "i" * 248,
            "a" * 64,
            "r.example/" + "i" * 256,
            "i:" + "t" * 129,
            "i@sha256:" + "a" * 63,
            "i" * 1025,
        ),
    ),
    "target of an autoscaler": Bound(
        "malformed-hpa-metric",
        lambda value: with_component(
            hpaSpec={
                "maxReplicas": 3,
                "metricsv2": [
                    {
                        "type": "Pods",
                        "pods": {
                            "metric": {"name": "m"},
                            "target": {"type": "AverageValue", "averageValue": value},
                        },
                    }
                ],
            }
        ),
        ("1m", 1),
        (0, "0", "-1m"),
    ),
    "deletion cost": Bound(
        "malformed-kubernetes-annotation",
        annotated("controller.kubernetes.io/pod-deletion-cost"),
        ("0", "2147483647", "-2147483648", "-1", "-01"),
        ("2147483648", "-2147483649", "+1", "01", "", "9" * 5000),
    ),
    "seconds of a toleration": Bound(
        "malformed-kubernetes-annotation",
        lambda seconds: annotated("scheduler.alpha.kubernetes.io/tolerations")(
            f'[{{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {seconds}}}]'
        ),
        (2**63 - 1, -(2**63), 0, "null"),
        (2**63, -(2**63) - 1, '"1"'),
    ),
    "cpu": Bound(
        "cpu-without-unit",
        lambda cpu: resources(limits={"cpu": cpu}),
        (499, "499", "500m", "1500m"),
        (500, "500"),
    ),
    "amount": Bound(
        "malformed-quantity",
        lambda amount: resources(limits={"memory": amount}),
        (0, "0", "1Mi"),
        (-1, "-1", "1 Mi"),
    ),
    "storage of a claim": Bound(
        "malformed-volume-claim-template",
        lambda storage: volume(
            ephemeral={
                "volumeClaimTemplate": {
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": storage}},
                    }
                }
            }
        ),
        (1, "1"),
        (0, "0", "-1", None),
    ),
    "search domains": Bound(
        "incomplete-dns-config",
        lambda length: with_pod(dnsConfig={"searches": [labels(200)] * 10 + ["a" * length]}),
        (38,),
        (39,),
    ),
    "host name": Bound(
        "conflicting-host-namespaces",
        lambda length: with_pod(hostnameOverride="a" * length),
        (64,),
        (65,),
    ),
    "traffic": Bound(
        "traffic-out-of-range",
        lambda share: two_predictors(share, 50),
        (0, 100),
        (-1, 101),
    ),
    "sum of traffic": Bound(
        "traffic-not-100",
        lambda share: two_predictors(share, 60),
        (40,),
        (39, 41, 0, 100, None),
    ),
    "deadline": Bound(
        "deadline-not-positive",
        lambda seconds: with_predictor(progressDeadlineSeconds=seconds),
        (1, 600),
        (0, -1),
    ),
    "request": Bound(
        "request-over-limit",
        lambda cpu: resources(requests={"cpu": cpu}, limits={"cpu": "1"}),
        ("1", "1000m", 1, "999m", "1000000000n"),
        ("1001m", 2, "1000000001n"),
    ),
    "memory": Bound(
        "memory-below-one-mebibyte",
        lambda memory: resources(limits={"memory": memory}),
        (0, MIB, "1Mi"),
        (1, MIB - 1, "512m"),
    ),
    "request of a pod": Bound(
        "pod-resources-below-containers",
        lambda cpu: pod_resources(requests={"cpu": cpu}),
        ("1", "1001m"),
        ("999m",),
    ),
    "limit of a pod": Bound(
        "pod-resources-below-containers",
        lambda cpu: pod_resources(limits={"cpu": cpu}),
        ("2", "2001m"),
        ("1999m",),
    ),
    "request and limit of a pod": Bound(
        "pod-resources-below-containers",
        lambda cpu: pod_resources(requests={"cpu": cpu}, limits={"cpu": "2"}),
        ("2",),
        ("2001m",),
    ),
    "devices": Bound(
        "extended-resource-overcommit",
        lambda count: resources(limits={"example.com/device": count}),
        (0, 1, "1000m"),
        ("1001m", "1m", "1n"),
    ),
    "huge pages": Bound(
        "extended-resource-overcommit",
        lambda amount: resources(limits={"hugepages-2Mi": amount, "cpu": "1"}),
        (0, "2Mi", "4Mi"),
        ("1Mi", "3Mi"),
    ),
    "sleep before the end": Bound(
        "prestop-sleep-exceeds-grace-period",
        lambda seconds: with_pod(
            terminationGracePeriodSeconds=20,
            containers=[CONTAINER | {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}],
        ),
        (0, 1, 20),
        (-1, 21),
    ),
    "name of a node": Bound(
        "name-too-long-for-a-label",
        lambda length: with_predictor(
            graph={"name": "n" * length, "type": "MODEL"},
            componentSpecs=[{"spec": {"containers": [CONTAINER | {"name": "n" * length}]}}],
        ),
        (48, 64),
        (49, 63),
    ),
    "name of an object": Bound(
        "deployment-name-not-a-service-name",
        named,
        ("a", "a" * 63),
        ("1.a", "A", "a" * 254, "-"),
    ),
    "name of a component": Bound(
        "malformed-component-name",  # a longer one is hashed
        lambda length: with_component(metadata={"name": "A" * (length - len("iris-main-0-"))}),
        (64,),
        (63,),
    ),
    "replicas": Bound(
        "negative-replicas",
        lambda count: with_component(replicas=count),
        (0,),
        (-1,),
    ),
    "least replicas of an autoscaler": Bound(
        "autoscaler-min-above-max",
        lambda bounds: with_component(
            hpaSpec={"minReplicas": bounds[0], "maxReplicas": bounds[1], "metrics": []}
        ),
        ((1, 1), (1, 2)),
        ((2, 1), (0, 1), (1, 0), (3, 2)),
    ),
    "replicas of KEDA": Bound(
        "autoscaler-min-above-max",
        lambda bounds: keda(
            minReplicaCount=bounds[0], maxReplicaCount=bounds[1], idleReplicaCount=bounds[2]
        ),
        ((1, 1, 0), (2, 2, 0), (0, 1, 0), (1, 100, 0)),
        ((2, 1, 0), (1, 1, 1), (-1, 1, 0), (1, 0, 0), (1, 1, -1), (2, 2, 2), (101, None, 0)),
    ),
    "pods of a budget": Bound(
        "pdb-bound-out-of-range",
        lambda value: with_component(pdbSpec={"minAvailable": value}),
        (0, 1, "0%", "100%", "0100%"),
        (-1, "101%", "1", "%", "-1%", "1.5%", "9999%"),
    ),
    "value of a predictor's label": Bound(
        "malformed-predictor-metadata",
        lambda value: with_predictor(labels={"example.com/a": value}),
        ("a" * 63, "a.b_c-d", ""),
        ("a" * 64, "a b", "-a"),
    ),
    "key of a predictor's label": Bound(
        "malformed-predictor-metadata",
        lambda key: with_predictor(labels={key: "a"}),
        ("a" * 63, "example.com/a"),
        ("a" * 64, "a b", "Example.com/a", "/a"),
    ),
    "key of a predictor's annotation": Bound(
        "malformed-predictor-metadata",
        lambda key: with_predictor(annotations={key: "a"}),
        ("a" * 63, "example.com/a", "Example.com/a"),
        ("a" * 64, "a b", "/a"),
    ),
}


def found(document: Any, facts: Facts = NO_FACTS) -> set[str]:
    decision = evaluate(document, SETTINGS, facts)
    assert decision.rule_errors == ()
    return {finding.rule_id for finding in (*decision.denials, *decision.warnings)}


RIGHT = [(name, value) for name, bound in BOUNDS.items() for value in bound.right]
WRONG = [(name, value) for name, bound in BOUNDS.items() for value in bound.wrong]


def shown(value: Any) -> str:
    return str(value)[:30]


@pytest.mark.parametrize(("name", "value"), RIGHT, ids=shown)
def test_the_last_value_within_a_bound_is_right(name: str, value: Any) -> None:
    assert BOUNDS[name].rule not in found(BOUNDS[name].build(value))


@pytest.mark.parametrize(("name", "value"), WRONG, ids=shown)
def test_the_first_value_beyond_a_bound_is_wrong(name: str, value: Any) -> None:
    assert BOUNDS[name].rule in found(BOUNDS[name].build(value))


def fixed_names(count: int) -> int:
    decision = evaluate(renamed_together(count), SETTINGS, NO_FACTS)
    return max(len(f.fix) for f in decision.denials if f.rule_id == "name-not-a-dns-label")


@pytest.mark.parametrize(("count", "operations"), [(19, 20), (20, 21), (21, 0)])
def test_twenty_nodes_of_one_name_are_renamed_together(count: int, operations: int) -> None:
    assert fixed_names(count) == operations


SIZE = 256 * 1024
REVISION = "deployment.kubernetes.io/revision"
INJECTED = {  # of a ReplicaSet, which without room for them is never made
    "deployment.kubernetes.io/desired-replicas": "1",
    "deployment.kubernetes.io/max-replicas": "2",
    REVISION: "1",
}
PODS = sum(len(key) + len(value) for key, value in INJECTED.items())


def of_object(annotations: Raw) -> Any:
    return named("iris", annotations=annotations)


def of_spec(annotations: Raw) -> Any:
    return minimal(lambda document: document["spec"].update(annotations=annotations))


def of_predictor(annotations: Raw) -> Any:
    return with_predictor(annotations=annotations)


def of_component(annotations: Raw) -> Any:
    return with_component(metadata={"annotations": annotations})


@pytest.mark.parametrize(
    ("build", "size"),
    [(of_object, SIZE), *((build, SIZE - PODS) for build in (of_spec, of_predictor, of_component))],
)
@pytest.mark.parametrize("letter", ["a", "é", "\ud800"])
def test_annotations_are_counted_in_bytes(build: Any, size: int, letter: str) -> None:
    width = len(letter.encode(errors="surrogatepass"))
    left = size - len("example.com/a")
    text = letter * (left // width) + "a" * (left % width)
    assert "annotations-too-large" not in found(build({"example.com/a": text}))
    assert "annotations-too-large" in found(build({"example.com/a": text + "a"}))


@pytest.mark.parametrize("build", [of_spec, of_predictor, of_component])
def test_an_annotation_that_replaces_an_injected_one_is_counted_once(build: Any) -> None:
    left = SIZE - PODS - len("example.com/a")
    same = {REVISION: "2", "example.com/a": "a" * left}
    assert "annotations-too-large" not in found(build(same))
    assert "annotations-too-large" in found(build(same | {REVISION: "10"}))


@pytest.mark.parametrize(("minor", "wrong"), [(31, True), (32, False), (33, False)])
def test_a_name_of_a_variable_is_judged_by_the_version(minor: int, wrong: bool) -> None:
    document = container(env=[{"name": "1.a b", "value": "x"}])
    assert ("malformed-env-name" in found(document, Facts(kubernetes_minor=minor))) is wrong


@pytest.mark.parametrize(("minor", "wrong"), [(35, True), (36, False), (37, False)])
def test_a_digit_before_a_service_name_is_judged_by_the_version(minor: int, wrong: bool) -> None:
    rule = "deployment-name-not-a-service-name"
    decision = evaluate(named("1iris"), SETTINGS, Facts(kubernetes_minor=minor))
    assert [f.rule_id for f in decision.denials] == ([rule] if wrong else [])
    assert rule in {f.rule_id for f in evaluate(named("1iris"), SETTINGS, NO_FACTS).warnings}


@pytest.mark.parametrize(("minor", "wrong"), [(36, True), (37, False), (38, False)])
def test_scaling_to_zero_is_judged_by_the_version(minor: int, wrong: bool) -> None:
    metric = {
        "type": "External",
        "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}},
    }
    document = with_component(hpaSpec={"minReplicas": 0, "maxReplicas": 2, "metricsv2": [metric]})
    assert ("autoscaler-min-above-max" in found(document, Facts(kubernetes_minor=minor))) is wrong


@pytest.mark.parametrize("value", [7, 1.5, True])
def test_of_json_nobody_knows_how_a_number_was_spelt(value: Any) -> None:
    decision = evaluate(container(env=[{"name": "A", "value": value}]), SETTINGS, NO_FACTS)
    (finding,) = decision.denials
    assert (finding.rule_id, finding.remediation, finding.fix) == ("wrong-type", "quote it", ())


@pytest.mark.parametrize(
    ("port", "fixed"), [("1", 1), ("65535", 65535), ("0", None), ("65536", None), ("1a", None)]
)
def test_a_port_in_quotes_is_written_without_them_if_it_is_one(
    port: str, fixed: int | None
) -> None:
    document = container(livenessProbe={"tcpSocket": {"port": port}})
    rule = "malformed-port-name"
    fixes = [f.fix for f in evaluate(document, SETTINGS, NO_FACTS).denials if f.rule_id == rule]
    assert [o["value"] for fix in fixes for o in fix] == ([] if fixed is None else [fixed])


def test_a_graph_that_was_not_read_to_its_end_denies_whatever_the_settings_say() -> None:
    graph: Raw = {"name": "classifier", "type": "MODEL"}
    for _ in range(200):
        graph = {"name": "classifier", "type": "MODEL", "children": [graph]}
    rules = {"graph-too-deep": {"action": "warn"}}
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    decision = evaluate(
        with_predictor(graph=graph), read_settings({**head, "rules": rules}), NO_FACTS
    )
    assert "graph-too-deep" in {f.rule_id for f in decision.denials}


SOURCE = {"apiGroup": "snapshot.example.com", "kind": "VolumeSnapshot", "name": "a"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, False),
        ({"apiGroup": "other.example.com"}, True),
        ({"kind": "Other"}, True),
        ({"name": "b"}, True),
        ({"namespace": "b"}, True),
    ],
)
def test_a_claim_has_one_source(change: Raw, wrong: bool) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "dataSource": SOURCE,
        "dataSourceRef": SOURCE | change,
    }
    document = volume(ephemeral={"volumeClaimTemplate": {"spec": spec}})
    assert ("malformed-volume-claim-template" in found(document)) is wrong


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ({"kind": "PersistentVolumeClaim", "name": "a"}, False),
        ({"kind": "VolumeSnapshot", "name": "a"}, True),
        (SOURCE, False),
    ],
)
@pytest.mark.parametrize("field", ["dataSource", "dataSourceRef"])
def test_a_source_of_another_kind_has_a_group(field: str, source: Raw, wrong: bool) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        field: source,
    }
    document = volume(ephemeral={"volumeClaimTemplate": {"spec": spec}})
    assert ("malformed-volume-claim-template" in found(document)) is wrong
