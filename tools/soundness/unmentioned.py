"""The published fields of which no rule and no row of the table says anything.

A row mentions the field at its path, and what it is called there. A rule mentions a field if its
module has the names of the field and of what holds it as texts: near enough to see what was never
thought of. Types and unknown fields are evaluated by the schema, for every field.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache

from tests.seeds import ROOT
from tools.soundness.published import Field, Published
from webhook.rules.constraints.walk import load_rules

_PREDICTOR = "spec.predictors[]"
_COMPONENT = f"{_PREDICTOR}.componentSpecs[]"
_CONTAINERS = (
    f"{_COMPONENT}.spec.containers[]",
    f"{_COMPONENT}.spec.initContainers[]",
    f"{_PREDICTOR}.explainer.containerSpec",
)
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("lifecycle.preStop", "lifecycle.postStart")
_PLACES = {
    "deployment": ("spec",),
    "predictor": (_PREDICTOR,),
    "explainer": (f"{_PREDICTOR}.explainer",),
    "node": (f"{_PREDICTOR}.graph",),
    "component": (_COMPONENT,),
    "pod": (f"{_COMPONENT}.spec",),
    "container": (*_CONTAINERS, f"{_PREDICTOR}.svcOrchSpec"),
    "init container": (f"{_COMPONENT}.spec.initContainers[]",),
    "probe": tuple(f"{place}.{probe}" for place in _CONTAINERS for probe in _PROBES),
    "hook": tuple(f"{place}.{hook}" for place in _CONTAINERS for hook in _HOOKS),
    "metric": (f"{_COMPONENT}.hpaSpec.metricsv2[]", f"{_COMPONENT}.hpaSpec.metrics[]"),
}
"""By the subject of a row: where in a document it is."""
_NO_VALUES = frozenset({"boolean", "object", "any"})
"""Types of which every value is right that is of the type."""
_WHOLES = frozenset({"spec", "containers", "initContainers", "containerSpec", "metadata"})
"""What rules are handed, and need not name."""


def unmentioned_fields(published: Published) -> list[Field]:
    """Return the fields with values of their own that nobody mentions, by path."""
    rows = frozenset(_row_paths())
    modules = _module_texts()
    return sorted(
        (
            field
            for field in published.leaves
            if field.type not in _NO_VALUES
            and ".ephemeralContainers" not in field.path
            and not rows & {field.path, f"{field.path}[]"}
            and not _is_in_a_module(field, modules)
        ),
        key=lambda field: field.path,
    )


def _row_paths() -> Iterator[str]:
    for rule in load_rules().values():
        for row in rule.rows:
            for place in _PLACES[row.subject]:
                yield f"{place}.{row.path}".removesuffix(".")


@cache
def _module_texts() -> tuple[frozenset[str], ...]:
    files = sorted((ROOT / "webhook" / "rules").rglob("*.py"))
    return tuple(frozenset(_texts(ast.parse(file.read_text()))) for file in files)


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) is str and " " not in node.value:
            yield from node.value.replace("[]", "").split(".")


def _is_in_a_module(field: Field, modules: Iterable[frozenset[str]]) -> bool:
    holder = field.parent.replace("[]", "").rpartition(".")[2]
    wanted = {field.name} if holder in _WHOLES else {field.name, holder}
    return any(wanted <= texts for texts in modules)
