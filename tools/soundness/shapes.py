"""Whole SeldonDeployments of many shapes.

Graphs of all types, implementations and servers; several predictors and components; shadows,
explainers, protocols, transports, annotations, autoscalers and orchestrators, in any combination.
Most are right, and what contradicts each other is drawn as well.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from tests.soundness.fragments import CONTAINER, FRAGMENTS, POD

_SERVERS = (
    *("SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"),
    *("TENSORFLOW_SERVER", "TRITON_SERVER", "TEMPO_SERVER"),
)
_BUILT_IN = ("SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER")
_TYPES = ("MODEL", "MODEL", "MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER", "ROUTER", "COMBINER")
_METHODS = ("TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE", "SEND_FEEDBACK")
_URIS = (
    *("gs://models/iris", "s3://models/iris", "s3:models/iris", "https://models.example/a.zip"),
    *("pvc://claim/iris", "pvc://claim/", "hdfs://models/iris", "/mnt/models", "file:///models"),
)
_PROTOCOLS = ("seldon", "tensorflow", "v2", "kfserving", "")
_EXPLAINERS = (
    *("AnchorTabular", "AnchorImages", "AnchorText", "KernelShap", "TreeShap"),
    *("IntegratedGradients", "ALE"),
)
_PORTS = (9000, 9001, 9500, 9501, 8000, 8080, 5001, 6000, 7777, 8888)
_ANNOTATIONS: Mapping[str, Sequence[str]] = {
    "seldon.io/engine-separate-pod": ("true", "false"),
    "seldon.io/no-engine": ("true", "false"),
    "seldon.io/headless-svc": ("true", "false"),
    "seldon.io/no-storage-initializer": ("true",),
    "seldon.io/executor": ("true", "false"),
    "seldon.io/executor-logger-queue-size": ("100",),
    "seldon.io/executor-logger-write-timeout-ms": ("500",),
    "seldon.io/rest-timeout": ("1000",),
    "seldon.io/grpc-timeout": ("1000",),
    "seldon.io/grpc-max-message-size": ("1048576",),
    "seldon.io/istio-gateway": ("istio-system/gateway",),
    "seldon.io/istio-host": ("models.example",),
    "seldon.io/istio-retries": ("3",),
    "seldon.io/istio-retries-timeout": ("2", "0"),
    "seldon.io/ambassador-id": ("one",),
    "seldon.io/ambassador-retries": ("2",),
    "seldon.io/ambassador-service-name": ("iris",),
    "prometheus.io/scrape": ("false",),
    "prometheus.io/port": ("6000",),
    "sidecar.istio.io/inject": ("true", "false"),
    "graphgate.io/security-defaults": ("disabled",),
    "example.com/team": ("models",),
}
_LABELS: Mapping[str, Sequence[str]] = {
    "version": ("v1", "v2"),
    "team": ("models",),
    "app": ("iris",),
    "fluentd": ("false",),
    "seldon.io/shadow": ("true",),
    "seldon-deployment-id": ("another",),
    "seldon-app": ("another",),
    "app.kubernetes.io/name": ("iris",),
}
_ORCHESTRATOR: tuple[dict[str, Any], ...] = (
    {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}},
    {"resources": {"requests": {"cpu": "0"}}},
    {"env": [{"name": "SELDON_LOG_LEVEL", "value": "DEBUG"}]},
    {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    {"replicas": 2},
)
_NAMES = ("classifier", "transformer", "router", "combiner", "explain", "input", "output", "a")
_POD_FIELDS = tuple(f for f in POD if f not in ("containers", "ephemeralContainers"))
_COMPONENT_FIELDS = ("hpaSpec", "kedaSpec", "pdbSpec")


def shape(random: Random) -> dict[str, Any]:
    """Return one whole document."""
    return _Shape(random).document()


class _Shape:
    """Draws one document."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._containers: list[str] = []
        self._left = 0
        self._spoken = random.choice((None, None, None, "REST", "GRPC"))
        self._protocol = random.choice((None, None, *_PROTOCOLS))

    def document(self) -> dict[str, Any]:
        count = self._random.choice((1, 1, 1, 1, 2, 2, 3))
        spec: dict[str, Any] = {}
        if self._happens(0.2):
            spec["name"] = self._random.choice(("iris", "another-name"))
        if self._protocol is not None:
            spec["protocol"] = self._protocol
        if self._spoken and self._happens(0.4):
            spec["transport"] = self._random.choice((self._spoken.lower(), "rest"))
        if self._happens(0.2):
            spec["replicas"] = self._random.choice((0, 1, 3))
        if self._happens(0.08):
            spec["serverType"] = self._random.choice(("rpc", "kafka"))
        if self._happens(0.4):
            spec["annotations"] = self._entries(_ANNOTATIONS)
        predictors = [self._predictor(number, spec) for number in range(count)]
        self._share(predictors)
        metadata: dict[str, Any] = {"name": self._random.choice(("iris", "i" * 40, "a-1", "m"))}
        if self._happens(0.2):
            metadata["annotations"] = self._entries(_ANNOTATIONS)
        if self._happens(0.2):
            metadata["labels"] = self._entries(_LABELS)
        return {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "metadata": metadata,
            "spec": {**spec, "predictors": predictors},
        }

    def _happens(self, share: float) -> bool:
        return self._random.random() < share

    def _entries(self, known: Mapping[str, Sequence[str]]) -> dict[str, str]:
        keys = self._random.sample(tuple(known), self._random.choice((1, 1, 2, 3)))
        return {key: self._random.choice(known[key]) for key in keys}

    def _share(self, predictors: list[dict[str, Any]]) -> None:
        live = list(predictors)
        if len(live) > 1 and self._happens(0.3):
            shadow = live.pop()
            shadow["shadow"] = True
            if self._happens(0.5):
                shadow["traffic"] = self._random.choice((0, 50, 100))
        if len(live) == 1:
            if self._happens(0.3):
                live[0]["traffic"] = self._random.choice((0, 100))
            return
        left = 100
        for predictor in live[1:]:
            predictor["traffic"] = self._random.choice((0, left // 2, left))
            left -= predictor["traffic"]
        live[0]["traffic"] = left

    def _predictor(self, number: int, spec: Mapping[str, Any]) -> dict[str, Any]:
        self._containers = []
        self._left = self._random.choice((0, 0, 0, 1, 1, 2, 3, 4, 6, 9))
        predictor: dict[str, Any] = {"name": ("main", "canary", "third")[number]}
        predictor["graph"] = self._node(1)
        components = self._components()
        if components or self._happens(0.5):
            predictor["componentSpecs"] = components
        if self._happens(0.2):
            predictor["replicas"] = self._random.choice((0, 1, 2))
        if self._happens(0.25):
            predictor["annotations"] = self._entries(_ANNOTATIONS)
            if self._happens(0.3):
                predictor["annotations"]["seldon.io/svc-name"] = f"own-{predictor['name']}"
        if self._happens(0.2):
            predictor["labels"] = self._entries(_LABELS)
        if self._happens(0.25):
            for part in self._random.sample(_ORCHESTRATOR, self._random.choice((1, 2))):
                predictor.setdefault("svcOrchSpec", {}).update(deepcopy(part))
        if spec.get("serverType") == "kafka" or self._happens(0.02):
            topics = [
                {"name": name, "value": "broker:9092"}
                for name in ("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC")
            ]
            predictor.setdefault("svcOrchSpec", {}).setdefault("env", []).extend(topics)
        if self._happens(0.05):
            predictor["engineResources"] = deepcopy(_ORCHESTRATOR[0]["resources"])
        if self._happens(0.2):
            predictor["explainer"] = self._explainer()
        if self._happens(0.1):
            predictor["progressDeadlineSeconds"] = self._random.choice((60, 600, 601, 1))
        return predictor

    def _explainer(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self._random.choice(_EXPLAINERS)}
        if self._happens(0.8):
            found["modelUri"] = self._random.choice(_URIS)
        if self._happens(0.2):
            found["replicas"] = self._random.choice((0, 1, 2))
        if self._happens(0.2):
            found["config"] = {"batch_size": "2"}
        if self._happens(0.2):
            found["initParameters"] = '{"threshold": 0.5}'
        if self._happens(0.15):
            found["endpoint"] = {"httpPort": self._random.choice(_PORTS)}
        if self._happens(0.15):
            found["serviceAccountName"] = "models"
        if self._happens(0.15):
            found["envSecretRefName"] = "credentials"
        if self._happens(0.3):
            found["containerSpec"] = {"name": self._random.choice(("explain", "classifier"))}
            self._add_to_container(found["containerSpec"])
        return found

    def _node(self, level: int) -> dict[str, Any]:
        number = len(self._containers)
        names = _NAMES if self._happens(0.5) else tuple(f"n{level}-{n}" for n in range(9))
        name = self._random.choice(names)
        if name in self._containers and self._happens(0.95):
            name = f"{name}-{number}"
        node: dict[str, Any] = {"name": name}
        count = min(self._left, self._random.choice((0, 1, 1, 2, 2, 3))) if level < 6 else 0
        if level == 1 and self._left:
            count = max(count, 1)
        self._left -= count
        self._fill(node, count)
        children = [self._node(level + 1) for _ in range(count)]
        if children or self._happens(0.3):
            node["children"] = children
        return node

    def _fill(self, node: dict[str, Any], children: int) -> None:
        kind = self._random.random()
        if children == 2 and kind < 0.15:
            node["implementation"] = "RANDOM_ABTEST"
            if self._happens(0.8):
                node["parameters"] = [{"name": "ratioA", "type": "FLOAT", "value": "0.5"}]
        elif children > 1 and kind < 0.25:
            node["implementation"] = self._random.choice(("SIMPLE_ROUTER", "AVERAGE_COMBINER"))
        elif children < 2 and kind < 0.4:
            self._fill_server(node)
        elif kind < 0.45:
            node["implementation"] = self._random.choice(_BUILT_IN)
        else:
            self._containers.append(node["name"])
            if self._happens(0.08):
                node["methods"] = self._random.sample(_METHODS, self._random.choice((1, 2)))
            else:
                several = ("ROUTER", "COMBINER") if children > 1 else _TYPES[:5]
                node["type"] = self._random.choice(several if self._happens(0.9) else _TYPES)
            if self._happens(0.08):
                node["modelUri"] = self._random.choice(_URIS)
        if (self._spoken and self._happens(0.6)) or self._happens(0.08):
            node["endpoint"] = self._endpoint()
        if self._happens(0.12):
            node.setdefault("parameters", []).append({"name": "p", "type": "STRING", "value": "v"})
        if self._happens(0.12):
            node["logger"] = {"mode": self._random.choice(("all", "request", "response"))}
            if self._happens(0.4):
                node["logger"]["url"] = "http://sink.example"

    def _fill_server(self, node: dict[str, Any]) -> None:
        node["implementation"] = self._random.choice(_SERVERS)
        if self._happens(0.95):
            node["modelUri"] = self._random.choice(_URIS)
        if self._happens(0.3):
            node["type"] = "MODEL"
        if self._happens(0.15):
            node["serviceAccountName"] = "models"
        if self._happens(0.15):
            node["envSecretRefName"] = "credentials"
        if self._happens(0.1):
            node["storageInitializerImage"] = "registry.example/initializer:1"
        if self._happens(0.4):  # the author's container beside what is injected
            self._containers.append(node["name"])

    def _endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self._spoken or self._random.choice(("REST", "GRPC"))}
        if self._happens(0.25):
            found["httpPort"] = self._random.choice(_PORTS)
        if self._happens(0.25):
            found["grpcPort"] = self._random.choice(_PORTS)
        if self._happens(0.15):
            found["service_port"] = self._random.choice(_PORTS)
        if self._happens(0.1):
            found["service_host"] = "localhost"
        return found

    def _components(self) -> list[dict[str, Any]]:
        components: list[dict[str, Any]] = []
        together = self._random.choice((0.3, 0.9))
        for name in dict.fromkeys(self._containers):
            container: dict[str, Any] = {"name": name}
            if self._happens(0.95):
                container["image"] = f"registry.example/{name}:1"
            self._add_to_container(container)
            if components and self._happens(together):
                self._random.choice(components)["spec"]["containers"].append(container)
            else:
                components.append({"spec": {"containers": [container]}})
        for component in components:
            self._add_to_component(component)
        return components

    def _add_to_component(self, component: dict[str, Any]) -> None:
        pod = component["spec"]
        if self._happens(0.15):
            sidecar = {"name": "sidecar", "image": "registry.example/sidecar:1"}
            pod["containers"].append(sidecar)
        if self._happens(0.3):
            fields = self._random.sample(_POD_FIELDS, self._random.choice((1, 1, 2, 3)))
            for field in fields:
                pod[field] = deepcopy(self._random.choice(POD[field]))
        for field in _COMPONENT_FIELDS:
            if field in FRAGMENTS and self._happens(0.1):
                component[field] = deepcopy(self._random.choice(FRAGMENTS[field]))
        if self._happens(0.1):
            component["replicas"] = self._random.choice((0, 1, 2))
        if self._happens(0.15):
            component["metadata"] = {}
            if self._happens(0.3):
                component["metadata"]["name"] = self._random.choice(("own", "iris"))
            if self._happens(0.5):
                component["metadata"]["labels"] = self._entries(_LABELS)
            if self._happens(0.5):
                component["metadata"]["annotations"] = self._entries(_ANNOTATIONS)

    def _add_to_container(self, container: dict[str, Any]) -> None:
        if self._happens(0.3):
            fields = self._random.sample(tuple(CONTAINER), self._random.choice((1, 1, 2)))
            for field in fields:
                container[field] = deepcopy(self._random.choice(CONTAINER[field]))
