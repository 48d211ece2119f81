"""A file mode is out of range

Why: defaultMode and mode are permissions from 0 to 0777 octal, which is 511. YAML and JSON readers
take 644 for the number six hundred and forty-four, and the API server refuses it.

Fix: Write the mode in octal with a leading zero, or as its decimal number.

Bad:
    volumes:
    - name: token
      secret:
        secretName: token
        defaultMode: 644

Good:
    volumes:
    - name: token
      secret:
        secretName: token
        defaultMode: 0644
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment, get_int, get_mapping, iter_mappings
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"

_MAX_MODE = 0o777
_SOURCES_WITH_MODES = ("secret", "configMap", "downwardAPI", "projected")

TRIGGERS = frozenset(_SOURCES_WITH_MODES)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each mode of a volume that is none (sources: validateSecretVolumeSource and others)."""
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in iter_mappings(component.pod, "volumes"):
            for kind in _SOURCES_WITH_MODES:
                if kind in volume:
                    path = component.path.join(("spec", "volumes", index, kind))
                    yield from _check_source(path, get_mapping(volume, kind))


def _check_source(path: Path, source: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _check_mode(path / "defaultMode", get_int(source, "defaultMode"))
    for index, item in iter_mappings(source, "items"):
        yield from _check_mode(path / "items" / index / "mode", get_int(item, "mode"))
    for index, inner in iter_mappings(source, "sources"):
        for kind in _SOURCES_WITH_MODES:
            if kind in inner:
                yield from _check_source(path / "sources" / index / kind, get_mapping(inner, kind))


def _check_mode(path: Path, mode: int | None) -> Iterator[Finding]:
    if mode is None or 0 <= mode <= _MAX_MODE:
        return
    digits = str(mode)
    if mode > 777 or not set(digits) <= set("01234567"):
        yield Finding(
            path, f"{mode} is no file mode: it is not between 0 and {_MAX_MODE} (0777 octal)"
        )
        return
    intended_mode = int(digits, 8)
    fix: Operation = {"op": "replace", "path": path.pointer, "value": intended_mode}
    message = f"{mode} is read as a decimal number, and more than {_MAX_MODE} (0777 octal)"
    yield Finding(
        path, message, f"write 0{digits}, or {intended_mode} where there is no octal", (fix,)
    )
