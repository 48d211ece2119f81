"""What graphgate says of a document, and every object that would be asked of the API server."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from webhook import defaulting
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.parse import parse
from webhook.graph.path import Path, Segment
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import Rendered, render
from webhook.settings.model import Settings, read_settings

NAMESPACE = "soundness"
"""Where everything is created, whatever a document says."""

NAMESPACES = {
    NAMESPACE: {},
    **{
        f"{NAMESPACE}-{level}": {"pod-security.kubernetes.io/enforce": level}
        for level in ("baseline", "restricted")
    },
}
"""Every namespace with its labels: the further ones enforce a level of Pod Security."""

_SERVERS = (
    *("SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"),
    *("TENSORFLOW_SERVER", "TRITON_SERVER", "TEMPO_SERVER"),
)
_IMAGES = {
    name: {"image": "registry.example/server", "defaultImageVersion": "1"}
    for name in ("seldon", "v2", "kfserving", "tensorflow")
}

FACTS = Facts(
    namespaces={name: Namespace(labels) for name, labels in NAMESPACES.items()},
    model_servers={name: {"protocols": _IMAGES} for name in _SERVERS},
    explainer_images={"image": "registry.example/alibi:1", "image_v2": "registry.example/alibi:2"},
    kubernetes_minor=36,
)
"""A cluster with every server and every image, of the version that the tests run."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How graphgate is run: its settings, the options of rendering, and for which namespace."""

    settings: Settings
    options: RenderOptions
    namespace: str = NAMESPACE


SETUPS = (
    Setup(
        read_settings(),
        RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1")),
    ),
    Setup(read_settings(), RenderOptions(deployment_name_as_prefix=True)),
    Setup(
        read_settings(
            {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "profile": "hardened"}
        ),
        RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1")),
    ),
    Setup(
        read_settings(operator="seldon"),
        RenderOptions(
            orchestrator=OrchestratorOptions("registry.example/executor:1"), operator="seldon"
        ),
    ),
)
"""With an orchestrator, without one, with hardened defaults, and as Seldon's operator renders."""

_ENFORCE: dict[str, Any] = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "Settings",
    "podSecurity": {"mode": "enforce"},
}

ENFORCED = (
    *(
        replace(
            SETUPS[number],
            settings=read_settings(_ENFORCE, operator=SETUPS[number].options.operator),
            namespace=f"{NAMESPACE}-baseline",
        )
        for number in (0, 3)
    ),
    replace(
        SETUPS[2],
        settings=read_settings({**_ENFORCE, "profile": "hardened"}),
        namespace=f"{NAMESPACE}-restricted",
    ),
)
"""The same where the namespace enforces a level: the strict one with defaults that fit it."""


@dataclass(frozen=True, slots=True)
class ApiObject:
    """One object that the API server is asked to take.

    kind   what it is asked as, whatever the object says
    trace  says what place of the document a place of the object comes from
    is_applied  whether its controller applies it server-side (Seldon's operator creates only)
    namespace   where it is created
    """

    kind: str
    object: dict[str, Any]
    trace: Callable[[Iterable[Segment]], Path]
    is_applied: bool = True
    namespace: str = NAMESPACE


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What graphgate says of one document.

    denials   ids of the rules that deny it, each once, sorted; of rules that crashed, too
    objects   what it stands for: itself, what is rendered, and the pods of the Deployments
    rendered  how many of the objects are rendered
    """

    denials: tuple[str, ...]
    objects: tuple[ApiObject, ...]
    rendered_count: int


def evaluate_document(document: dict[str, Any], setup: Setup) -> Evaluation:
    """Fill in the defaults, decide, render."""
    settings = replace(setup.settings, ratchet=False)
    decision = evaluate(
        document, settings, FACTS, namespace=setup.namespace, operator=setup.options.operator
    )
    defaulting_result = defaulting.default_object(
        document, settings.defaults, FACTS, setup.namespace
    )
    defaulted = defaulting.apply_add_operations(document, defaulting_result.operations)
    options = replace(setup.options, defaults=settings.defaults)
    rendered = render(parse(_with_generated_name(defaulted)), options, FACTS)
    denials = {finding.rule_id for finding in decision.denials}
    denials |= {f"crash of {failure.rule_id}" for failure in decision.rule_errors}
    return Evaluation(
        denials=tuple(sorted(denials)),
        objects=(
            _without_server_fields(defaulted, setup.namespace),
            *_objects(rendered, setup.namespace, is_applied=options.operator == "graphgate"),
        ),
        rendered_count=len(rendered),
    )


def _with_generated_name(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the name that the API server makes of a generateName."""
    metadata = document.get("metadata")
    if type(metadata) is not dict or metadata.get("name"):
        return document
    start = metadata.get("generateName")
    named = {**metadata, "name": f"{start[:58]}x7k2p"} if type(start) is str and start else metadata
    return {**document, "metadata": named}


_SERVER_FIELDS = (
    *("resourceVersion", "uid", "managedFields", "generation", "selfLink"),
    "deletionGracePeriodSeconds",
    *("creationTimestamp", "deletionTimestamp"),
)
"""Fields of metadata that only the API server writes."""


def _without_server_fields(document: dict[str, Any], namespace: str) -> ApiObject:
    copy = _in_namespace(document, namespace)
    for field in _SERVER_FIELDS:
        if type(copy.get("metadata")) is dict:
            copy["metadata"].pop(field, None)
    return ApiObject("SeldonDeployment", copy, Path, namespace=namespace)


def _objects(
    rendered: Iterable[Rendered], namespace: str, *, is_applied: bool
) -> Iterator[ApiObject]:
    for one in rendered:
        raw = _in_namespace(one.object, namespace)
        yield ApiObject(one.kind, raw, one.trace, is_applied, namespace)
        if one.kind == "Deployment":
            pod = _in_namespace(_pod_of_deployment(one.object), namespace)
            yield ApiObject("Pod", pod, _TemplateTrace(one), namespace=namespace)


def _in_namespace(raw: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Return a copy in a namespace of the tests."""
    copy = deepcopy(raw)
    if type(copy.get("metadata")) is dict:
        copy["metadata"]["namespace"] = namespace
    return copy


def _pod_of_deployment(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that the controllers would make of a Deployment.

    Without what it has from accounts and classes: none of them is in the cluster, and they are
    looked up before the pod is looked at.
    """
    template = deepcopy(deployment["spec"]["template"])
    name = f"{deployment['metadata']['name']}-5d7f9c8b4-"
    metadata = {**template["metadata"], "generateName": name}
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

    def __call__(self, path: Iterable[Segment]) -> Path:
        return self.rendered.trace(("spec", "template", *path))
