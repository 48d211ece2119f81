"""Kubernetes' published types as judges, compiled once each (kubernetes_validate reads a megabyte
for every object)."""

from functools import cache
from typing import Any

import jsonschema_rs
from kubernetes_validate import utils

NAMES = {
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "Service": "io.k8s.api.core.v1.Service",
    "HorizontalPodAutoscaler": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
}
"""The kinds that graphgate renders and Kubernetes itself serves; a ScaledObject is KEDA's."""


@cache
def _definitions(minor: int) -> dict[str, Any]:
    path = f"kubernetes-json-schema/v1.{minor}.0-local-strict/_definitions.json"
    definitions: dict[str, Any] = utils.schema_contents(path, f"1.{minor}")["$defs"]
    return definitions


@cache
def _validator(kind: str, minor: int) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/$defs/{NAMES[kind]}", "$defs": _definitions(minor)}
    return jsonschema_rs.Draft202012Validator(schema)


def type_errors(value: dict[str, Any], minor: int = 37) -> list[str]:
    """Return how an object departs from its type, unknown fields included."""
    return [
        f"{'.'.join(map(str, error.instance_path))}: {error.message}"
        for error in _validator(value["kind"], minor).iter_errors(value)
    ]
