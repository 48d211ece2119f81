"""Where a field of a pod, container or node belongs that is at another level of it.

The name alone is not enough: `runAsUser` belongs to two contexts, `labels` to three objects. So the
level at which a field is decides. Not here: fields of Seldon Core with one home, which
misplaced-field finds by their name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import FixSafety, Operation
from webhook.graph.model import ComponentSpec, SeldonDeployment, as_mapping, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rules._stray_fields import get_value_at, move_into_patch

_CORE = "io.k8s.api.core.v1."
_POD_PATH = ("spec", "predictors", 0, "componentSpecs", 0, "spec")
_POD_METADATA = ("labels", "annotations")
_RESOURCE_NAMES = ("cpu", "memory", "ephemeral-storage", "storage")
_A_POD = "the spec of a component, which is a pod"
_OF_PODS = ("restartPolicy", "serviceAccountName")
"""Fields of a pod that other things have, too; above the pods, theirs is meant."""
_NOT_OF_CONTAINERS = ("name", "restartPolicy", "securityContext")
"""Fields that a component or pod may be meant to have itself."""
_MAX_TARGETS = 20
"""Containers or pods that one fix writes to; with more of them the author decides."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a field belongs.

    name         in words: "the securityContext of the pod"
    targets      the places in this document; several if it belongs to each, or to one of them
    fix          the patch that moves it; empty where that is not clear
    """

    name: str
    targets: tuple[Path, ...] = ()
    fix: tuple[Operation, ...] = ()
    fix_safety: FixSafety = "unsafe"


def is_in_handler(path: Path) -> bool:
    """Return whether a field is in a probe or hook: what it says there it says nowhere else."""
    return any(
        field in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle") for field in path
    )


def is_part_of_handler(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether an unknown field belongs to a handler that its probe or hook lacks.

    What the probe does is then wrong, and probe-without-handler speaks of the field.
    """
    if path[-1] not in HANDLER_FIELDS or _definition_at(path.parent) not in _HANDLER_PARENTS:
        return False
    return not _set_handlers(deployment, path.parent)


def _set_handlers(deployment: SeldonDeployment, path: Path) -> list[str]:
    raw = get_value_at(deployment, path)
    names = raw if type(raw) is dict else ()
    return [n for n in names if n in HANDLER_FIELDS.values() and raw[n] is not None]


def _definition_at(path: Path) -> str:
    info = schema.get_field_info(path)
    return info.definition.removeprefix(_CORE) if info is not None else ""


_HANDLER_PARENTS = frozenset({"Probe", "LifecycleHandler"})

HANDLER_FIELDS = {
    "command": "exec",
    "args": "exec",
    "path": "httpGet",
    "port": "httpGet",
    "scheme": "httpGet",
    "httpHeaders": "httpGet",
    "host": "httpGet",
    "seconds": "sleep",
    "service": "grpc",
}
"""By field: the handler of a probe or hook that it belongs to."""


def find_destination(deployment: SeldonDeployment, path: Path) -> Destination | None:
    """Return where the unknown field at `path` belongs; None if its level does not determine it."""
    finder = _FINDERS.get(_definition_at(path.parent))
    return finder(deployment, path, str(path[-1])) if finder else None


