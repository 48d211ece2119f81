"""Changes of what is running: what names, selectors, ports and addresses depend on, and the rest.

Each changes a document that is admitted into one that is, as a rule, admitted as well; whether the
API server takes the second in place of the first is another question.
"""

from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

from tests.soundness.fragments import CONTAINER, FRAGMENTS, POD
from tests.soundness.mutate import Change
from tools.soundness import places
from tools.soundness.injecting import mappings

_SWITCHES = (
    *("seldon.io/headless-svc", "seldon.io/engine-separate-pod", "seldon.io/no-engine"),
    *("seldon.io/no-storage-initializer", "seldon.io/executor", "seldon.io/svc-name"),
)
_LABELS = ("version", "team", "app", "seldon-app", "seldon-deployment-id", "fluentd")
_SCALING = ("hpaSpec", "kedaSpec", "pdbSpec", "replicas")
_PORTS = (9000, 9001, 9500, 8000, 8080, 5001, 7777)
_VOLUMES: Sequence[dict[str, Any]] = (
    {},  # an emptyDir, by what the API server fills in
    {},
    {},
    {"emptyDir": {}},
    {"emptyDir": {"medium": "Memory"}},
    {"hostPath": {"path": "/data"}},
    {"configMap": {"name": "settings"}},
    {"secret": {"secretName": "credentials"}},
    {"persistentVolumeClaim": {"claimName": "claim"}},
    {"projected": {"sources": [{"configMap": {"name": "settings"}}]}},
    {"csi": {"driver": "csi.example.com"}},
    {"image": {"reference": "registry.example/model:1"}},
    {"nfs": {"server": "nfs.example", "path": "/models"}},
    {"ephemeral": {"volumeClaimTemplate": {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
)  # fmt: skip
_HANDLERS: Sequence[dict[str, Any]] = (
    {"httpGet": {"port": 9000}},
    {"httpGet": {"port": 9000, "path": "/ready", "scheme": "HTTPS"}},
    {"tcpSocket": {"port": 9000}},
    {"grpc": {"port": 9500}},
    {"exec": {"command": ["/bin/true"]}},
)


def switch(document: dict[str, Any], random: Random) -> bool:
    """Set an annotation by which Seldon makes other objects, or remove it."""
    holders = [document["metadata"], document["spec"], *places.predictors(document)]
    holder = random.choice(holders)
    annotations = holder.setdefault("annotations", {})
    if type(annotations) is not dict:
        return False
    key = random.choice(_SWITCHES)
    if key in annotations and random.random() < 0.6:
        del annotations[key]
    else:
        values = ("own", "other") if key.endswith("svc-name") else ("true", "true", "false")
        annotations[key] = random.choice(values)
    return True


def label(document: dict[str, Any], random: Random) -> bool:
    """Set a label of the pods, or remove it."""
    components = places.components(document)
    own = (component.setdefault("metadata", {}) for component in components)
    holders = [*places.predictors(document), *own]
    holders = [holder for holder in holders if type(holder) is dict]
    if not holders:
        return False
    labels = random.choice(holders).setdefault("labels", {})
    if type(labels) is not dict:
        return False
    key = random.choice(_LABELS)
    if labels.pop(key, None) is None or random.random() < 0.5:
        labels[key] = random.choice(("a", "b"))
    return True


def renamed_container(document: dict[str, Any], random: Random) -> bool:
    """Rename a container, and its node perhaps: Services and labels have its name."""
    containers = places.containers(document)
    if not containers:
        return False
    container = random.choice(containers)
    old, new = container.get("name"), random.choice(("renamed", "model", "other"))
    container["name"] = new
    if random.random() < 0.8:
        for node in places.nodes(document):
            if node.get("name") == old:
                node["name"] = new
    return True


def named_component(document: dict[str, Any], random: Random) -> bool:
    """Give a component a name of its own, which its Deployment has then."""
    components = places.components(document)
    if not components:
        return False
    metadata = random.choice(components).setdefault("metadata", {})
    if type(metadata) is not dict:
        return False
    if metadata.pop("name", None) is None:
        metadata["name"] = random.choice(("own", "other"))
    return True


def ports(document: dict[str, Any], random: Random) -> bool:
    """Let a node, an explainer or a container listen elsewhere; two of them may change places."""
    nodes = places.nodes(document)
    explainers = places.explainers(document)
    if not nodes:
        return False
    holder = random.choice([*nodes, *explainers])
    endpoint = holder.setdefault("endpoint", {})
    if type(endpoint) is not dict:
        return False
    first, second = random.sample(_PORTS, 2)
    if "httpPort" in endpoint and "grpcPort" in endpoint and random.random() < 0.5:
        first, second = endpoint["grpcPort"], endpoint["httpPort"]
    endpoint["httpPort"] = first
    if random.random() < 0.6:
        endpoint["grpcPort"] = second
    containers = places.containers(document)
    if containers and random.random() < 0.4:
        container = random.choice(containers)
        container["ports"] = [
            {"name": name, "containerPort": number}
            for name, number in (("http", first), ("grpc", second))
        ]
    return True


def scaling(document: dict[str, Any], random: Random) -> bool:
    """Scale a component by something else, or by nothing any more; the same of budgets."""
    components = places.components(document)
    if not components:
        return False
    component = random.choice(components)
    for _ in range(random.choice((1, 2))):
        field = random.choice(_SCALING)
        if component.pop(field, None) is None or random.random() < 0.4:
            ordinary = (1, 2, 3) if field == "replicas" else FRAGMENTS[field]
            component[field] = deepcopy(random.choice(ordinary))
    return True


def volume(document: dict[str, Any], random: Random) -> bool:
    """Let a volume be of another kind; one without any kind is an emptyDir."""
    pods = places.pods(document)
    if not pods:
        return False
    pod = random.choice(pods)
    there = mappings(pod, "volumes")
    if there and random.random() < 0.7:
        one = random.choice(there)
        name = one.get("name")
        one.clear()
        one.update({"name": name, **deepcopy(random.choice(_VOLUMES))})
    else:
        pod["volumes"] = [*there, {"name": "changed", **deepcopy(random.choice(_VOLUMES))}]
    return True


def handler(document: dict[str, Any], random: Random) -> bool:
    """Let a probe or a hook ask in another way, or not any more."""
    containers = places.containers(document)
    if not containers:
        return False
    container = random.choice(containers)
    probe = random.choice(("readinessProbe", "livenessProbe", "startupProbe"))
    if container.pop(probe, None) is None or random.random() < 0.7:
        container[probe] = deepcopy(random.choice(_HANDLERS))
    return True


def variable(document: dict[str, Any], random: Random) -> bool:
    """Let a variable have its value from elsewhere."""
    containers = places.containers(document)
    if not containers:
        return False
    container = random.choice(containers)
    sources: Sequence[dict[str, Any]] = (
        {},
        {"value": "x"},
        {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"valueFrom": {"secretKeyRef": {"name": "credentials", "key": "k"}}},
        {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    )
    there = [v for v in mappings(container, "env") if "name" in v]
    name = random.choice(there)["name"] if there else "CHANGED"
    kept = [v for v in there if v["name"] != name]
    container["env"] = [*kept, {"name": name, **deepcopy(random.choice(sources))}]
    return True


def pod_field(document: dict[str, Any], random: Random) -> bool:
    """Write or remove fields of a pod or a container."""
    pods, containers = places.pods(document), places.containers(document)
    if not pods or not containers:
        return False
    known, holder = random.choice(
        ((POD, random.choice(pods)), (CONTAINER, random.choice(containers)))
    )
    for field in random.sample(tuple(known), random.choice((1, 1, 2))):
        if field in ("containers", "ephemeralContainers"):
            continue
        if holder.pop(field, None) is None or random.random() < 0.4:
            holder[field] = deepcopy(random.choice(known[field]))
    return True


def parts(document: dict[str, Any], random: Random) -> bool:
    """Add or remove a predictor, a component, an explainer; or change their order."""
    spec = document["spec"]
    predictors = mappings(spec, "predictors")
    if not predictors:
        return False
    predictor = random.choice(predictors)
    components = mappings(predictor, "componentSpecs")
    match random.randrange(5):
        case 0 if predictor.pop("explainer", None) is None:
            predictor["explainer"] = {"type": "AnchorTabular", "modelUri": "gs://models/explainer"}
        case 1 if len(components) > 1:
            random.shuffle(predictor["componentSpecs"])
        case 2 if len(predictors) > 1:
            random.shuffle(spec["predictors"])
        case 3 if len(predictors) == 1:
            added = deepcopy(predictor)
            added["name"], added["traffic"] = "added", 0
            predictor["traffic"] = 100
            spec["predictors"].append(added)
        case 4:
            field = random.choice(("protocol", "transport"))
            words = {"protocol": ("seldon", "v2", "tensorflow"), "transport": ("rest", "grpc")}
            if spec.pop(field, None) is None or random.random() < 0.5:
                spec[field] = random.choice(words[field])
    return True


UPDATES: dict[str, Change] = {
    change.__name__.replace("_", "-"): change
    for change in (
        *(switch, label, renamed_container, named_component, ports, scaling, volume, handler),
        *(variable, pod_field, parts),
    )
}
"""Every change, by name."""
