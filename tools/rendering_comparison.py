"""graphgate's objects beside those that Seldon Core v1.17.1's unmodified code built, recorded.

tests/rendering/recorded/seldon-1.17.1.jsonl holds documents with the objects that the original made
of each, without status and without ENGINE_PREDICTOR, which holds the whole predictor in base64; the
file of that name in `replaced` those in which it replaces or drops what an author wrote, or makes
what the API server refuses. Not compared: the order of lists whose items have names, the spelling
of quantities, of several variables of one name all but the last, and values that the API server
fills in itself.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.k8s_syntax import parse_quantity
from webhook.graph.parse import parse
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import Rendered, render
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.rendering.routes.render import render_routes

RECORDED = Path(__file__).parent.parent / "tests" / "rendering" / "recorded"
REPLACED = RECORDED / "replaced"
"""Documents of which Seldon's operator does not make what they say: compared with it alone."""

MLSERVER = "seldonio/mlserver"


def _protocols(**images: str) -> dict[str, Any]:
    entries = {name: image.rpartition(":") for name, image in images.items()}
    return {
        "protocols": {
            name: {"image": image, "defaultImageVersion": version}
            for name, (image, _, version) in entries.items()
        }
    }


FACTS = Facts(
    model_servers={
        "HUGGINGFACE_SERVER": _protocols(v2=f"{MLSERVER}:1.3.5-huggingface"),
        "MLFLOW_SERVER": _protocols(
            seldon="seldonio/mlflowserver:1.17.1", v2=f"{MLSERVER}:1.3.5-mlflow"
        ),
        "MY_SERVER": {"protocols": {"v2": {"image": "my/v2"}}},
        "SKLEARN_SERVER": _protocols(
            seldon="seldonio/sklearnserver:1.17.1", v2=f"{MLSERVER}:1.3.5-sklearn"
        ),
        "TENSORFLOW_SERVER": _protocols(
            seldon="seldonio/tfserving-proxy:1.17.1", tensorflow="tensorflow/serving:2.1.0"
        ),
        "TRITON_SERVER": _protocols(v2="nvcr.io/nvidia/tritonserver:21.08-py3"),
        "XGBOOST_SERVER": _protocols(
            seldon="seldonio/xgboostserver:1.17.1", v2=f"{MLSERVER}:1.3.5-xgboost"
        ),
    },
    explainer_images={
        "image": "seldonio/alibiexplainer:1.17.1",
        "image_v2": f"{MLSERVER}:1.3.5-alibi-explain",
    },
)
"""The seldon-config that the recorded operator had: that of its chart, and one server more."""

KINDS = {
    "Deployment": "deployments",
    "Service": "services",
    "HorizontalPodAutoscaler": "hpas",
    "PodDisruptionBudget": "pdbs",
    "ScaledObject": "keda",
}

ROUTE_KINDS = {
    "istio": {"VirtualService": "virtualServices", "DestinationRule": "destinationRules"},
    "ambassador": {"Mapping": "mappings", "TLSContext": "tlsContexts"},
}

FILLED_IN: Mapping[str, Any] = {
    "protocol": "TCP",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "successThreshold": 1,
    "failureThreshold": 3,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "scheme": "HTTP",
    "defaultMode": 420,
    "sessionAffinity": "None",
    "serviceAccount": "default",
}
"""What the API server writes where nothing is written."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs; None: it is on the other side only.

    path  of the value below the object's kind: "Deployment/spec/selector/matchLabels/app"
    """

    case: str
    path: str
    ours: Any
    theirs: Any


@cache
def recorded(folder: Path = RECORDED) -> tuple[Mapping[str, Any], ...]:
    """Return what was recorded: id, document, and `built`, lists of objects by kind."""
    return tuple(
        json.loads(line)
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    )


def render_options(operator: Operator, routing: RoutingOptions = NO_ROUTING) -> RenderOptions:
    """Return what the recorded operator was configured with."""
    return RenderOptions(
        orchestrator=OrchestratorOptions("docker.io/seldonio/seldon-core-executor:1.17.1"),
        defaults=DefaultingOptions(run_as_user=8888),
        operator=operator,
        routing=routing,
    )


def compare(operator: Operator, folder: Path = RECORDED) -> Iterator[Difference]:
    """Yield every difference between our objects, as of `operator`, and the recorded ones."""
    for row in recorded(folder):
        objects = render(parse(row["document"]), render_options(operator), FACTS)
        yield from _compare_objects(row, objects, KINDS)


def compare_routes(
    operator: Operator, routing: RoutingOptions, folder: Path = RECORDED
) -> Iterator[Difference]:
    """Yield every difference between our routes, as of `operator`, and the recorded ones."""
    options = render_options(operator, routing)
    for row in recorded(folder):
        routes = render_routes(parse(row["document"]), options, FACTS)
        yield from _compare_objects(row, routes, ROUTE_KINDS[routing.kind])


def _compare_objects(
    row: Mapping[str, Any], rendered: tuple[Rendered, ...], kinds: Mapping[str, str]
) -> Iterator[Difference]:
    objects = [each.object for each in rendered]
    for kind, key in kinds.items():
        ours = {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}
        theirs = {o["metadata"].get("name", ""): o for o in row["built"][key]}
        for name in sorted(ours.keys() | theirs.keys()):
            pair = _normalize(ours.get(name)), _normalize(theirs.get(name))
            yield from _differences(row["id"], kind, *pair)


def _normalize(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        if key in ("limits", "requests"):
            return {name: _quantity(text) for name, text in value.items()}
        if value.get("name") == "ENGINE_PREDICTOR":
            return {"name": "ENGINE_PREDICTOR"}
        if type(value.get("env")) is list:
            value = {**value, "env": list({one["name"]: one for one in value["env"]}.values())}
        whole = {
            name: _normalize(part, name)
            for name, part in value.items()
            if name not in ("apiVersion", "kind")
        }
        return {name: part for name, part in whole.items() if part not in (None, {}, [], "")}
    if isinstance(value, list):
        items = [_normalize(item) for item in value]
        names = [item["name"] for item in items if isinstance(item, dict) and "name" in item]
        if len(names) == len(items) == len(set(names)):
            return {item["name"]: item for item in items}
        if len(names) == len(items):
            return sorted(items, key=partial(json.dumps, sort_keys=True))
        return items
    return value


def _quantity(text: Any) -> int | None:
    return parse_quantity(text)


def _differences(case: str, path: str, ours: Any, theirs: Any) -> Iterator[Difference]:
    if ours == theirs:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(key), theirs.get(key)
            if key in FILLED_IN and {one, other} == {None, FILLED_IN[key]}:
                continue
            yield from _differences(case, f"{path}/{key}", one, other)
    else:
        yield Difference(case, path, ours, theirs)
