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
from webhook.graph.model import Component, Deployment, Predictor, mapping
from webhook.graph.path import Path
from webhook.graph.signs import FAULT
from webhook.graph.slips import POD_LISTS
from webhook.graph.words import enumerate_words
from webhook.rules._structure import fold, move, strays, value_at

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({FAULT})

_PODS = {"componentspec", "componentspecs", "container", "containers", "podspec", "spec"}
"""What is called like a pod template or a part of it, in small letters without "_"."""
_SPEC = ("spec",)
_SINGULAR = "container"
"""One of them that stands at its place, and is misspelt-field's."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each pod template that is out of place, where the graph needs one."""
    if not deployment.faults:
        return
    for predictor in deployment.predictors:
        # Where a server runs every node, what is dropped may not be missed.
        sure = any(not node.has_server for node in predictor.nodes)
        for component in predictor.components:
            if _has_slipped(component):
                yield _beside_spec(component, sure=sure)
    told: set[Path] = set()
    for predictor in deployment.predictors:
        if is_without_pods(predictor):
            for path in _astray(deployment, predictor):
                if fold(str(path[-1])) != _SINGULAR and path not in told:
                    told.add(path)
                    yield _in_predictor(deployment, predictor, path)


def pods_are_astray(deployment: Deployment, predictor: Predictor) -> bool:
    """Tell whether a predictor that has no containers has them at another place."""
    return next(_astray(deployment, predictor), None) is not None


def _astray(deployment: Deployment, predictor: Predictor) -> Iterator[Path]:
    """Yield the fields of a predictor that are called like a pod template, but are none."""
    for path in strays(deployment):
        inside = path[: len(predictor.path)] == predictor.path or path.parent == _SPEC
        if inside and fold(str(path[-1])) in _PODS:
            yield path


def is_told(deployment: Deployment, path: Path) -> bool:
    """Tell whether an unknown field is part of what is said of a graph or pod out of place."""
    if path == ("predictors",):
        return not deployment.predictors
    if path[-1] == "graph":
        return type(value_at(deployment, path)) is dict and any(
            predictor.raw.get("graph") is None for predictor in deployment.predictors
        )
    if path[-1] in POD_LISTS:
        for component in deployment.components:
            if component.path == path.parent and _has_slipped(component):
                return True
    return fold(str(path[-1])) in _PODS and any(
        path in set(_astray(deployment, predictor))
        for predictor in deployment.predictors
        if is_without_pods(predictor)
    )


def is_without_pods(predictor: Predictor) -> bool:
    """Tell whether a node needs a container, and no pod template is where it belongs."""
    return not predictor.containers and any(not node.has_server for node in predictor.nodes)


def _has_slipped(component: Component) -> bool:
    """Tell whether the containers stand beside `spec`, and none in it."""
    there = mapping(component.raw, "spec").get("containers")
    return there is None and type(component.raw.get("containers")) is list


def _beside_spec(component: Component, *, sure: bool) -> Finding:
    path, spec = component.path / "containers", component.path / "spec"
    astray = [name for name in POD_LISTS if name in component.raw]
    written = component.raw.get("spec")
    operations: list[Operation] = []
    if written is None:
        operations.append({"op": "add", "path": spec.pointer, "value": {}})
    operations.extend(move(component.path / name, spec / name) for name in astray)
    free = written is None or (type(written) is dict and not written.keys() & set(astray))
    state = "empty" if not written else "without them"
    verb = "stand" if len(astray) > 1 else "stands"
    return Finding(
        path,
        f"{enumerate_words(astray)} {verb} beside spec, which is {state}",
        f"indent {'them' if len(astray) > 1 else 'it'} under spec",
        tuple(operations) if free else (),
        sure=sure,
    )


def _in_predictor(deployment: Deployment, predictor: Predictor, path: Path) -> Finding:
    """Return the finding for a template that is in the predictor, but in no componentSpec."""
    value, name = value_at(deployment, path), fold(str(path[-1]))
    home = predictor.path / "componentSpecs"
    if name == "componentspecs" and path.parent == predictor.path:
        fact = f'there is no field "{path[-1]}" here, and the predictor has no pods without it'
        return Finding(path, fact, "write componentSpecs", (move(path, home),))
    pods = value if type(value) is list else [value]
    if name == "containers":
        pods = [{"spec": {"containers": value}}]
    elif name in {"spec", "podspec"}:
        pods = [{"spec": value}]
    whole = all(type(mapping(pod, "spec").get("containers")) is list for pod in pods if pod)
    alone = len(deployment.predictors) == 1 and not predictor.raw.get("componentSpecs")
    certain = alone and whole and pods and all(pods)
    remove: Operation = {"op": "remove", "path": path.pointer}
    add: Operation = {"op": "add", "path": home.pointer, "value": pods}
    return Finding(
        path,
        f'there is no field "{path[-1]}" here, and the predictor has no pods without it',
        "write it into an item of componentSpecs, a list in the predictor",
        (remove, add) if certain else (),
    )
