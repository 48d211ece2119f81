"""Every example is one that a reader can apply: explained, well-formed, with nothing left open.

Whether graphgate and a real API server accept them is asked elsewhere; here is what can be told
from the files alone, by Kubernetes' published types and by what Seldon Core itself checks.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.support import MANIFESTS, Object, load, schema_errors

FOLDER = MANIFESTS / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))
SEEDS = {
    "minimal.yaml": "a23a841e77281790646cd3c70b46aff1fa4614dbad48b9ddacd303b4af318a4a",
    "three-steps.yaml": "e924501c20dd65f2a2a8be4c33cc9ebf2c2bd4ddbc6537080e86563cd338f9d8",
    "user-id.yaml": "4c3db5aadeb19a7345518532ecdd96534928364fbfba0db6ceb0ee0b8be2642a",
}

# Containers are not written for these: RANDOM_ABTEST is part of the orchestrator, a model server
# is made by the controller.
BUILT_IN = {"RANDOM_ABTEST"}
MODEL_SERVERS = {"SKLEARN_SERVER"}

# A DNS label (RFC 1035), as short as Seldon's names made of it have to be: it becomes part of a
# label key "seldon-app-svc-<name>" of at most 63 characters.
NAME = re.compile(r"[a-z]([-a-z0-9]{0,46}[a-z0-9])?\Z")


def deployment(path: Path) -> Object:
    (document,) = load(path)
    return document


def predictors(path: Path) -> list[dict[str, Any]]:
    found = deployment(path)["spec"]["predictors"]
    assert isinstance(found, list)
    return found


def nodes(graph: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield graph
    for child in graph["children"]:
        yield from nodes(child)


def component_specs(path: Path) -> Iterator[dict[str, Any]]:
    for predictor in predictors(path):
        yield from predictor.get("componentSpecs", ())


examples = pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)


def test_these_are_the_examples() -> None:
    assert [path.stem for path in FILES] == [
        "ab-test",
        "autoscaled",
        "canary",
        "combiner",
        "explainer",
        "hardened",
        "model-server",
        "one-model",
        "openshift",
        "router",
        "shadow",
        "transformer-chain",
    ]


def test_the_seed_manifests_are_unchanged() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (FOLDER / "seed").iterdir()
    }
    assert found == SEEDS


@examples
def test_it_says_what_it_shows_and_what_to_look_at(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("# "))]
    assert head[0].startswith("# Shows: ")
    assert any(line.startswith("# Look at: ") for line in head)


@examples
def test_it_is_one_seldondeployment_of_v1_named_as_its_file(path: Path) -> None:
    document = deployment(path)
    assert (document["apiVersion"], document["kind"], document["metadata"]) == (
        "machinelearning.seldon.io/v1",
        "SeldonDeployment",
        {"name": path.stem},
    )


@examples
def test_every_name_can_name_what_is_made_of_it(path: Path) -> None:
    names = [path.stem]
    for predictor in predictors(path):
        names += [predictor["name"], *(node["name"] for node in nodes(predictor["graph"]))]
    names += [c["name"] for spec in component_specs(path) for c in spec["spec"]["containers"]]
    assert [name for name in names if not NAME.match(name)] == []


@examples
def test_no_name_is_given_twice(path: Path) -> None:
    all_predictors = predictors(path)
    assert max(Counter(p["name"] for p in all_predictors).values()) == 1
    for predictor in all_predictors:
        assert max(Counter(node["name"] for node in nodes(predictor["graph"])).values()) == 1
        held = Counter(
            container["name"]
            for spec in predictor.get("componentSpecs", ())
            for container in spec["spec"]["containers"]
        )
        assert max(held.values(), default=1) == 1


@examples
def test_every_node_has_its_container_and_every_container_its_image(path: Path) -> None:
    for predictor in predictors(path):
        images = {
            container["name"]: container.get("image", "")
            for spec in predictor.get("componentSpecs", ())
            for container in spec["spec"]["containers"]
        }
        served = set()
        for node in nodes(predictor["graph"]):
            implementation = node.get("implementation")
            if implementation in MODEL_SERVERS:
                assert node["modelUri"]
                served.add(node["name"])
            elif implementation in BUILT_IN:
                assert node["name"] not in images
                assert "type" not in node
            else:
                assert implementation is None
                assert node["type"] in TYPES
                assert images.pop(node["name"])
        # What is left belongs to a model server, whose image the controller knows.
        assert {name for name, image in images.items() if not image} <= served


TYPES = {"MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER", "ROUTER", "COMBINER"}


@examples
def test_several_children_have_somebody_who_chooses_or_combines(path: Path) -> None:
    for predictor in predictors(path):
        for node in nodes(predictor["graph"]):
            if len(node["children"]) < 2:
                assert node.get("type") not in {"ROUTER", "COMBINER"}
            else:
                many = {node.get("type"), node.get("implementation")}
                assert many & {"ROUTER", "COMBINER", "RANDOM_ABTEST"}


@examples
def test_traffic_of_the_live_predictors_sums_to_a_hundred(path: Path) -> None:
    live = [p for p in predictors(path) if not p.get("shadow")]
    shadows = [p for p in predictors(path) if p.get("shadow")]
    assert live
    assert len(shadows) <= 1
    assert sum(p.get("traffic", 0) for p in live) in ({100} if len(live) > 1 else {0, 100})
    assert all(0 <= p["traffic"] <= 100 for p in shadows)


@examples
def test_its_pods_and_autoscalers_are_of_kubernetes_published_types(path: Path) -> None:
    for part in component_specs(path):
        assert part.keys() <= {"metadata", "spec", "hpaSpec", "pdbSpec", "replicas"}
        assert schema_errors(wrap("v1", "Pod", part["spec"])) == ""
        if "hpaSpec" in part:
            hpa = {key: value for key, value in part["hpaSpec"].items() if key != "metricsv2"}
            spec = {
                **hpa,
                "metrics": part["hpaSpec"]["metricsv2"],
                "scaleTargetRef": {"kind": "Deployment", "name": "x"},
            }
            assert schema_errors(wrap("autoscaling/v2", "HorizontalPodAutoscaler", spec)) == ""
        if "pdbSpec" in part:
            assert schema_errors(wrap("policy/v1", "PodDisruptionBudget", part["pdbSpec"])) == ""


def wrap(version: str, kind: str, spec: dict[str, Any]) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


@examples
def test_volumes_and_ports_that_are_named_are_there(path: Path) -> None:
    for part in component_specs(path):
        volumes = {volume["name"] for volume in part["spec"].get("volumes", ())}
        for container in part["spec"]["containers"]:
            mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
            assert mounted <= volumes
            ports = {port["name"] for port in container.get("ports", ())}
            for probe in ("livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["tcpSocket"]["port"] in ports


def test_the_autoscaled_one_has_no_replicas_that_the_autoscaler_would_overrule() -> None:
    path = FOLDER / "autoscaled.yaml"
    (part,) = component_specs(path)
    (container,) = part["spec"]["containers"]
    assert "replicas" not in {*part, *predictors(path)[0], *deployment(path)["spec"]}
    assert part["hpaSpec"]["minReplicas"] <= part["hpaSpec"]["maxReplicas"]
    # Utilisation of a resource that is not requested is never known.
    assert {m["resource"]["name"] for m in part["hpaSpec"]["metricsv2"]} <= set(
        container["resources"]["requests"]
    )


def test_the_openshift_one_names_no_user_or_group() -> None:
    text = (FOLDER / "openshift.yaml").read_text(encoding="utf-8")
    body = "".join(line for line in text.splitlines() if not line.startswith("#"))
    assert [word for word in ("runAsUser", "runAsGroup", "fsGroup") if word in body] == []


@pytest.mark.parametrize("name", ["hardened", "openshift"])
def test_it_meets_the_standard_restricted(name: str) -> None:
    for part in component_specs(FOLDER / f"{name}.yaml"):
        pod = part["spec"]["securityContext"]
        assert (pod["runAsNonRoot"], pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert pod.get("runAsUser") != 0
        for container in part["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
