"""Each policy of the library sees every place that it is about.

The places are derived from the schema: wherever a container, an image, an environment, resources,
a model's URI or a number of replicas can stand. One object is generated for each policy and place,
faulty there and nowhere else.
"""

import copy
import pathlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import pytest

from webhook import yamldoc
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.path import ROOT, Path
from webhook.graph.schema import KUBERNETES_PREFIX, load_schema
from webhook.policy import apply_request, evaluate_policies, load_policy_set, objects_from_file

LIBRARY = pathlib.Path(__file__).parents[2] / "policies" / "library"
Kind = Literal["container", "image", "env", "resources", "uri", "replicas"]

CONTAINER_TYPES = {
    f"{KUBERNETES_PREFIX}api.core.v1.Container",
    f"{KUBERNETES_PREFIX}api.core.v1.EphemeralContainer",
}
LEAF_KINDS: dict[str, Kind] = {"modelUri": "uri", "storageInitializerImage": "image"}
TYPE_KINDS: dict[str, Kind] = {
    f"{KUBERNETES_PREFIX}api.core.v1.EnvVar": "env",
    f"{KUBERNETES_PREFIX}api.core.v1.ResourceRequirements": "resources",
}
OPENED_TYPES = {
    *CONTAINER_TYPES,
    f"{KUBERNETES_PREFIX}api.core.v1.PodSpec",
    f"{KUBERNETES_PREFIX}api.core.v1.Volume",
    f"{KUBERNETES_PREFIX}api.core.v1.ImageVolumeSource",
}
"""Kubernetes' types that are walked into; the others hold none of what is looked for."""

DEEP = 11
"""A level below all that CEL without recursion can name in one line."""


class Place(NamedTuple):
    kind: Kind
    path: Path


def derive_places() -> Iterator[Place]:
    """Yield every place of the schema, list items as the first one, a node at the deep level."""
    schema = load_schema()
    definitions = schema["$defs"]

    def definition_of(field: dict[str, Any]) -> str:
        return str(field.get("$ref", "")).rpartition("/")[2]

    def walk(name: str, here: Path) -> Iterator[Place]:
        for key, field in definitions[name].get("properties", {}).items():
            path = here / key
            items = field.get("items")
            is_list = isinstance(items, dict)
            target = definition_of(items) if isinstance(items, dict) else definition_of(field)
            if key == "children":
                continue  # `graph` is taken at two depths, below
            if key in LEAF_KINDS:
                yield Place(LEAF_KINDS[key], path)
            elif _is_image(name, key):
                yield Place("image", path)
            elif _is_count(key, field):
                yield Place("replicas", path)
            elif target in TYPE_KINDS:
                yield Place(TYPE_KINDS[target], path)
            elif target in CONTAINER_TYPES:
                inner = path / 0 if is_list else path
                yield Place("container", inner)
                yield from walk(target, inner)
            elif target and (target in OPENED_TYPES or not target.startswith(KUBERNETES_PREFIX)):
                inner = path / 0 if is_list else path
                yield from walk(target, inner)
                if target == "Node":
                    for _ in range(DEEP - 1):
                        inner = inner / "children" / 0
                    yield from walk(target, inner)

    yield from walk(definition_of(schema), ROOT)


def _is_image(definition: str, key: str) -> bool:
    containers = {name.rpartition("/")[2] for name in CONTAINER_TYPES}
    return (key == "image" and definition in containers) or (
        key == "reference" and definition.endswith("ImageVolumeSource")
    )


def _is_count(key: str, field: dict[str, Any]) -> bool:
    types = field.get("type", ())
    return "replica" in key.lower() and "integer" in ([types] if isinstance(types, str) else types)


PLACES = tuple(derive_places())

UNREAD = {
    "spec.predictors[0].engineResources": "read by nobody; a rule says so",
}
"""Places at which no policy need look, with the reason."""

