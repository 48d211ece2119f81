"""What the rules on structure share: where a stray field is, and the patch that moves it home."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Operation
from webhook.graph.model import Predictor, SeldonDeployment
from webhook.graph.path import ROOT, Path

_SPEC_PATH = ROOT / "spec"


def misplaced_graphs(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield each graph that is inside of the predictor or of spec, where none belongs."""
    for path in unknown_fields_near(deployment, predictor):
        if path[-1] == "graph" and type(get_value_at(deployment, path)) is dict:
            yield path


def unknown_fields_near(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield each unknown field of spec itself, and each at any depth of the predictor."""
    yield from deployment.unknown_fields_by_parent.get(_SPEC_PATH, ())
    yield from deployment.unknown_fields_by_predictor.get(predictor.path, ())


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

    Empty where that is not certain: `target` is taken, or what would hold it is not a mapping.
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
    """Return whether nothing but `fields` is in a mapping."""
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
    """Return whether a field that is not at `place` is beside it under another name."""
    expected_name = normalize_field(str(missing_path[-1]))
    return any(
        expected_name in (name := normalize_field(str(unknown_path[-1])), _normalized_alias(name))
        for unknown_path in deployment.unknown_fields_by_parent.get(missing_path.parent, ())
    )


def _normalized_alias(name: str) -> str:
    return normalize_field(FIELD_ALIASES.get(name, ""))


def normalize_field(field: str) -> str:
    """Return the field as it is compared: without "_", "-" and case."""
    return field.replace("_", "").replace("-", "").lower()
