"""What the rules on structure share: where a stray field is, and the patch that moves it home."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Operation
from webhook.graph.model import Deployment, Predictor
from webhook.graph.path import Path, resolve


def strays(deployment: Deployment) -> Iterator[Path]:
    """Yield the place of each field that the schema does not know."""
    for fault in deployment.faults:
        if fault.kind == "unknown":
            yield fault.path


def graphs_astray(deployment: Deployment, predictor: Predictor) -> Iterator[Path]:
    """Yield each graph that stands inside of the predictor or of spec, where none belongs."""
    for path in strays(deployment):
        inside = path[: len(predictor.path)] == predictor.path or path.parent == ("spec",)
        if path[-1] == "graph" and inside and type(value_at(deployment, path)) is dict:
            yield path


def value_at(deployment: Deployment, path: Path) -> Any:
    """Return what stands at `path`; None if nothing does."""
    try:
        return resolve(deployment.document, path)
    except LookupError:
        return None


def move(origin: Path, target: Path) -> Operation:
    """Return the operation that moves a value."""
    return {"op": "move", "from": origin.pointer, "path": target.pointer}


def move_into(deployment: Deployment, origin: Path, target: Path) -> tuple[Operation, ...]:
    """Return the patch that moves a value into a mapping, which is made where there is none.

    Empty where that is not certain: `target` is taken, or what would hold it is no mapping.
    """
    parent = value_at(deployment, target.parent)
    if parent is None:
        above = value_at(deployment, target.parent.parent)
        if type(above) is not dict:
            return ()
        make: Operation = {"op": "add", "path": target.parent.pointer, "value": {}}
        return make, move(origin, target)
    if type(parent) is not dict or parent.get(target[-1]) is not None:
        return ()
    return (move(origin, target),)


def is_only(raw: Mapping[str, Any], *fields: str) -> bool:
    """Tell whether nothing but `fields` stands in a mapping."""
    return raw.keys() <= set(fields)


OTHER_NAMES = {"storageuri": "modelUri", "container": "containers", "predictor": "predictors"}
"""Folded: what KServe calls a field, and plurals that are forgotten."""


def is_spelt_otherwise(deployment: Deployment, place: Path) -> bool:
    """Tell whether a field that is not at `place` stands beside it under another name."""
    wanted = fold(str(place[-1]))
    return any(
        path.parent == place.parent and wanted in (name := fold(str(path[-1])), _other(name))
        for path in strays(deployment)
    )


def _other(name: str) -> str:
    return fold(OTHER_NAMES.get(name, ""))


def fold(field: str) -> str:
    """Return the field as it is compared: without "_", "-" and case."""
    return field.replace("_", "").replace("-", "").lower()
