"""An environment variable has no source, or two

Why: a variable has either a value or a valueFrom with exactly one source; an entry of envFrom has
exactly one, too. The API server refuses a Deployment with none or several.

Fix: Keep the one source that is meant.

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

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Container, Deployment, mappings
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.graph.words import CERTAIN, enumerate_words, nearest_word
from webhook.rules._pods import set_fields

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("env"), unusual("envFrom")})

_ONE = ("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef")
_ALL = ("secretRef", "configMapRef")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each variable without a clear source (validateEnvVarValueFrom, ValidateEnvFrom)."""
    for container in deployment.in_need("env"):
        for index, variable in mappings(container.raw, "env"):
            if "valueFrom" in variable:
                yield from _variable(container, index, variable)
    for container in deployment.in_need("envFrom"):
        for index, source in mappings(container.raw, "envFrom"):
            path = container.path.join(("envFrom", index))
            yield from _one_of(path, source, _ALL, ignored=("prefix",))


def _variable(container: Container, index: int, variable: Mapping[str, Any]) -> Iterator[Finding]:
    source = variable["valueFrom"]
    if type(source) is not dict:
        return
    path = container.path.join(("env", index, "valueFrom"))
    value = variable.get("value")
    if value and type(value) is str and set_fields(source, _ONE):
        yield Finding(path, "the variable has both a value and a valueFrom", "remove one of them")
        return
    yield from _one_of(path, source, _ONE)


def _one_of(
    path: Path,
    raw: Mapping[str, Any],
    sources: tuple[str, ...],
    ignored: tuple[str, ...] = (),
) -> Iterator[Finding]:
    there = set_fields(raw, sources)
    if len(there) == 1:
        return
    if there:
        yield Finding(path, f"there are {len(there)} sources: {enumerate_words(there)}")
        return
    strange = [field for field in raw if field not in sources and field not in ignored]
    if not strange:
        yield Finding(path, f"there is no source; known are {enumerate_words(sources)}")
        return
    field = strange[0]
    near = nearest_word(field, sources)
    move: Operation = {
        "op": "move",
        "from": (path / field).pointer,
        "path": (path / near).pointer,
    }
    yield Finding(
        path / field,
        f'"{field}" is no source of variables; known are {enumerate_words(sources)}',
        f"write {near}" if near else "",
        (move,) if near and near == nearest_word(field, sources, CERTAIN) else (),
    )
