"""What the rules on structure share: where a stray field is, and the patch that moves it home."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Operation
from webhook.graph.model import Predictor, SeldonDeployment
from webhook.graph.path import PREDICTORS_PATH, ROOT, Path
from webhook.graph.suggest import spelling_fix_safety

_SPEC_PATH = ROOT / "spec"


def misplaced_graphs(deployment: SeldonDeployment, predictor: Predictor) -> Iterator[Path]:
    """Yield each graph that is inside of the predictor or of spec, where none belongs."""
    for path in unknown_fields_near(deployment, predictor):
        if path[-1] == "graph" and type(get_value_at(deployment, path)) is dict:
            yield path


def is_in_place_of_predictors(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether an unknown field is one of a predictor in a spec that has a graph instead."""
    spec = deployment.spec
    return (
        path.parent == _SPEC_PATH
        and spec.get("predictors") is None
        and type(spec.get("graph")) is dict
        and path[-1] in schema.known_fields(PREDICTORS_PATH / 0)
    )


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


def moves_from(
    source: Path, spelled: Path, operations: tuple[Operation, ...]
) -> tuple[Operation, ...]:
    """Return a patch that moves the field at `spelled`, for the one that is written at `source`.

    Empty if it does more than move fields: it depends on the value then.
    """
    if any(each["op"] != "move" and each.get("value") != {} for each in operations):
        return ()
    return tuple(
        {"op": "move", "from": source.pointer, "path": each["path"]}
        if each["op"] == "move" and each["from"] == spelled.pointer
        else each
        for each in operations
    )


def has_only_fields(raw: Mapping[str, Any], *fields: str) -> bool:
    """Return whether nothing but `fields` is in a mapping."""
    return raw.keys() <= set(fields)


_MIN_PART_LENGTH = 4
"""Of the end of a name by which people call it: path, port."""

FIELD_ALIASES = {
    "storageuri": "modelUri",
    "container": "containers",
    "predictor": "predictors",
    "name": "claimName",
    "secretname": "name",
    "configmapname": "name",
    "cmd": "command",
    "entrypoint": "command",
    **dict.fromkeys(("environment", "environments", "envvars", "environmentvariables"), "env"),
    **dict.fromkeys(("enginespec", "orchestratorspec", "svcorchestratorspec"), "svcOrchSpec"),
}
"""Folded: what KServe, Compose, other places of Kubernetes and older versions call a field, and
plurals that are forgotten. An alias holds where its name is a field."""


def has_alias_beside(deployment: SeldonDeployment, missing_path: Path) -> bool:
    """Return whether a required field that is not at `missing_path` is beside it misspelled.

    Then misspelled-required-field reports it, as `find_correct_name` says.
    """
    parent, missing = missing_path.parent, str(missing_path[-1])
    info = schema.get_field_info(parent)
    required = {missing, *(info.required if info is not None else ())}
    return any(
        find_correct_name(deployment, unknown_path, required) == missing
        for unknown_path in deployment.unknown_fields_by_parent.get(parent, ())
    )


def find_correct_name(deployment: SeldonDeployment, path: Path, required: Iterable[str]) -> str:
    """Return the field that an unknown one is meant to be, if that is absent; "" if not certain.

    required  the fields without which the object at the parent cannot run
    """
    siblings, written = get_value_at(deployment, path.parent), str(path[-1])
    known = schema.known_fields(path.parent)
    name = normalize_field(written)
    right = next((field for field in known if normalize_field(field) == name), "")
    alias = FIELD_ALIASES.get(name, "")
    right = right or (alias if alias in known else "")
    if not right:
        meant = [f for f in required if not _has(siblings, f) and is_meant(written, f)]
        right = meant[0] if len(meant) == 1 else ""
    return "" if _has(siblings, right) else right


def _has(mapping: object, field: str) -> bool:
    return type(mapping) is dict and mapping.get(field) is not None


def is_meant(written: str, required: str) -> bool:
    """Return whether an unknown field is evidently the required one that is missing beside it.

    In another case, by a name of another project, with one typo, or as a part: `port` for
    `containerPort`, `path` for `mountPath`.
    """
    name, expected = normalize_field(written), normalize_field(required)
    if expected in (name, normalize_field(FIELD_ALIASES.get(name, ""))):
        return True
    is_part = len(name) >= _MIN_PART_LENGTH and expected.endswith(name)
    return is_part or spelling_fix_safety(written, required) == "safe"


def normalize_field(field: str) -> str:
    """Return the field as it is compared: without "_", "-" and case."""
    return field.replace("_", "").replace("-", "").lower()
