"""Strategies: valid documents of every feature, and documents broken anywhere."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.rendering.cases import CASES, load_case
from webhook.defaulting import HARDENED_OPTIONS, DefaultingOptions
from webhook.graph.cluster_facts import Facts
from webhook.rendering.options import OrchestratorOptions, RenderOptions

# Without "-" two different tuples of parts never make one name.
WORD = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)
LONG_WORD = st.from_regex(r"[a-z][a-z0-9]{30,62}", fullmatch=True)
NAME = st.one_of(WORD, LONG_WORD)
# A label's key holds the name of a node's container: 48 characters are left for it.
NODE_NAME = st.one_of(WORD, st.from_regex(r"[a-z][a-z0-9]{40,47}", fullmatch=True))

options = st.builds(
    RenderOptions,
    deployment_name_as_prefix=st.booleans(),
    orchestrator=st.sampled_from([None, OrchestratorOptions("registry.example/executor:1")]),
    defaults=st.sampled_from(
        [DefaultingOptions(), DefaultingOptions(run_as_user=None), HARDENED_OPTIONS]
    ),
)
facts = st.builds(Facts, kubernetes_minor=st.sampled_from([None, 29, 37]), openshift=st.booleans())

HPA = {
    "maxReplicas": 3,
    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 50}}],
}
KEDA = {"triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]}


@st.composite
def containers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A container with some of the fields that ours meet."""
    container: dict[str, Any] = {"name": name, "image": "registry.example/model:1"}
    if draw(st.booleans()):
        container["ports"] = [{"name": "http", "containerPort": draw(st.integers(1024, 65535))}]
    if draw(st.booleans()):
        container["env"] = [
            {"name": draw(st.sampled_from(["A", "PREDICTIVE_UNIT_ID"])), "value": "x"},
            {"name": "A", "value": "y"},
        ]
    if draw(st.booleans()):
        container["volumeMounts"] = [{"name": "seldon-podinfo", "mountPath": "/etc/podinfo"}]
    if draw(st.booleans()):
        container["lifecycle"] = None
    return container


@st.composite
def components(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    """A componentSpec with these containers, and perhaps a sidecar without a node."""
    listed = [draw(containers(name)) for name in names]
    pod: dict[str, Any] = {"containers": listed}
    if draw(st.booleans()):
        pod["terminationGracePeriodSeconds"] = draw(st.integers(0, 60))
    component: dict[str, Any] = {"spec": pod}
    if draw(st.booleans()):
        labels = {draw(st.sampled_from(["app", "seldon-app", "tier", "version"])): "mine"}
        component["metadata"] = {"labels": labels}
    match draw(st.integers(0, 3)):
        case 0:
            component["hpaSpec"] = deepcopy(HPA)
        case 1:
            component["kedaSpec"] = deepcopy(KEDA)
        case 2:
            component["replicas"] = draw(st.integers(0, 5))
    if draw(st.booleans()):
        component["pdbSpec"] = {"maxUnavailable": draw(st.sampled_from([1, "10%"]))}
    return component


def _chain(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    root, *rest = nodes
    return {**root, "children": [_chain(rest)] if rest else []}


@st.composite
def predictors(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A predictor: a chain of nodes over some components, and model servers perhaps."""
    names = draw(st.lists(NODE_NAME, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, len(names)))
    written, served = names[:cut], names[cut:]
    split = draw(st.integers(0, len(written)))
    groups = [group for group in (written[:split], written[split:]) if group]
    nodes: list[dict[str, Any]] = [{"name": node} for node in written]
    nodes += [
        {"name": node, "implementation": "SKLEARN_SERVER", "modelUri": uri}
        for node, uri in zip(served, ["gs://m", "pvc://c/m", "pvc://d"] * 2, strict=False)
    ]
    predictor: dict[str, Any] = {"name": name, "graph": _chain(draw(st.permutations(nodes)))}
    if groups:
        predictor["componentSpecs"] = [draw(components(group)) for group in groups]
    if draw(st.booleans()):
        predictor["ssl"] = {"certSecretName": "tls"}
    if draw(st.booleans()):
        predictor["explainer"] = {"type": "AnchorText", "modelUri": "gs://e"}
    if draw(st.booleans()):
        predictor["shadow"] = True
    return predictor


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A SeldonDeployment that nobody has a fault to find with."""
    names = draw(st.lists(NAME, min_size=1, max_size=3, unique=True))
    spec: dict[str, Any] = {"predictors": [draw(predictors(name)) for name in names]}
    if draw(st.booleans()):
        spec["annotations"] = {"seldon.io/engine-separate-pod": "true"}
    if draw(st.booleans()):
        spec["replicas"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        spec["protocol"] = draw(st.sampled_from(["seldon", "v2"]))
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": draw(NAME), "namespace": "models"},
        "spec": spec,
    }


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from(["http", "GRPC", "true", "classifier", "pvc://", "seldon-podinfo"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "spec", "type", "env", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += _places(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += _places(item, (*path, index))
    return found


@st.composite
def broken_documents(draw: st.DrawFn) -> Any:
    """A fixture's document with up to four places replaced by any JSON, or removed."""
    document = deepcopy(load_case(draw(st.sampled_from(CASES))).document)
    for _ in range(draw(st.integers(1, 4))):
        places = _places(document)
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        here: Any = document
        for segment in way:
            here = here[segment]
        if draw(st.booleans()):
            here[last] = draw(JSON)
        else:
            del here[last]
    return document
