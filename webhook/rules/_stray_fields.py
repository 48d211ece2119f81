"""What the rules on structure share: where a stray field is, and the patch that moves it home."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Operation
from webhook.graph.model import Predictor, SeldonDeployment
from webhook.graph.path import Path


def unknown_field_paths(deployment: SeldonDeployment) -> Iterator[Path]:
    """Yield the place of each field that the schema does not know."""
    for schema_error in deployment.schema_errors:
        if schema_error.kind == "unknown":
            yield schema_error.path


def misplaced_graphs(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield each graph that stands inside of the predictor or of spec, where none belongs."""
    for path in unknown_field_paths(deployment):
        is_inside = path[: len(predictor.path)] == predictor.path or path.parent == ("spec",)
        if path[-1] == "graph" and is_inside and type(get_value_at(deployment, path)) is dict:
            yield path


def get_value_at(deployment: SeldonDeployment, path: Path) -> Any:
    """Return what the author wrote at `path`, whatever is filled in; None if nothing."""
    return deployment.submitted.value_at(path)


def move_operation(source: Path, target: Path) -> Operation:
    """Return the operation that moves a value."""
    return {"op": "move", "from": source.pointer, "path": target.pointer}


def move_into_patch(
    deployment: SeldonDeployment, source: Path, target: Path
) -> tuple[Operation, ...]:
    """Return the patch that moves a value into a mapping, which is made where there is none.

    Empty where that is not certain: `target` is taken, or what would hold it is no mapping.
    """
    parent = get_value_at(deployment, target.parent)
    if parent is None:
        grandparent = get_value_at(deployment, target.parent.parent)
        if type(grandparent) is not dict:
            return ()
        add_parent: Operation = {"op": "add", "path": target.parent.pointer, "value": {}}
        return add_parent, move_operation(source, target)
    if type(parent) is not dict or parent.get(target[-1]) is not None:
        return ()
    return (move_operation(source, target),)


def has_only_fields(raw: Mapping[str, Any], *fields: str) -> bool:
    """Tell whether nothing but `fields` stands in a mapping."""
    return raw.keys() <= set(fields)


FIELD_ALIASES = {
    "storageuri": "modelUri",
    "container": "containers",
    "predictor": "predictors",
    **dict.fromkeys(("environment", "environments", "envvars", "environmentvariables"), "env"),
    **dict.fromkeys(("enginespec", "orchestratorspec", "svcorchestratorspec"), "svcOrchSpec"),
}
"""Folded: what KServe, Compose and older versions call a field, and plurals that are forgotten."""


def has_alias_beside(deployment: SeldonDeployment, missing_path: Path) -> bool:
    """Tell whether a field that is not at `place` stands beside it under another name."""
    expected_name = normalize_field(str(missing_path[-1]))
    return any(
        unknown_path.parent == missing_path.parent
        and expected_name
        in (name := normalize_field(str(unknown_path[-1])), _normalized_alias(name))
        for unknown_path in unknown_field_paths(deployment)
    )


def _normalized_alias(name: str) -> str:
    return normalize_field(FIELD_ALIASES.get(name, ""))


def normalize_field(field: str) -> str:
    """Return the field as it is compared: without "_", "-" and case."""
    return field.replace("_", "").replace("-", "").lower()
