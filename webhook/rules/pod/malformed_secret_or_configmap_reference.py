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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import (
    MAX_SUBDOMAIN_LENGTH,
    explain_invalid,
    is_config_map_key,
    is_subdomain,
)
from webhook.graph.model import (
    ComponentSpec,
    Container,
    SeldonDeployment,
    get_mapping,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_NAME_FIELDS = {
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
}
"""By kind of volume: the field that names the object."""
_NAME_REQUIRED = {"hostPath": ("path",), "nfs": ("server", "path"), "csi": ("driver",)}
"""By kind of volume: texts that the schema asks for, and that must not be empty."""

TRIGGERS = frozenset(
    {
        *_NAME_FIELDS,
        *_NAME_REQUIRED,
        "projected",
        non_trivial_feature("env"),
        non_trivial_feature("envFrom"),
    }
)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such name (validateSecretKeySelector, validateSecretEnvSource, volume sources)."""
    for container in deployment.containers_with("env"):
        yield from _env_references(container)
    for container in deployment.containers_with("envFrom"):
        for index, source in iter_mappings(container.raw, "envFrom"):
            for kind in ("secretRef", "configMapRef"):
                if type(source.get(kind)) is dict:
                    path = container.path.join(("envFrom", index, kind))
                    yield from _check_name(path / "name", source[kind].get("name"))
    for component in deployment.components:
        if "volumes" in component.pod:
            yield from _volume_references(component)


def _env_references(container: Container) -> Iterator[Finding]:
    for index, variable in iter_mappings(container.raw, "env"):
        if "valueFrom" not in variable:
            continue
        source = get_mapping(variable, "valueFrom")
        for kind in ("secretKeyRef", "configMapKeyRef"):
            if type(source.get(kind)) is dict:
                path = container.path.join(("env", index, "valueFrom", kind))
                yield from _check_name(path / "name", source[kind].get("name"))
                yield from _check_key(path / "key", source[kind])


def _volume_references(component: ComponentSpec) -> Iterator[Finding]:
    for index, volume in iter_mappings(component.pod, "volumes"):
        for kind, field in _NAME_FIELDS.items():
            source = volume.get(kind)
            if type(source) is not dict:
                continue
            if source.get(field) in (None, ""):
                path = component.path.join(("spec", "volumes", index, kind))
                yield _check_missing_name(path, kind, field, source)
        for kind, fields in _NAME_REQUIRED.items():
            if kind in volume:
                source = get_mapping(volume, kind)
                for field in fields:
                    if source.get(field) == "":
                        path = component.path.join(("spec", "volumes", index, kind, field))
                        yield Finding(path, f"the {field} is empty", f"write the {field}")
        for number, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            for kind in ("secret", "configMap"):
                if type(source.get(kind)) is dict and source[kind].get("name") in (None, ""):
                    field_path = ("spec", "volumes", index, "projected", "sources", number, kind)
                    yield _check_missing_name(
                        component.path.join(field_path), kind, "name", source[kind]
                    )
        for kind in ("secret", "configMap"):
            for number, item in iter_mappings(get_mapping(volume, kind), "items"):
                if item.get("key") == "":
                    field_path = ("spec", "volumes", index, kind, "items", number, "key")
                    yield Finding(
                        component.path.join(field_path), "the key is empty", "write the key"
                    )


def _check_missing_name(path: Path, kind: str, field: str, source: Mapping[str, Any]) -> Finding:
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


def _check_name(path: Path, name: Any) -> Iterator[Finding]:
    if name is None or name == "":
        yield Finding(path, "it does not say the name of the object", "add the name")
    elif type(name) is str and not is_subdomain(name):
        reason = explain_invalid(name, "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
        yield Finding(path, f"no object is called {quote_value(name)}: it {reason}")


def _check_key(path: Path, reference: Mapping[str, Any]) -> Iterator[Finding]:
    key = reference.get("key")
    if type(key) is str and not is_config_map_key(key):
        reason = explain_invalid(key, "-._a-zA-Z0-9", MAX_SUBDOMAIN_LENGTH)
        yield Finding(path, f"no object has the key {quote_value(key)}: it {reason}")
