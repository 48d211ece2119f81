"""A pod refers to an object by a name that none can have

Why: variables and volumes take what they hold from Secrets, ConfigMaps and claims. Without a name
and, for one value, a key, the API server refuses the Deployment; and in variables it refuses names
and keys that no object can have.

Fix: Write the name of the object, a DNS subdomain, and the key in it.

Bad:
    env:
    - name: TOKEN
      valueFrom:
        secretKeyRef:
          name: Model_Token
          key: token

Good:
    env:
    - name: TOKEN
      valueFrom:
        secretKeyRef:
          name: model-token
          key: token
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import LONGEST_SUBDOMAIN, is_key_of_data, is_subdomain, why_not
from webhook.graph.model import Component, Container, Deployment, mapping, mappings
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_NAMES = {
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
}
"""By kind of volume: the field that names the object."""
_NEEDED = {"hostPath": ("path",), "nfs": ("server", "path"), "csi": ("driver",)}
"""By kind of volume: texts that the schema asks for, and that must not be empty."""

NEEDS = frozenset({*_NAMES, *_NEEDED, "projected", unusual("env"), unusual("envFrom")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such name (validateSecretKeySelector, validateSecretEnvSource, volume sources)."""
    for container in deployment.in_need("env"):
        yield from _in_variables(container)
    for container in deployment.in_need("envFrom"):
        for index, source in mappings(container.raw, "envFrom"):
            for kind in ("secretRef", "configMapRef"):
                if type(source.get(kind)) is dict:
                    path = container.path.join(("envFrom", index, kind))
                    yield from _name(path / "name", source[kind].get("name"))
    for component in deployment.components:
        if "volumes" in component.pod:
            yield from _in_volumes(component)


def _in_variables(container: Container) -> Iterator[Finding]:
    for index, variable in mappings(container.raw, "env"):
        if "valueFrom" not in variable:
            continue
        source = mapping(variable, "valueFrom")
        for kind in ("secretKeyRef", "configMapKeyRef"):
            if type(source.get(kind)) is dict:
                path = container.path.join(("env", index, "valueFrom", kind))
                yield from _name(path / "name", source[kind].get("name"))
                yield from _key(path / "key", source[kind])


def _in_volumes(component: Component) -> Iterator[Finding]:
    for index, volume in mappings(component.pod, "volumes"):
        for kind, field in _NAMES.items():
            source = volume.get(kind)
            if type(source) is not dict:
                continue
            if source.get(field) in (None, ""):
                path = component.path.join(("spec", "volumes", index, kind))
                yield _nameless(path, kind, field, source)
        for kind, fields in _NEEDED.items():
            if kind in volume:
                source = mapping(volume, kind)
                for field in fields:
                    if source.get(field) == "":
                        path = component.path.join(("spec", "volumes", index, kind, field))
                        yield Finding(path, f"the {field} is empty", f"write the {field}")
        for number, source in mappings(mapping(volume, "projected"), "sources"):
            for kind in ("secret", "configMap"):
                if type(source.get(kind)) is dict and source[kind].get("name") in (None, ""):
                    place = ("spec", "volumes", index, "projected", "sources", number, kind)
                    yield _nameless(component.path.join(place), kind, "name", source[kind])
        for kind in ("secret", "configMap"):
            for number, item in mappings(mapping(volume, kind), "items"):
                if item.get("key") == "":
                    place = ("spec", "volumes", index, kind, "items", number, "key")
                    yield Finding(component.path.join(place), "the key is empty", "write the key")


def _nameless(path: Path, kind: str, field: str, source: Mapping[str, Any]) -> Finding:
    other = next((f for f in ("name", "secretName", "claimName") if f in source and f != field), "")
    if not other:
        return Finding(path / field, f"the {kind} has no name", f"add {field}")
    return Finding(
        path / other,
        f'a {kind} is named by "{field}", not by "{other}"',
        f"write {field}",
        (
            {
                "op": "move",
                "from": (path / other).pointer,
                "path": (path / field).pointer,
            },
        ),
    )


def _name(path: Path, name: Any) -> Iterator[Finding]:
    if name is None or name == "":
        yield Finding(path, "it does not say the name of the object", "add the name")
    elif type(name) is str and not is_subdomain(name):
        why = why_not(name, "-.a-z0-9", LONGEST_SUBDOMAIN)
        yield Finding(path, f"no object is called {quoted(name)}: it {why}")


def _key(path: Path, reference: Mapping[str, Any]) -> Iterator[Finding]:
    key = reference.get("key")
    if type(key) is str and not is_key_of_data(key):
        why = why_not(key, "-._a-zA-Z0-9", LONGEST_SUBDOMAIN)
        yield Finding(path, f"no object has the key {quoted(key)}: it {why}")
