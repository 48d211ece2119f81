"""Valid SeldonDeployments of any size, made from a seed: for the laws about rules.

A document has what real ones have: all node types, servers, A/B tests, several predictors and
components, sidecars, shadows, traffic, autoscalers, loggers, parameters. What is drawn is a seed
and two sizes, so that a counterexample shrinks to a small graph.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

SERVERS = ("SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "TRITON_SERVER")
URIS = ("gs://models.example/iris", "s3:bucket/model", "pvc://claim/model", "https://a.example/m")
PREDICTORS = ("main", "canary", "blue", "green")
VALUES = {"INT": "-3", "FLOAT": "1e-3", "DOUBLE": "0.5", "BOOL": "1", "STRING": "text"}
METHODS = (["TRANSFORM_INPUT"], ["TRANSFORM_OUTPUT", "SEND_FEEDBACK"], ["TRANSFORM_INPUT"])

Raw = dict[str, Any]


def documents(max_nodes: int = 300, max_depth: int = 30) -> st.SearchStrategy[Raw]:
    """Return documents with up to so many nodes and levels."""
    return st.builds(
        build_document, st.integers(0, 2**32), st.integers(1, max_nodes), st.integers(1, max_depth)
    )


def build_document(seed: int, nodes: int, depth: int) -> Raw:
    """Return the document of a seed; `nodes` and `depth` are bounds over all predictors."""
    return GraphGenerator(Random(seed), nodes, depth).make_document()


def iter_nodes(document: Raw) -> Iterator[tuple[Raw, str]]:
    """Yield each node with its path, parents first, those of all predictors."""
    for number, predictor in enumerate(document["spec"]["predictors"]):
        stack = [(predictor["graph"], f"spec.predictors[{number}].graph")]
        while stack:
            node, path = stack.pop()
            yield node, path
            children = enumerate(node.get("children") or [])
            stack.extend((child, f"{path}.children[{n}]") for n, child in children)


def iter_containers(document: Raw) -> Iterator[tuple[Raw, str]]:
    """Yield each container with its path."""
    for number, predictor in enumerate(document["spec"]["predictors"]):
        for path, component in enumerate(predictor.get("componentSpecs") or []):
            for index, container in enumerate(component["spec"]["containers"]):
                item_path = f"spec.predictors[{number}].componentSpecs[{path}].spec"
                yield container, f"{item_path}.containers[{index}]"


class GraphGenerator:
    def __init__(self, random: Random, nodes: int, max_depth: int) -> None:
        self.random = random
        self.left = nodes
        self.depth = max_depth
        self.spoken = random.choice((None, None, "REST", "GRPC"))
        self.contained: list[str] = []
        self.protocol = ""
        self.has_claim = False
        self.scaled = 0

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def make_document(self) -> Raw:
        count = self.random.choice((1, 1, 2, 3, 4))
        spec: Raw = {}
        if self.happens(0.3):
            spec["name"] = "another-name"
        if self.happens(0.4):
            spec["protocol"] = self.random.choice(("seldon", "v2", "kfserving", ""))
        self.protocol = spec.get("protocol", "")
        if self.spoken == "GRPC" and self.protocol in ("v2", "kfserving"):
            self.spoken = "REST"  # over gRPC only models can be called: uncallable-over-grpc
        if self.spoken and self.happens(0.5):
            spec["transport"] = self.spoken.lower()
        if self.happens(0.3):
            spec["replicas"] = self.random.randint(0, 3)
        if self.happens(0.2):
            spec["annotations"] = {"seldon.io/rest-timeout": "1000"}
        predictors = [
            self.make_predictor(PREDICTORS[number], count - number) for number in range(count)
        ]
        self.assign_traffic(predictors)
        return {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "metadata": {"name": self.random.choice(("iris", "i" * 253, "a-1")), "namespace": "ns"},
            "spec": spec | {"predictors": predictors},
        }

    def assign_traffic(self, predictors: list[Raw]) -> None:
        """Spread the requests; at most one predictor, not the first, is a shadow."""
        live = list(predictors)
        if len(live) > 1 and self.happens(0.4):
            shadow = live.pop()
            shadow["shadow"] = True
            if self.happens(0.5):
                shadow["traffic"] = self.random.randint(0, 100)
        if len(live) == 1 and self.happens(0.5):
            if self.happens(0.5):
                live[0]["traffic"] = self.random.choice((0, 100))
            return
        left = 100
        for predictor in live[1:]:
            predictor["traffic"] = self.random.randint(0, left)
            left -= predictor["traffic"]
        live[0]["traffic"] = left

    def make_predictor(self, name: str, pending_shadow: int) -> Raw:
        self.contained = []
        self.names = 0
        reserve = self.left - self.left // pending_shadow if pending_shadow > 1 else 0
        self.left -= reserve + 1
        predictor: Raw = {"name": name, "graph": self.make_node(1)}
        self.left += reserve
        components = self.make_components()
        if components or self.happens(0.5):
            predictor["componentSpecs"] = components or self.random.choice(([], None))
        if self.happens(0.3) and not any("hpaSpec" in c or "kedaSpec" in c for c in components):
            predictor["replicas"] = self.random.randint(0, 5)
        if self.happens(0.2):
            predictor["labels"] = {"team": "a", "app": "iris"}
        if self.happens(0.1):
            predictor["annotations"] = {"seldon.io/svc-name": f"service-{name}"}
        if self.happens(0.1):
            predictor["explainer"] = {"type": "AnchorTabular", "modelUri": URIS[0]}
        if self.happens(0.1):
            predictor["progressDeadlineSeconds"] = 600
        return predictor

    def make_node(self, level: int) -> Raw:
        self.names += 1
        node: Raw = {"name": f"n{self.names}"}
        child_count = self.random.choice((0, 1, 1, 2, 2, 3)) if level < self.depth else 0
        child_count = max(min(child_count, self.left), 0)
        self.left -= child_count
        # Filled before its children, so that parents come first in the containers as well.
        self.fill_node(node, child_count)
        children = [self.make_node(level + 1) for _ in range(child_count)]
        if children or self.happens(0.5):
            node["children"] = children
        return node

    def fill_node(self, node: Raw, children: int) -> None:
        """Write what the node is, fitting to how many children it gets."""
        kind = self.random.random()
        if children == 2 and kind < 0.2:
            node["implementation"] = "RANDOM_ABTEST"
            if self.happens(0.7):
                node["parameters"] = [{"name": "ratioA", "type": "FLOAT", "value": "0.3"}]
            return
        if children < 2 and kind < 0.3:
            server = self.random.choice(SERVERS)
            if server == "TRITON_SERVER" and self.protocol not in ("v2", "kfserving"):
                server = "SKLEARN_SERVER"  # Triton speaks these two only
            node["implementation"] = server
            uri = self.random.choice(URIS)
            if uri.startswith("pvc://"):  # one in a pod: Seldon mounts all at one place
                uri, self.has_claim = URIS[0] if self.has_claim else uri, True
            node["modelUri"] = uri
            if self.happens(0.5):
                node["type"] = "MODEL"
            self.decorate_node(node)
            return
        if children > 1:
            word = self.random.choice(("ROUTER", "COMBINER"))
            if self.happens(0.1):
                node["methods"] = ["ROUTE"] if word == "ROUTER" else ["AGGREGATE"]
                word = "UNKNOWN_TYPE"
            node["type"] = word
        elif self.happens(0.1):
            node["methods"] = list(self.random.choice(METHODS))
        elif self.happens(0.9):
            single = ("MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER")
            node["type"] = self.random.choice((*single, "ROUTER") if children else single)
            if self.happens(0.1):
                node["implementation"] = "UNKNOWN_IMPLEMENTATION"
        self.contained.append(node["name"])
        self.decorate_node(node)

    def decorate_node(self, node: Raw) -> None:
        if self.spoken and self.happens(0.5):
            node["endpoint"] = {"type": self.spoken}
        if self.happens(0.2):
            node["parameters"] = [
                {"name": f"p{n}", "type": kind, "value": VALUES[kind]}
                for n, kind in enumerate(self.random.sample(sorted(VALUES), 2))
            ]
        if self.happens(0.2):
            node["logger"] = {"mode": self.random.choice(("all", "request", "response"))}
            if self.happens(0.5):
                node["logger"]["url"] = "http://log-sink.example/all"

    def make_components(self) -> list[Raw]:
        """Spread the containers; the first component always runs a node."""
        components: list[Raw] = []
        for name in self.contained:
            container = {"name": name, "image": f"registry.example/{name}:1"}
            if components and self.happens(0.8):
                self.random.choice(components)["spec"]["containers"].append(container)
            else:
                components.append({"spec": {"containers": [container]}})
        for number, component in enumerate(components):
            if self.happens(0.2):
                sidecar = {"name": f"sidecar-{number}", "image": "registry.example/sidecar:1"}
                component["spec"]["containers"].append(sidecar)
            if self.happens(0.2):
                component["hpaSpec"] = {"minReplicas": 1, "maxReplicas": 3}
                for container in component["spec"]["containers"]:
                    container["resources"] = {"requests": {"cpu": "100m"}}
            elif self.happens(0.1):
                trigger = {"type": "cron", "metadata": {"timezone": "UTC"}}
                self.scaled += 1  # KEDA's autoscaler has a name that is short, and its own
                config = {"horizontalPodAutoscalerConfig": {"name": f"scaler-{self.scaled}"}}
                component["kedaSpec"] = {"triggers": [trigger], "advanced": config}
            elif self.happens(0.2):
                component["replicas"] = 2
            if self.happens(0.2):
                component["pdbSpec"] = {"maxUnavailable": "10%"}
        return components
