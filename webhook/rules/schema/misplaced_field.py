"""Misplaced field

Why: a field that is valid at one level is unknown at another. The API server drops it, and it has
no effect: an autoscaler beside the graph scales nothing, env beside containers is set in none.

Fix: Move the field to its level.

Bad:
    predictors:
    - name: main
      hpaSpec:
        maxReplicas: 3
      componentSpecs:
      - spec:
          containers:
          - name: classifier

Good:
    predictors:
    - name: main
      componentSpecs:
      - hpaSpec:
          maxReplicas: 3
        spec:
          containers:
          - name: classifier
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path, Segment
from webhook.graph.text import join_words
from webhook.rules._graph_parts import ignored_graph_part
from webhook.rules._metrics import is_below_foreign_metric
from webhook.rules._right_level import Destination, find_destination, is_in_handler
from webhook.rules._stray_fields import get_value_at, move_into_patch, moves_from
from webhook.rules.predictor.misplaced_pod_spec import is_reported_elsewhere
from webhook.rules.schema.dropped_security_setting import is_lost_setting

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_MAX_LOCATIONS = 3
"""Locations that are listed. A field with more, like "name", is not reported as misplaced."""


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown field that belongs to a level above or below."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    if is_reported_elsewhere(deployment, path) or is_lost_setting(deployment, path):
        return
    if is_below_foreign_metric(deployment, path):
        return
    if ignored_graph_part(deployment, path) is None:  # dropped-graph-part reports it
        misplaced = find_misplaced_field(deployment, path)
        if misplaced is not None:
            yield misplaced


def find_misplaced_field(deployment: SeldonDeployment, path: Path) -> Finding | None:
    """Return the finding for an unknown field that belongs to another level; None: to none.

    Its name may differ from the field's in case, "-" and "_".
    """
    found = _find_level(deployment, path)
    if found is not None:
        return found
    field = schema.find_spelling(str(path[-1]))
    if not field or field in schema.known_fields(path.parent):
        return None
    spelled = path.parent / field
    found = _find_level(deployment, spelled)
    if found is None:
        return None
    message = f'unknown field "{path[-1]}": {found.message}'
    return replace(found, path=path, message=message, fix=moves_from(path, spelled, found.fix))


def _find_level(deployment: SeldonDeployment, path: Path) -> Finding | None:
    destination = find_destination(deployment, path)
    if destination is not None:
        return _finding_for_destination(path, destination)
    if is_in_handler(path):
        return None
    locations = [
        location
        for location in schema.field_locations(str(path[-1]))
        if _is_near_location(path, location)
    ]
    if locations and len(locations) <= _MAX_LOCATIONS:
        return _build_finding(deployment, path, locations)
    return None


def _finding_for_destination(path: Path, destination: Destination) -> Finding:
    targets = destination.targets
    remediation = f"move it to {join_words(map(str, targets[:_MAX_LOCATIONS]), 'or')}"
    return Finding(
        path,
        f'"{path[-1]}" is a field of {destination.name}',
        remediation if targets else f"move it to {destination.name}",
        destination.fix,
        fix_safety=destination.fix_safety,
        at_key=True,
    )


def _is_near_location(path: Path, location: str) -> bool:
    """Return whether `location` is above the unknown field, or in a sibling of it."""
    *ancestors, _ = location.replace("[]", "").split(".")
    current = [str(part) for part in path[:-1] if type(part) is str]
    common_length = min(len(ancestors), len(current))
    return (
        ancestors != current
        and ancestors[:common_length] == current[:common_length]
        and abs(len(ancestors) - len(current)) <= 2
    )


def _build_finding(deployment: SeldonDeployment, path: Path, locations: list[str]) -> Finding:
    targets = [
        target
        for location in locations
        for target in islice(_target_paths(deployment, path, location), _MAX_LOCATIONS)
    ]
    fix = (
        move_into_patch(deployment, path, targets[0]) if len(locations) == len(targets) == 1 else ()
    )
    return Finding(
        path,
        f'"{path[-1]}" is not a field here, only at {join_words(locations, "or")}',
        f"move it to {targets[0]}" if len(targets) == 1 else "move it there",
        fix,
        fix_safety="unsafe" if targets and _widens(deployment, path, targets[0]) else "safe",
        at_key=True,
    )


def _widens(deployment: SeldonDeployment, path: Path, target: Path) -> bool:
    """Return whether a move would apply the setting of one item to all items.

    So does a move of labels out of a node or an explainer, to all pods of the predictor.
    """
    are_of_a_part = path[-1] in ("labels", "annotations") and len(target) < len(path)
    return are_of_a_part or any(
        type(segment) is int
        and path[: depth + 1] != target[: depth + 1]
        and len(get_value_at(deployment, Path(path[:depth])) or ()) > 1
        for depth, segment in enumerate(path)
    )


def _target_paths(deployment: SeldonDeployment, path: Path, location: str) -> Iterator[Path]:
    """Yield each path in the document that `location` can mean for the unknown field."""
    paths = [Path(())]
    for part in location.split(".")[:-1]:
        name, is_list = part.removesuffix("[]"), part.endswith("[]")
        steps: list[Path] = []
        for field_path in paths:
            inner = field_path / name
            if is_list:
                steps.extend(islice(_element_paths(deployment, path, inner), _MAX_LOCATIONS))
            else:
                steps.append(inner)
        paths = steps
    for field_path in paths:
        yield field_path / path[-1]


def _element_paths(deployment: SeldonDeployment, path: Path, list_path: Path) -> Iterator[Path]:
    """Yield the items of a list: the one that contains the unknown field, else all."""
    if path[: len(list_path)] == list_path:  # the field is unknown, so it is not the list itself
        item_index: Segment = path[len(list_path)]
        yield list_path / item_index
        return
    value = get_value_at(deployment, list_path)
    for index in range(len(value) if type(value) is list else 0):
        yield list_path / index
