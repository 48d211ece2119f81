"""What graphgate says of a document, and every object that would be asked of the API server."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tools.control_plane.versions import KUBERNETES
from webhook import defaulting
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts, Namespace, Operator
from webhook.graph.parse import parse
from webhook.graph.path import Path, Segment
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import Rendered, render
from webhook.rendering.routes.render import render_routes
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
    kubernetes_minor=int(KUBERNETES.version.split(".")[1]),
    operator_version="1.17.1",
)
"""A cluster with every server and every image, of the version that the tests build, and with the
version of Seldon's operator that is rendered."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How graphgate is run: settings, options of rendering, for which namespace of which cluster.

    The settings have no ratchet: an update starts from what is admitted, so none of its errors is
    an old one. They are the same for all documents, with what they remember of their parts.
    """

    settings: Settings
    options: RenderOptions
    namespace: str = NAMESPACE
    facts: Facts = FACTS

    def on(self, minor: int) -> "Setup":
        """Return the same on a cluster of that minor version of Kubernetes."""
        return replace(self, facts=replace(self.facts, kubernetes_minor=minor))


def _read(operator: Operator | None = None, **keys: Any) -> Settings:
    document = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "ratchet": False, **keys}
    return read_settings(document, operator=operator)


SETUPS = (
    Setup(
        _read(),
        RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1")),
    ),
    Setup(_read(), RenderOptions(deployment_name_as_prefix=True)),
    Setup(
        _read(profile="hardened"),
        RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1")),
    ),
    Setup(
        _read("seldon"),
        RenderOptions(
            orchestrator=OrchestratorOptions("registry.example/executor:1"), operator="seldon"
        ),
    ),
)
"""With an orchestrator, without one, with hardened defaults, and as Seldon's operator renders."""

_ENFORCE: dict[str, Any] = {"podSecurity": {"mode": "enforce"}}
_OPEN: dict[str, Any] = {"allowedHosts": ["*"], "allowedGateways": ["istio-system/gateway"]}


def _routed(setup: Setup, **routing: Any) -> Setup:
    settings = _read(setup.options.operator, routing={**_OPEN, **routing})
    return replace(
        setup, settings=settings, options=replace(setup.options, routing=settings.routing)
    )


ROUTED = (
    _routed(SETUPS[0], kind="gateway-api", gateway="gateways/public"),
    _routed(
        SETUPS[1],
        kind="gateway-api",
        gateway="gateways/public",
        hosts=["models.example.com"],
        grpcHosts=["grpc.example.com"],
    ),
    _routed(SETUPS[0], kind="istio", istioTlsMode="ISTIO_MUTUAL"),
    _routed(SETUPS[3], kind="istio"),
)
"""With routes: of a Gateway, also with a host for gRPC alone, and of Istio for either operator."""

ENFORCED = (
    *(
        replace(
            SETUPS[number],
            settings=_read(SETUPS[number].options.operator, **_ENFORCE),
            namespace=f"{NAMESPACE}-baseline",
        )
        for number in (0, 3)
    ),
    replace(
        SETUPS[2],
        settings=_read(profile="hardened", **_ENFORCE),
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
    old    the object that is there before an update; None: there is none of its name
    """

    kind: str
    object: dict[str, Any]
    trace: Callable[[Iterable[Segment]], Path]
    is_applied: bool = True
    namespace: str = NAMESPACE
    old: dict[str, Any] | None = None

    @property
    def is_made_anew(self) -> bool:
        """Whether its controller deletes the old one and creates this one: it selects otherwise."""
        if self.old is None or self.kind not in ("Deployment", "Service"):
            return False
        was, now = (one["spec"].get("selector") for one in (self.old, self.object))
        return bool(was != now and (self.kind == "Deployment" or not self.is_applied))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What graphgate says of one document.

    denials   ids of the rules that deny it, each once, sorted; of rules that crashed, too
    objects   what it stands for: itself, what is rendered, and the pods of the Deployments
    rendered  how many of the objects are rendered
    warnings  ids of the rules that warn
    """

    denials: tuple[str, ...]
    objects: tuple[ApiObject, ...]
    rendered_count: int
    warnings: frozenset[str] = frozenset()


def evaluate_document(
    document: dict[str, Any], setup: Setup, old: dict[str, Any] | None = None
) -> Evaluation:
    """Fill in the defaults, decide, render.

    old  the document before an update; its defaults are filled in, as those of what is stored
    """
    old = None if old is None else _with_defaults(old, setup)
    decision = evaluate(
        document,
        setup.settings,
        setup.facts,
        namespace=setup.namespace,
        old_document=old,
        operator=setup.options.operator,
    )
    defaulted = _with_defaults(document, setup)
    rendered = _render(defaulted, setup)
    denials = {finding.rule_id for finding in decision.denials}
    denials |= {f"crash of {failure.rule_id}" for failure in decision.rule_errors}
    is_applied = setup.options.operator == "graphgate"
    objects = (
        _without_server_fields(defaulted, setup.namespace),
        *_objects(rendered, setup.namespace, is_applied=is_applied),
    )
    if old is not None:
        before = (
            _without_server_fields(old, setup.namespace),
            *_objects(_render(old, setup), setup.namespace, is_applied=is_applied),
        )
        objects = tuple(_with_old(objects, before))
    return Evaluation(
        denials=tuple(sorted(denials)),
        objects=objects,
        rendered_count=len(rendered),
        warnings=frozenset(finding.rule_id for finding in decision.warnings),
    )


def _with_defaults(document: dict[str, Any], setup: Setup) -> dict[str, Any]:
    operations = defaulting.default_object(
        document, setup.settings.defaults, setup.facts, setup.namespace
    ).operations
    defaulted: dict[str, Any] = defaulting.apply_add_operations(document, operations)
    return defaulted


def _render(defaulted: dict[str, Any], setup: Setup) -> tuple[Rendered, ...]:
    options = replace(setup.options, defaults=setup.settings.defaults)
    view = parse(_with_generated_name(defaulted))
    routes = render_routes(view, options, setup.facts, namespace=setup.namespace)
    return (*render(view, options, setup.facts), *routes)


def _with_old(objects: Iterable[ApiObject], before: Iterable[ApiObject]) -> Iterator[ApiObject]:
    """Yield the objects, those that are updated with what is there before."""
    by_name = {_key(one): one.object for one in before}
    for one in objects:
        old = by_name.get(_key(one)) if one.kind != "Pod" and _key(one)[1] else None
        yield one if old is None or old == one.object else replace(one, old=old)


def _key(one: ApiObject) -> tuple[str, str]:
    """Return an object's kind and name; "" for a name that is none."""
    metadata = one.object.get("metadata")
    name = metadata.get("name") if type(metadata) is dict else None
    return one.kind, name if type(name) is str else ""


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
    """Return the object in a namespace of the tests; what it holds is shared."""
    metadata = raw.get("metadata")
    if type(metadata) is not dict:
        return raw
    return {**raw, "metadata": {**metadata, "namespace": namespace}}


def _pod_of_deployment(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that the controllers would make of a Deployment.

    Without what it has from accounts and classes: none of them is in the cluster, and they are
    looked up before the pod is looked at.
    """
    template = deployment["spec"]["template"]
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
