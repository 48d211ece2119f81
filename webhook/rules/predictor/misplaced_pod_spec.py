"""A pod template stands at the wrong place

Why: containers belong under `spec` of an item of componentSpecs. One level or one dash away nothing
reads them: `spec` is null, the predictor has no pods, and the API server drops them in silence.

Fix: Indent containers under spec, and spec under an item of componentSpecs.

Bad:
    componentSpecs:
    - spec:
      containers:
      - name: classifier
        image: registry.example/classifier:1

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.indentation import POD_LISTS
from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._stray_fields import (
    get_value_at,
    move_operation,
    normalize_field,
    unknown_fields_near,
)

ACTION = "deny"
SINCE = "0.1.0"

_POD_FIELDS = {"componentspec", "componentspecs", "container", "containers", "podspec", "spec"}
"""What is called like a pod template or a part of it, in small letters without "_"."""
_SPEC_PATH = ("spec",)
_SINGULAR_NAMES = "container"
"""One of them that stands at its place, and is misspelled-required-field's."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each pod template that is out of place, where the graph needs one."""
    if not deployment.schema_errors:
        return
    for predictor in deployment.predictors:
        # Where a server runs every node, what is dropped may not be missed.
        certain = predictor.has_nodes_to_contain
        for component in predictor.components:
            if _is_misindented(component):
                yield _check_component(component, certain=certain)
    reported: set[Path] = set()
    for predictor in deployment.predictors:
        if needs_no_pods(predictor):
            yield from _check_templates(deployment, predictor)
            for path in _misplaced_pod_paths(deployment, predictor):
                if normalize_field(str(path[-1])) != _SINGULAR_NAMES and path not in reported:
                    reported.add(path)
                    yield _check_predictor(deployment, predictor, path)


def has_misplaced_pods(deployment: SeldonDeployment, predictor: Predictor) -> bool:
    """Tell whether a predictor that has no containers has them at another place."""
    return any(True for _ in _misplaced_pod_paths(deployment, predictor)) or any(
        True for _ in _template_paths(predictor)
    )


def _template_paths(predictor: Predictor) -> Iterator[Path]:
    """Yield each `template` that holds a pod, as it does in a Deployment."""
    for component in predictor.components:
        path = component.path
        for parent, raw in (path, component.raw), (path / "spec", component.pod):
            template = raw.get("template")
            if (
                type(template) is dict
                and type(get_mapping(template, "spec").get("containers")) is list
            ):
                yield parent / "template"


def _check_templates(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Finding]:
    for path in _template_paths(predictor):
        template, component = get_value_at(deployment, path), path.parent
        if type(template) is not dict:
            continue  # a policy put it there
        in_spec = path[-2:] == ("spec", "template")
        if in_spec:
            component = component.parent
        siblings = get_value_at(deployment, path.parent) or {}
        rest = set(siblings) - {"template"}
        operations: list[Operation] = [
            {"op": "add", "path": (component / name).pointer, "value": template[name]}
            for name in ("metadata", "spec")
            if name in template
        ]
        if not in_spec:
            operations.append({"op": "remove", "path": path.pointer})
        can_move = template.keys() <= {"metadata", "spec"} and not (
            rest if in_spec else rest & template.keys()
        )
        yield Finding(
            path,
            "a component is a pod template itself: there is no template in it",
            f"write its {join_words(template)} in {component} itself",
            tuple(operations) if can_move else (),
            fix_safety="safe",
        )


def _misplaced_pod_paths(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield the fields of a predictor that are called like a pod template, but are none."""
    for path in unknown_fields_near(deployment, predictor):
        if normalize_field(str(path[-1])) in _POD_FIELDS:
            yield path


def is_reported_elsewhere(deployment: SeldonDeployment, path: Path) -> bool:
    """Tell whether an unknown field is part of what is said of a graph or pod out of place."""
    if path == ("predictors",):
        return not deployment.predictors
    if path[-1] == "graph":
        return type(get_value_at(deployment, path)) is dict and any(
            predictor.raw.get("graph") is None for predictor in deployment.predictors
        )
    if path[-1] == "template":
        return any(
            path in set(_template_paths(predictor))
            for predictor in deployment.predictors
            if needs_no_pods(predictor)
        )
    if path[-1] in POD_LISTS:
        component = deployment.components_by_path.get(path.parent)
        if component is not None and _is_misindented(component):
            return True
    if normalize_field(str(path[-1])) not in _POD_FIELDS:
        return False
    if path.parent == _SPEC_PATH:
        return any(map(needs_no_pods, deployment.predictors))
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    return predictor is not None and needs_no_pods(predictor)


def needs_no_pods(predictor: Predictor) -> bool:
    """Tell whether a node needs a container, and no pod template is where it belongs."""
    return not predictor.containers and predictor.has_nodes_to_contain


def _is_misindented(component: ComponentSpec) -> bool:
    """Tell whether the containers stand beside `spec`, and none in it."""
    present = get_mapping(component.raw, "spec").get("containers")
    return present is None and type(component.raw.get("containers")) is list


def _check_component(component: ComponentSpec, *, certain: bool) -> Finding:
    path, spec = component.path / "containers", component.path / "spec"
    misplaced = [name for name in POD_LISTS if name in component.raw]
    present = component.raw.get("spec")
    operations: list[Operation] = []
    if present is None:
        operations.append({"op": "add", "path": spec.pointer, "value": {}})
    operations.extend(move_operation(component.path / name, spec / name) for name in misplaced)
    can_move = present is None or (type(present) is dict and not present.keys() & set(misplaced))
    state = "empty" if not present else "without them"
    verb = "stand" if len(misplaced) > 1 else "stands"
    return Finding(
        path,
        f"{join_words(misplaced)} {verb} beside spec, which is {state}",
        f"indent {'them' if len(misplaced) > 1 else 'it'} under spec",
        tuple(operations) if can_move else (),
        certain=certain,
        fix_safety="safe",
    )


def _check_predictor(deployment: SeldonDeployment, predictor: Predictor, path: Path) -> Finding:
    """Return the finding for a template that is in the predictor, but in no componentSpec."""
    value, name = get_value_at(deployment, path), normalize_field(str(path[-1]))
    target_path = predictor.path / "componentSpecs"
    if name == "componentspecs" and path.parent == predictor.path:
        message = f'there is no field "{path[-1]}" here, and the predictor has no pods without it'
        rename = (move_operation(path, target_path),)
        return Finding(path, message, "write componentSpecs", rename, fix_safety="safe")
    pods = value if type(value) is list else [value]
    if name == "containers":
        pods = [{"spec": {"containers": value}}]
    elif name in {"spec", "podspec"}:
        pods = [{"spec": value}]
    is_whole_pod = all(
        type(get_mapping(pod, "spec").get("containers")) is list for pod in pods if pod
    )
    is_only_pod = len(deployment.predictors) == 1 and not predictor.raw.get("componentSpecs")
    is_certain = is_only_pod and is_whole_pod and pods and all(pods)
    remove: Operation = {"op": "remove", "path": path.pointer}
    add: Operation = {"op": "add", "path": target_path.pointer, "value": pods}
    return Finding(
        path,
        f'there is no field "{path[-1]}" here, and the predictor has no pods without it',
        "write it into an item of componentSpecs, a list in the predictor",
        (remove, add) if is_certain else (),
        fix_safety="safe",
    )
