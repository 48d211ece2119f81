"""Facts as a file: what graphgate knows about a cluster, for use without access to it.

    apiVersion: graphgate.io/v1alpha1
    kind: Facts
    kubernetesVersion: v1.36          # left out: not known
    openshift: false
    operator: seldon                  # who reconciles: seldon, graphgate; left out: not known
    operatorVersion: 1.17.1           # of Seldon's operator; left out: not known
    maxGraphDepth: 11                 # levels of nodes that the cluster keeps; left out: all
    mirrorsPercent: true              # HTTPRoutes can mirror a share; left out: not known
    modelServers:                     # as predictor_servers of seldon-config; left out: not known
      SKLEARN_SERVER: {protocols: {…}}
    explainer: {image: …}             # as explainer of seldon-config; left out: not known
    storageInitializer: {image: …}    # as storageInitializer of seldon-config
    namespaces:
      team-a:
        labels: {pod-security.kubernetes.io/enforce: restricted}
        annotations: {openshift.io/sa.scc.uid-range: 1000640000/10000}

Belongs here: data to Facts and back. Reading files is `cli`'s, asking a cluster is `kube`'s.
"""

import re
from collections.abc import Mapping
from typing import Any

from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.issue import Source
from webhook.graph.operator_types import OPERATOR_VERSION_PATTERN
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.settings.rendering import QUANTITY_SCHEMA
from webhook.settings.schema_errors import read_by_schema
from webhook.yamldoc.emitter import emit_document

KIND = "Facts"
_NO_FILE = Source("facts")

_VERSION = re.compile(r"^v1\.([1-9][0-9]{0,2})([.+-][-+.0-9A-Za-z]*)?$")

_STRING_MAP_SCHEMA = {"type": "object", "additionalProperties": {"type": "string"}}
_QUANTITY_SCHEMA = {**QUANTITY_SCHEMA, "description": "A quantity such as 100m or 1Gi."}

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "graphgate facts",
    "description": "What graphgate knows about a cluster.",
    "type": "object",
    "required": ["apiVersion", "kind"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": GRAPHGATE_API_VERSION},
        "kind": {"const": KIND},
        "metadata": {"type": "object"},
        "kubernetesVersion": {
            "type": ["string", "null"],
            "pattern": _VERSION.pattern,
            "examples": ["v1.36"],
            "description": "Version of Kubernetes: v1.36, or as `kubectl version` prints it. "
            "null: not known.",
        },
        "openshift": {
            "type": "boolean",
            "description": "Whether the cluster serves security.openshift.io/v1.",
        },
        "operator": {
            "enum": ["seldon", "graphgate", None],
            "description": "Who reconciles SeldonDeployments: Seldon's operator or graphgate's "
            "reconciler. null: not known.",
        },
        "operatorVersion": {
            "type": ["string", "null"],
            "pattern": OPERATOR_VERSION_PATTERN,
            "examples": ["1.17.1"],
            "description": "Version of Seldon's operator. null: not known.",
        },
        "maxGraphDepth": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 9999,
            "description": "How many levels of nodes the cluster's CustomResourceDefinition of "
            "SeldonDeployments keeps, including the root. null: all, or not known.",
        },
        "mirrorsPercent": {
            "type": ["boolean", "null"],
            "description": "Whether the cluster's HTTPRoutes can mirror a share of the requests "
            "(Gateway API v1.3). null: not known.",
        },
        "modelServers": {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["object", "null"]},
            "description": "Model servers by name, each as its entry of predictor_servers in "
            "Seldon's ConfigMap seldon-config. null: not known.",
        },
        "explainer": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "image": {"type": "string"},
                "image_v2": {"type": "string", "description": "Image for the protocol v2."},
            },
            "description": "Images of explainers whose containerSpec has none, as the entry "
            "explainer of seldon-config. null: not known.",
        },
        "storageInitializer": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "image": {"type": "string"},
                "cpuRequest": _QUANTITY_SCHEMA,
                "cpuLimit": _QUANTITY_SCHEMA,
                "memoryRequest": _QUANTITY_SCHEMA,
                "memoryLimit": _QUANTITY_SCHEMA,
            },
            "description": "Image that downloads models, and its resources, as the entry "
            "storageInitializer of seldon-config.",
        },
        "namespaces": {
            "type": "object",
            "description": "Namespaces by name. Namespaces that are missing here could not be "
            "read.",
            "additionalProperties": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {"labels": _STRING_MAP_SCHEMA, "annotations": _STRING_MAP_SCHEMA},
            },
        },
    },
}
"""The JSON Schema of a facts file (draft 2020-12)."""


def read_facts(document: Any, source: Source = _NO_FILE) -> Facts:
    """Return the facts in a document.

    Raise SettingsError, with a sentence for each error, for anything else.
    """
    if errors := source.describe(read_by_schema(document, SCHEMA).issues):
        raise SettingsError(*errors)
    namespaces = {
        name: Namespace(
            labels=dict((written or {}).get("labels") or {}),
            annotations=dict((written or {}).get("annotations") or {}),
        )
        for name, written in (document.get("namespaces") or {}).items()
    }
    return Facts(
        namespaces=namespaces,
        model_servers=document.get("modelServers"),
        explainer_images=document.get("explainer"),
        storage_initializer=_quantities_as_strings(document.get("storageInitializer") or {}),
        openshift=document.get("openshift", False),
        kubernetes_minor=_minor_of(document.get("kubernetesVersion")),
        max_graph_depth=document.get("maxGraphDepth"),
        operator=document.get("operator"),
        operator_version=document.get("operatorVersion"),
        mirrors_percent=document.get("mirrorsPercent"),
    )


def _minor_of(version: str | None) -> int | None:
    """Return 36 for v1.36 and for v1.36.2+k3s1."""
    match = _VERSION.match(version or "")
    return int(match[1]) if match else None


def _quantities_as_strings(quantities: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as Kubernetes writes them: 1 and "1" are one quantity."""
    return {key: str(value) for key, value in quantities.items()}


def write_facts(facts: Facts, heading: str = "") -> str:
    """Return the text of a facts file; `read_facts` of it gives equal facts.

    heading  comment lines that go before it, each with its "# "
    """
    content: dict[str, Any] = {"apiVersion": GRAPHGATE_API_VERSION, "kind": KIND}
    if facts.kubernetes_minor is not None:
        content["kubernetesVersion"] = f"v1.{facts.kubernetes_minor}"
    content["openshift"] = facts.openshift
    if facts.operator is not None:
        content["operator"] = facts.operator
    if facts.operator_version is not None:
        content["operatorVersion"] = facts.operator_version
    if facts.max_graph_depth is not None:
        content["maxGraphDepth"] = facts.max_graph_depth
    if facts.mirrors_percent is not None:
        content["mirrorsPercent"] = facts.mirrors_percent
    if facts.model_servers is not None:
        content["modelServers"] = dict(facts.model_servers)
    if facts.explainer_images is not None:
        content["explainer"] = dict(facts.explainer_images)
    if facts.storage_initializer:
        content["storageInitializer"] = dict(facts.storage_initializer)
    content["namespaces"] = {
        name: _namespace_section(facts.namespaces[name]) for name in sorted(facts.namespaces)
    }
    return heading + emit_document(content)


def _namespace_section(namespace: Namespace) -> dict[str, dict[str, str]]:
    known = {"labels": namespace.labels, "annotations": namespace.annotations}
    return {key: dict(sorted(words.items())) for key, words in known.items() if words}
