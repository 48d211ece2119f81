"""Misplaced pod template

Why: containers belong under `spec` of an item of componentSpecs. At another level they are ignored:
`spec` is empty, the predictor has no pods, and the API server silently drops the containers.

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
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.indentation import POD_LISTS
from webhook.graph.model import (
    ComponentSpec,
    Predictor,
    SeldonDeployment,
    as_mapping,
    get_mapping,
)
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._stray_fields import (
    get_value_at,
    is_in_place_of_predictors,
    move_into_patch,
    move_operation,
    normalize_field,
    unknown_fields_near,
)

ACTION = "deny"
SINCE = "0.1.0"

_POD_FIELDS = {"componentspec", "componentspecs", "container", "containers", "podspec", "spec"}
"""Names of a pod template or a part of it, in lower case without "_"."""
_TEMPLATE_FIELDS = {"template", "podtemplate", "podtemplatespec"}
"""Names of a pod template where other kinds have it."""
_SPEC_PATH = ("spec",)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each misplaced pod template, if the graph needs one."""
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
                if path not in reported and not _is_misspelled_containers(path):
                    reported.add(path)
                    yield _check_predictor(deployment, predictor, path)


def has_misplaced_pods(deployment: SeldonDeployment, predictor: Predictor) -> bool:
    """Return whether a predictor without containers has them at another path."""
    return any(True for _ in _misplaced_pod_paths(deployment, predictor)) or any(
        True for _ in _template_paths(predictor)
    )


def _template_paths(predictor: Predictor) -> Iterator[Path]:
    """Yield each `template` that contains a pod, as in a Deployment."""
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
        # The spec last: it takes the place of one that the template is in.
        operations: list[Operation] = [
            move_operation(path / name, component / name)
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
            "template is not a field of a componentSpec, which is a pod template itself",
            f"move its {join_words(template)} to {component}",
            tuple(operations) if can_move else (),
            fix_safety="safe",
        )


def _misplaced_pod_paths(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield the unknown fields of a predictor that are named like a pod template."""
    for path in unknown_fields_near(deployment, predictor):
        if _is_called_pod(deployment, path):
            yield path


def _is_called_pod(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether a field is named like a pod template; under other kinds' name it must be."""
    name = normalize_field(str(path[-1]))
    if name in _TEMPLATE_FIELDS:
        is_above_pods = path.parent == _SPEC_PATH or path.parent in deployment.predictors_by_path
        return is_above_pods and _is_whole_pod(get_value_at(deployment, path))
    return name in _POD_FIELDS


def _is_whole_pod(value: Any) -> bool:
    """Return whether a value is a pod template with containers."""
    return type(get_mapping(as_mapping(value), "spec").get("containers")) is list


def _is_misspelled_containers(path: Path) -> bool:
    """Return whether it is `container` at its place, which misspelled-required-field reports."""
    return normalize_field(str(path[-1])) == "container" and path.parent[-1:] == _SPEC_PATH


def is_reported_elsewhere(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether an unknown field is part of a misplaced graph or pod that is reported."""
    if path == ("predictors",):
        return not deployment.predictors
    if is_in_place_of_predictors(deployment, path):
        return True
    if path[-1] == "graph":
        return type(get_value_at(deployment, path)) is dict and any(
            predictor.raw.get("graph") is None for predictor in deployment.predictors
        )
    if path[-1] == "template" and any(
        path in set(_template_paths(predictor))
        for predictor in deployment.predictors
        if needs_no_pods(predictor)
    ):
        return True
    if path[-1] in POD_LISTS:
        component = deployment.components_by_path.get(path.parent)
        if component is not None and _is_misindented(component):
            return True
    if not _is_called_pod(deployment, path):
        return False
    if path.parent == _SPEC_PATH:
        return any(map(needs_no_pods, deployment.predictors))
    predictor = deployment.predictors_by_path.get(Path(path[:3]))
    return predictor is not None and needs_no_pods(predictor)


def needs_no_pods(predictor: Predictor) -> bool:
    """Return whether a node needs a container and there is no pod template at its place."""
    return not predictor.containers and predictor.has_nodes_to_contain


def _is_misindented(component: ComponentSpec) -> bool:
    """Return whether the containers are beside `spec`, and none in it."""
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
    state = "empty" if not present else "without containers"
    return Finding(
        path,
        f"{join_words(misplaced)} must be in spec, which is {state}",
        f"indent {'them' if len(misplaced) > 1 else 'it'} under spec",
        tuple(operations) if can_move else (),
        certain=certain,
        fix_safety="safe",
    )


def _check_predictor(deployment: SeldonDeployment, predictor: Predictor, path: Path) -> Finding:
    """Return the finding for a template in the predictor outside of componentSpecs."""
    value, name = get_value_at(deployment, path), normalize_field(str(path[-1]))
    target_path = predictor.path / "componentSpecs"
    message = f'unknown field "{path[-1]}"; without it the predictor has no pods'
    is_list = name == "componentspecs" or (name == "componentspec" and type(value) is list)
    if is_list and path.parent == predictor.path:
        fix: tuple[Operation, ...] = (move_operation(path, target_path),)
        return Finding(path, message, "use componentSpecs", fix, fix_safety="safe")
    if path.parent in deployment.components_by_path and name == "podspec":
        fix = move_into_patch(deployment, path, path.parent / "spec")
        return Finding(path, message, "use spec", fix, fix_safety="safe")
    pods = value if type(value) is list else [value]
    empty: list[dict[str, Any]] = []
    target = target_path
    if name == "containers":
        pods, empty = [{"spec": {"containers": value}}], [{"spec": {}}]
        target = target_path.join((0, "spec", "containers"))
    elif name in {"spec", "podspec"}:
        pods, empty = [{"spec": value}], [{}]
        target = target_path.join((0, "spec"))
    is_whole_pod = all(map(_is_whole_pod, pods))
    is_of_predictor = len(deployment.predictors) == 1 or path[:3] == predictor.path
    is_only_pod = is_of_predictor and not predictor.raw.get("componentSpecs")
    is_certain = is_only_pod and is_whole_pod and pods
    patch: list[Operation] = [move_operation(path, target)]
    if empty:
        patch.insert(0, {"op": "add", "path": target_path.pointer, "value": empty})
    elif type(value) is not list:
        patch.append({"op": "replace", "path": target.pointer, "value": pods})
    return Finding(
        path,
        message,
        "move it into an item of componentSpecs, a list in the predictor",
        tuple(patch) if is_certain else (),
        fix_safety="safe",
    )
