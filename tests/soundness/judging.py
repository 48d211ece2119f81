"""What graphgate says of a document, and every object that would be asked of the API server."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from webhook import defaults
from webhook.decisions.decide import decide
from webhook.decisions.settings import Settings, read_settings
from webhook.graph.facts import Facts, Namespace
from webhook.graph.parse import parse
from webhook.graph.path import Path, Segment
from webhook.workloads.options import Engine, Options
from webhook.workloads.render import Rendered, render

NAMESPACE = "soundness"
"""Where everything is created, whatever a document says."""

_SERVERS = (
    *("SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"),
    *("TENSORFLOW_SERVER", "TRITON_SERVER", "TEMPO_SERVER"),
)
_IMAGES = {
    name: {"image": "registry.example/server", "defaultImageVersion": "1"}
    for name in ("seldon", "v2", "kfserving", "tensorflow")
}

FACTS = Facts(
    namespaces={NAMESPACE: Namespace()},
    servers={name: {"protocols": _IMAGES} for name in _SERVERS},
    explainer={"image": "registry.example/alibi:1", "image_v2": "registry.example/alibi:2"},
    minor=36,
)
"""A cluster with every server and every image, of the version that the tests run."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How graphgate is run: its settings, and the options of rendering."""

    settings: Settings
    options: Options


SETUPS = (
    Setup(
        read_settings(),
        Options(engine=Engine("registry.example/executor:1")),
    ),
    Setup(read_settings(), Options(deployment_name_as_prefix=True)),
    Setup(
        read_settings(
            {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "profile": "hardened"}
        ),
        Options(engine=Engine("registry.example/executor:1")),
    ),
)
"""With an orchestrator, without one, and with hardened defaults."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One object that the API server is asked to take.

    kind   what it is asked as, whatever the object says
    trace  says what place of the document a place of the object comes from
    """

    kind: str
    object: dict[str, Any]
    trace: Callable[[Iterable[Segment]], Path]


@dataclass(frozen=True, slots=True)
class Judged:
    """What graphgate says of one document.

    denials   ids of the rules that deny it, each once, sorted; of rules that crashed, too
    objects   what it stands for: itself, what is rendered, and the pods of the Deployments
    rendered  how many of the objects are rendered
    """

    denials: tuple[str, ...]
    objects: tuple[Asked, ...]
    rendered: int


def judge(document: dict[str, Any], setup: Setup) -> Judged:
    """Fill in the defaults, decide, render."""
    settings = replace(setup.settings, ratchet=False)
    decision = decide(document, settings, FACTS, namespace=NAMESPACE)
    filling = defaults.fill(document, settings.defaults, FACTS, NAMESPACE)
    filled = defaults.apply(document, filling.operations)
    options = replace(setup.options, defaults=settings.defaults)
    rendered = render(parse(_named(filled)), options, FACTS)
    denials = {finding.rule for finding in decision.denials}
    denials |= {f"crash of {failure.rule}" for failure in decision.failures}
    return Judged(
        denials=tuple(sorted(denials)),
        objects=(_itself(filled), *_objects(rendered)),
        rendered=len(rendered),
    )


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the name that the API server makes of a generateName."""
    metadata = document.get("metadata")
    if type(metadata) is not dict or metadata.get("name"):
        return document
    start = metadata.get("generateName")
    named = {**metadata, "name": f"{start}x7k2p"} if type(start) is str and start else metadata
    return {**document, "metadata": named}


_OF_THE_SERVER = (
    *("resourceVersion", "uid", "managedFields", "generation"),
    *("creationTimestamp", "deletionTimestamp"),
)
"""Fields of metadata that only the API server writes."""


def _itself(document: dict[str, Any]) -> Asked:
    copy = _placed(document)
    for field in _OF_THE_SERVER:
        if type(copy.get("metadata")) is dict:
            copy["metadata"].pop(field, None)
    return Asked("SeldonDeployment", copy, Path)


def _objects(rendered: Iterable[Rendered]) -> Iterator[Asked]:
    for one in rendered:
        yield Asked(one.kind, _placed(one.object), one.trace)
        if one.kind == "Deployment":
            yield Asked("Pod", _pod(one.object), _TemplateTrace(one))


def _placed(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a copy in the tests' namespace."""
    copy = deepcopy(raw)
    if type(copy.get("metadata")) is dict:
        copy["metadata"]["namespace"] = NAMESPACE
    return copy


def _pod(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that the controllers would make of a Deployment.

    Without what it has from accounts and classes: none of them is in the cluster, and they are
    looked up before the pod is looked at.
    """
    template = deepcopy(deployment["spec"]["template"])
    name = f"{deployment['metadata']['name']}-5d7f9c8b4-"
    metadata = {**template["metadata"], "generateName": name, "namespace": NAMESPACE}
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccount"}
    spec["serviceAccountName"] = "default"
    for field in ("priorityClassName", "priority", "preemptionPolicy"):
        spec.pop(field, None)
    if spec.pop("runtimeClassName", None):
        spec.pop("overhead", None)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@dataclass(frozen=True, slots=True)
class _TemplateTrace:
    rendered: Rendered

    def __call__(self, place: Iterable[Segment]) -> Path:
        return self.rendered.trace(("spec", "template", *place))
