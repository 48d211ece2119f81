"""What a conversion gives, and the objects that it writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.well_known import ADMISSION_REGISTRATION_API_VERSION


@dataclass(frozen=True, slots=True)
class ConvertedPart:
    """What one policy becomes: objects, and a sentence for whatever is left out."""

    objects: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversion:
    """What all of them become."""

    objects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def write_policy(
    kind: str, name: str, spec: Mapping[str, Any], annotations: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a policy of a kind of Kubernetes'."""
    metadata: dict[str, Any] = {"name": name}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": ADMISSION_REGISTRATION_API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": dict(spec),
    }


def write_binding(kind: str, name: str, policy: str, **fields: Any) -> dict[str, Any]:
    """Return the binding of a policy; fields that are None are left out."""
    spec = {"policyName": policy, **{k: v for k, v in fields.items() if v is not None}}
    return write_policy(f"{kind}Binding", name, spec, {})


def keep_fields(
    spec: Mapping[str, Any], fields: Iterable[str], label: str, reasons: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of a spec that are carried over, and a sentence for each that is not."""
    known = tuple(fields)
    kept = {key: spec[key] for key in known if spec.get(key) is not None}
    notes = [
        f"{label}: spec.{key} is not converted: {reasons.get(key, 'Kubernetes has no equivalent')}"
        for key in spec
        if key not in known and spec[key] not in (None, {}, [])
    ]
    return kept, notes