def _in_container(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    if name in _fields_of("container securityContext"):
        return _move(
            deployment,
            path,
            "the securityContext of the container",
            path.parent / "securityContext",
        )
    to_pod = _from_container_to_pod(deployment, path, name, path.parent)
    return to_pod or _from_container_to_node(deployment, path, name)


def _in_container_context(
    deployment: SeldonDeployment, path: Path, name: str
) -> Destination | None:
    return _from_container_to_pod(deployment, path, name, path.parent.parent)


def _from_container_to_pod(
    deployment: SeldonDeployment, path: Path, name: str, container: Path
) -> Destination | None:
    pod = container.parent.parent
    if container.parent[-1:] not in (("containers",), ("initContainers",)):
        return None  # of an explainer or orchestrator: its pod is injected
    if name in _fields_of("pod securityContext"):
        return _move(deployment, path, "the securityContext of the pod", pod / "securityContext")
    if name in _POD_METADATA:
        return _move(deployment, path, "the metadata of the component", pod.parent / "metadata")
    return None


def _from_container_to_node(
    deployment: SeldonDeployment, path: Path, name: str
) -> Destination | None:
    """Of a container: a field of the node that it serves."""
    if name not in _fields_of("node") or path.parent.parent[-1:] != ("containers",):
        return None
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    container = get_str(as_mapping(get_value_at(deployment, path.parent)), "name")
    nodes = predictor.nodes_by_name.get(container, ()) if predictor and container else ()
    if len(nodes) != 1:
        return None
    target = nodes[0].path / name
    fix = move_into_patch(deployment, path, target)
    return Destination(f'the node "{container}"', (target,), fix)


def _in_pod(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    pod = path.parent
    if name in _fields_of("pod securityContext"):
        return _move(deployment, path, "the securityContext of the pod", pod / "securityContext")
    if name in _fields_of("container securityContext"):
        return _to_each_container(deployment, path, pod)
    if name in _POD_METADATA:
        return _move(deployment, path, "the metadata of the component", pod.parent / "metadata")
    if name in _fields_of("spec") and name not in _fields_of("predictor"):
        target = Path(("spec", name))
        return Destination("spec", (target,), move_into_patch(deployment, path, target))
    return _in_one_of_containers(deployment, path, name, pod)


def _in_one_of_containers(
    deployment: SeldonDeployment, path: Path, name: str, pod: Path
) -> Destination | None:
    """Of a pod or component: a field of a container, of its only one if it has no others."""
    if name not in _fields_of("container") or name in _NOT_OF_CONTAINERS:
        return None
    items = get_value_at(deployment, pod / "containers")
    count = len(items) if type(items) is list else 0
    targets = tuple(pod.join(("containers", n, name)) for n in range(min(count, _MAX_TARGETS)))
    fix = move_into_patch(deployment, path, targets[0]) if count == 1 else ()
    return Destination("a container", targets, fix)


def _in_pod_context(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    if name in _fields_of("container securityContext"):
        return _to_each_container(deployment, path, path.parent.parent)
    return None


def _in_resources(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    """Of resources itself: the amount of a resource, which is requested or limited."""
    del deployment
    if name not in _RESOURCE_NAMES and "/" not in name:
        return None
    targets = tuple(path.parent / kind / name for kind in ("requests", "limits"))
    return Destination("requests or limits", targets)


def _in_probe(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    handlers = _set_handlers(deployment, path.parent)
    if len(handlers) != 1 or name not in schema.known_fields(path.parent / handlers[0]):
        return None
    return _move(deployment, path, handlers[0], path.parent / handlers[0])


def _in_variable(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    """Of an item of env: the source of its value."""
    source = path.parent / "valueFrom"
    if name not in schema.known_fields(source):
        return None
    return _move(deployment, path, "valueFrom", source)


def _in_component(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    if name in _POD_METADATA:
        return _move(deployment, path, "the metadata of the component", path.parent / "metadata")
    return _in_one_of_containers(deployment, path, name, path.parent / "spec")


def _in_node(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    if name in _fields_of("pod") and name not in ("resources", "securityContext"):
        return _in_pods_of_predictor(deployment, path, name)
    if name not in _fields_of("container") or name == "name":
        return None
    node_name = get_str(as_mapping(get_value_at(deployment, path.parent)), "name")
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    containers = predictor.containers if predictor else ()
    target = next((c.path for c in containers if node_name and c.name == node_name), None)
    if target is None:
        owner = f'the container "{node_name}"' if node_name else "a container"
        return Destination(f"{owner} of an item of componentSpecs")
    return _move(deployment, path, f'the container "{node_name}"', target)


def _in_pods_of_predictor(
    deployment: SeldonDeployment, path: Path, name: str
) -> Destination | None:
    """Of a part of a predictor: a field of its pods."""
    if name not in _fields_of("pod") or name == "containers":
        return None
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    components = predictor.components if predictor is not None else ()
    targets = tuple(c.path.join(("spec", name)) for c in components[:_MAX_TARGETS])
    fix = move_into_patch(deployment, path, targets[0]) if len(components) == 1 else ()
    return Destination(_A_POD, targets, fix)


def _below_node(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    if name in _fields_of("node"):
        return _move(deployment, path, "the node", path.parent.parent)
    return None


def _above_pods(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    """Of spec or a predictor: a field of a pod or container."""
    is_in_spec = path.parent == ("spec",)
    predictor = deployment.predictors_by_path.get(path.parent)
    if is_in_spec:
        components: Sequence[ComponentSpec] = deployment.components
    else:
        components = predictor.components if predictor is not None else ()
    if name in _OF_PODS and not is_in_spec:
        return _in_pods_of_predictor(deployment, path, name)
    if name in _fields_of("container") and name not in _OF_PODS:
        containers = islice(_paths_of_containers(components), _MAX_TARGETS)
        targets = tuple(container / name for container in containers)
        return _to_container_or_orchestrator(deployment, path, targets)
    if name in _fields_of("pod") and is_in_spec:
        pods = tuple(component.path.join(("spec", name)) for component in components[:_MAX_TARGETS])
        fix = move_into_patch(deployment, path, pods[0]) if len(components) == 1 else ()
        return Destination(_A_POD, pods, fix)
    return _in_root_of_graph(deployment, path, name)


def _paths_of_containers(components: Iterable[ComponentSpec]) -> Iterator[Path]:
    """Yield where the containers of pods are, those that are written at their place."""
    for component in components:
        pod = component.path / "spec"
        for container in component.containers:
            if (path := container.path)[:-2] == pod:
                yield path


def _in_root_of_graph(deployment: SeldonDeployment, path: Path, name: str) -> Destination | None:
    """Of a predictor without an explainer, which has some of these fields: a field of a node."""
    predictor = deployment.predictors_by_path.get(path.parent)
    if predictor is None or name not in _fields_of("node") or "explainer" in predictor.raw:
        return None
    graph = path.parent / "graph"
    # All together: an implementation without its modelUri is denied.
    known = schema.known_fields(path.parent)
    beside = {field for field in _fields_of("node") if field in predictor.raw}.difference(known)
    moves = [
        move_into_patch(deployment, path.parent / field, graph / field)
        for field in sorted(beside | {name})
    ]
    fix = tuple(operation for move in moves for operation in move)
    return Destination("the graph", (graph / name,), fix if all(moves) else (), "safe")


def _to_container_or_orchestrator(
    deployment: SeldonDeployment, path: Path, containers: tuple[Path, ...]
) -> Destination:
    fix = move_into_patch(deployment, path, containers[0]) if len(containers) == 1 else ()
    description = "a container"
    targets = containers
    if path[-1] in _fields_of("svcOrchSpec"):
        predictors = [p.path for p in deployment.predictors if p.path[: len(path) - 1] == path[:-1]]
        orchestrators = [p.join(("svcOrchSpec", path[-1])) for p in islice(predictors, 1)]
        description, targets = (
            "a container, or svcOrchSpec of a predictor",
            (
                *containers,
                *orchestrators,
            ),
        )
    return Destination(description, targets, fix)


def _to_each_container(deployment: SeldonDeployment, path: Path, pod: Path) -> Destination:
    """Return the securityContext of each container as the destination, and the patch for it."""
    value = get_value_at(deployment, path)
    listed: list[Path] = []
    operations: list[Operation] = []
    contradicted = False
    for kind in ("initContainers", "containers"):
        items = get_value_at(deployment, pod / kind)
        for index, item in enumerate(items if type(items) is list else ()):
            if type(item) is not dict:
                continue  # said by wrong-type
            context = pod.join((kind, index, "securityContext"))
            listed.append(context / path[-1])
            contradicted |= get_mapping(item, "securityContext").get(str(path[-1])) not in (
                None,
                value,
            )
            operations.extend(_add_to_context(item, context, str(path[-1]), value))
    fix: tuple[Operation, ...] = ()
    if listed and len(listed) <= _MAX_TARGETS:
        fix = (*operations, {"op": "remove", "path": path.pointer})
    return Destination(
        "the securityContext of a container",
        tuple(listed[:_MAX_TARGETS]),
        fix,
        "safe" if len(listed) == 1 and not contradicted else "unsafe",
    )


def _add_to_context(
    item: Mapping[str, Any], context: Path, name: str, value: Any
) -> tuple[Operation, ...]:
    """Return the operations that set one field of a container's context, if it is not set."""
    present = item.get("securityContext")
    if type(present) is dict:
        if present.get(name) is not None:
            return ()
        return ({"op": "add", "path": (context / name).pointer, "value": value},)
    return ({"op": "add", "path": context.pointer, "value": {name: value}},)


def _move(deployment: SeldonDeployment, path: Path, where: str, parent: Path) -> Destination:
    """Return a destination that is the only one."""
    target = parent / path[-1]
    return Destination(where, (target,), move_into_patch(deployment, path, target), "safe")


_LEVELS = {
    "spec": ("spec",),
    "predictor": _POD_PATH[:3],
    "node": (*_POD_PATH[:3], "graph"),
    "svcOrchSpec": (*_POD_PATH[:3], "svcOrchSpec"),
    "pod": _POD_PATH,
    "pod securityContext": (*_POD_PATH, "securityContext"),
    "container": (*_POD_PATH, "containers", 0),
    "container securityContext": (*_POD_PATH, "containers", 0, "securityContext"),
}


@cache
def _fields_of(level: str) -> frozenset[str]:
    return frozenset(schema.known_fields(_LEVELS[level]))


_FINDERS = {
    "Container": _in_container,
    "SecurityContext": _in_container_context,
    "PodSpec": _in_pod,
    "PodSecurityContext": _in_pod_context,
    "ComponentSpec": _in_component,
    "EnvVar": _in_variable,
    "Node": _in_node,
    "Endpoint": _below_node,
    "SvcOrchSpec": _in_pods_of_predictor,
    "ResourceRequirements": _in_resources,
    "VolumeResourceRequirements": _in_resources,
    "Probe": _in_probe,
    "LifecycleHandler": _in_probe,
    "Spec": _above_pods,
    "Predictor": _above_pods,
}
"""By the definition of the object in which a field is."""