DIGEST = "registry.example.com/wines@sha256:" + "0" * 64
RESOURCES = {
    "requests": {"cpu": "1", "memory": "1Gi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}


def good_container(**fields: Any) -> dict[str, Any]:
    """Return a container with which every policy is content."""
    context = {"readOnlyRootFilesystem": True, "runAsUser": 1000}
    return {
        "name": "c",
        "image": DIGEST,
        "resources": copy.deepcopy(RESOURCES),
        "securityContext": context,
        **fields,
    }


GOOD: dict[Kind, Any] = {
    "container": good_container(),
    "image": DIGEST,
    "env": [{"name": "LOG_LEVEL", "value": "info"}],
    "resources": RESOURCES,
    "uri": "s3://models/wines/1",
    "replicas": 3,
}
NO_MEMORY = {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}
FAULTS: dict[str, dict[Kind, Any]] = {
    "gpus-only-where-allowed": {"resources": {"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}},
    "images-from-allowed-registries": {"image": "evil.example/wines:1"},
    "images-pinned-by-digest": {"image": "registry.example.com/wines:1"},
    "memory-limited": {"resources": NO_MEMORY},
    "models-from-allowed-stores": {"uri": "https://evil.example/wines.pkl"},
    "no-added-capabilities": {
        "container": good_container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})
    },
    "no-latest-image": {"image": "registry.example.com/wines:latest"},
    "no-latest-model": {"uri": "s3://models/latest"},
    "no-privileged-containers": {"container": good_container(securityContext={"privileged": True})},
    "no-secrets-in-env": {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
    "openshift-any-user": {"container": good_container(securityContext={"runAsUser": 0})},
    "openshift-no-host-ports": {"container": good_container(ports=[{"hostPort": 80}])},
    "openshift-user-in-range": {"container": good_container(securityContext={"runAsUser": 99})},
    "read-only-root-filesystem": {"container": good_container(securityContext={})},
    "replicas-bounded": {"replicas": 500},
    "replicas-in-production": {"replicas": 1},
    "resources-bounded": {"resources": {"requests": {"cpu": "500"}, "limits": {"memory": "9Ti"}}},
    "resources-requested": {"resources": {"limits": {"nvidia.com/mig": 1}}},
}
"""By policy, what it refuses, at each kind of place that it is about."""

ABOUT_OTHER_THINGS = {
    "add-team-label": "labels",
    "canary-steps-limited": "traffic",
    "graph-depth-bounded": "the graph",
    "labels-for-cost": "labels",
    "live-predictor-kept": "traffic",
    "no-host-namespaces": "pods as a whole",
    "no-host-paths": "volumes",
    "no-service-account-token": "pods as a whole",
    "owner-named": "annotations",
    "service-account-named": "pods as a whole",
}
NOT_ITS_OWN = {
    ("memory-limited", "spec.predictors[0].componentSpecs[0].spec.resources"): "bounds the pod",
    ("resources-requested", "spec.predictors[0].componentSpecs[0].spec.resources"): "as above",
    ("gpus-only-where-allowed", "spec.predictors[0].componentSpecs[0].spec.resources"): (
        "Kubernetes takes CPU, memory and hugepages there, no devices"
    ),
    ("replicas-in-production", "spec.predictors[0].explainer.replicas"): "serves no predictions",
    ("replicas-in-production", "spec.predictors[0].componentSpecs[0].hpaSpec.maxReplicas"): (
        "a rule denies less than minReplicas"
    ),
    ("replicas-in-production", "spec.predictors[0].componentSpecs[0].kedaSpec.maxReplicaCount"): (
        "as above"
    ),
}
"""Places of the kind that a policy leaves out, with the reason."""


def base() -> dict[str, Any]:
    """Return an object with which every policy is content."""
    labels = {"team": "cellar", "cost-center": "4711"}
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {
            "name": "wines",
            "namespace": "shop",
            "labels": labels,
            "annotations": {"example.com/owner": "a@example.com"},
        },
        "spec": {"replicas": 3, "predictors": [{"name": "main", "graph": {"name": "c"}}]},
    }


def put(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return the object with a value at a place; what leads there is made, and is good."""
    here: Any = document
    for depth, following in enumerate(path[1:], start=1):
        segment, fresh = path[depth - 1], _good_parent(path[:depth], following)
        if isinstance(here, dict):
            here = here.setdefault(segment, fresh)
        else:
            here[:] = here or [fresh]
            here = here[0]
    if isinstance(here, dict):
        here[path[-1]] = value
    else:
        here[:] = [value]
    return document


def _good_parent(path: tuple[str | int, ...], following: str | int) -> Any:
    """Return what is made at a place on the way to the one that is meant."""
    if isinstance(following, int):
        return []
    if path[-1] == "containerSpec" or (path[-1] == 0 and str(path[-2]).endswith("ontainers")):
        return good_container()
    return dict(SCALERS.get(str(path[-1]), {}))


SCALERS = {
    "kedaSpec": {"minReplicaCount": 2, "maxReplicaCount": 3},
    "hpaSpec": {"minReplicas": 2, "maxReplicas": 3},
}
FACTS = Facts(
    namespaces={
        "shop": Namespace(
            {"stage": "production", "team": "cellar"},
            {"openshift.io/sa.scc.uid-range": "1000/10"},
        )
    }
)


def load_policy(name: str) -> Any:
    text = (LIBRARY / name / "policy.yaml").read_text(encoding="utf-8")
    return load_policy_set(objects_from_file("policy.yaml", yamldoc.read(text)))


POLICIES = {
    folder.parent.name: load_policy(folder.parent.name) for folder in LIBRARY.glob("*/policy.yaml")
}


def findings(policy: str, document: dict[str, Any]) -> list[Path]:
    """Return the places that a policy names; it must not fail."""
    evaluation = evaluate_policies(POLICIES[policy], apply_request(document), FACTS)
    assert evaluation.failures == ()
    return [found.finding.path for found in evaluation.findings]


CASES = [
    (policy, place, FAULTS[policy][place.kind])
    for policy in sorted(FAULTS)
    for place in PLACES
    if place.kind in FAULTS[policy]
    and str(place.path) not in UNREAD
    and (policy, str(place.path)) not in NOT_ITS_OWN
]


def test_the_schema_has_the_places_that_are_known() -> None:
    """If this fails, derive_places() no longer finds its way through the schema."""
    texts = {str(place.path) for place in PLACES}
    pod = "spec.predictors[0].componentSpecs[0].spec"
    deep = "spec.predictors[0].graph" + ".children[0]" * (DEEP - 1)
    assert texts >= {
        "spec.replicas",
        "spec.predictors[0].explainer.containerSpec",
        "spec.predictors[0].explainer.storageInitializerImage",
        "spec.predictors[0].svcOrchSpec.env",
        "spec.predictors[0].svcOrchSpec.resources",
        "spec.predictors[0].componentSpecs[0].hpaSpec.maxReplicas",
        f"{pod}.initContainers[0].resources",
        f"{pod}.volumes[0].image.reference",
        f"{deep}.modelUri",
        f"{deep}.storageInitializerImage",
    }
    assert texts >= UNREAD.keys()
    assert texts >= {path for _, path in NOT_ITS_OWN}


def test_every_policy_is_tried_or_about_something_else() -> None:
    assert sorted({*FAULTS, *ABOUT_OTHER_THINGS}) == sorted(POLICIES)


@pytest.mark.parametrize(
    ("policy", "place", "fault"), CASES, ids=[f"{p}-{place.path}" for p, place, _ in CASES]
)
def test_a_policy_sees_a_fault_wherever_it_stands(policy: str, place: Place, fault: Any) -> None:
    found = findings(policy, put(base(), place.path, fault))
    assert found != []
    assert {path[: len(place.path)] for path in found} == {tuple(place.path)}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place.path))
def test_what_is_right_there_is_let_through(place: Place) -> None:
    document = put(base(), place.path, GOOD[place.kind])
    assert {policy: found for policy in FAULTS if (found := findings(policy, document))} == {}
