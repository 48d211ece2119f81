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
from webhook.graph.model import Deployment, mapping, mappings, number
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"

_LAST = 0o777
_WITH_MODES = ("secret", "configMap", "downwardAPI", "projected")

NEEDS = frozenset(_WITH_MODES)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each mode of a volume that is none (sources: validateSecretVolumeSource and others)."""
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in mappings(component.pod, "volumes"):
            for kind in _WITH_MODES:
                if kind in volume:
                    path = component.path.join(("spec", "volumes", index, kind))
                    yield from _of(path, mapping(volume, kind))


def _of(path: Path, source: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _judge(path / "defaultMode", number(source, "defaultMode"))
    for index, item in mappings(source, "items"):
        yield from _judge(path / "items" / index / "mode", number(item, "mode"))
    for index, inner in mappings(source, "sources"):
        for kind in _WITH_MODES:
            if kind in inner:
                yield from _of(path / "sources" / index / kind, mapping(inner, kind))


def _judge(path: Path, mode: int | None) -> Iterator[Finding]:
    if mode is None or 0 <= mode <= _LAST:
        return
    digits = str(mode)
    if mode > 777 or not set(digits) <= set("01234567"):
        yield Finding(path, f"{mode} is no file mode: it is not between 0 and {_LAST} (0777 octal)")
        return
    meant = int(digits, 8)
    mend: Operation = {"op": "replace", "path": path.pointer, "value": meant}
    fact = f"{mode} is read as a decimal number, and more than {_LAST} (0777 octal)"
    yield Finding(path, fact, f"write 0{digits}, or {meant} where there is no octal", (mend,))
