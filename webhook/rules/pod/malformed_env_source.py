"""Invalid environment variable source

Why: a variable has either a value or a valueFrom with exactly one source; an envFrom entry has
exactly one, too. The API server refuses a Deployment with none or several.

Fix: Keep only one source.

Bad:
    env:
    - name: TOKEN
      value: ""
      valueFrom:
        secretRef:
          name: token
          key: token

Good:
    env:
    - name: TOKEN
      valueFrom:
        secretKeyRef:
          name: token
          key: token
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, FixSafety, Operation
from webhook.graph.model import Container, iter_mappings
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.rules.pod._pods import list_set_fields

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"env", "envFrom"})
LOCAL = True

_VARIABLE_SOURCES = (
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "fileKeyRef",
)
_ALL_SOURCES = ("secretRef", "configMapRef")
_SAME_OBJECT = {
    "secretRef": "secretKeyRef",
    "configMapRef": "configMapKeyRef",
    "secretKeyRef": "secretRef",
    "configMapKeyRef": "configMapRef",
}
"""The fields that refer to the same object for one variable and for all of its keys."""


def check(container: Container) -> Iterator[Finding]:
    """Yield each variable without exactly one source (validateEnvVarValueFrom, ValidateEnvFrom)."""
    for index, variable in iter_mappings(container.raw, "env"):
        if "valueFrom" in variable:
            yield from _check_variable(container, index, variable)
    for index, source in iter_mappings(container.raw, "envFrom"):
        path = container.path.join(("envFrom", index))
        yield from _check_single_source(path, source, _ALL_SOURCES, ignored=("prefix",))


def _check_variable(
    container: Container, index: int, variable: Mapping[str, Any]
) -> Iterator[Finding]:
    source = variable["valueFrom"]
    if type(source) is not dict:
        return
    path = container.path.join(("env", index, "valueFrom"))
    value = variable.get("value")
    if value and type(value) is str and list_set_fields(source, _VARIABLE_SOURCES):
        yield Finding(
            path, "value and valueFrom exclude each other", "keep only one of value and valueFrom"
        )
        return
    yield from _check_single_source(path, source, _VARIABLE_SOURCES)


def _check_single_source(
    path: Path,
    raw: Mapping[str, Any],
    sources: tuple[str, ...],
    ignored: tuple[str, ...] = (),
) -> Iterator[Finding]:
    present = list_set_fields(raw, sources)
    if len(present) == 1:
        return
    if present:
        yield Finding(path, f"one source is allowed, got {len(present)}: {join_words(present)}")
        return
    unknown = [field for field in raw if field not in sources and field not in ignored]
    if not unknown:
        yield Finding(path, f"a source is required; allowed: {', '.join(sources)}", "add one")
        return
    field = unknown[0]
    nearest = nearest_word(field, sources)
    move: Operation = {
        "op": "move",
        "from": (path / field).pointer,
        "path": (path / nearest).pointer,
    }
    yield Finding(
        path / field,
        f'unknown source "{field}"; allowed: {", ".join(sources)}',
        f'did you mean "{nearest}"?' if nearest else "",
        (move,) if nearest and nearest == nearest_word(field, sources, CERTAIN_SIMILARITY) else (),
        fix_safety=_fix_safety(raw[field], field, nearest),
    )


def _fix_safety(value: Any, field: str, nearest: str) -> FixSafety:
    """Return "safe" for a typing error, and for {name} or {name, key} in the other field."""
    if type(value) is dict and field in _SAME_OBJECT and nearest == _SAME_OBJECT[field]:
        return "safe" if ("key" in value) is nearest.endswith("KeyRef") else "unsafe"
    return spelling_fix_safety(field, nearest)
