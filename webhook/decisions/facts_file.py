"""Facts as a file: what is known of a cluster, for those who judge without one at hand.

    apiVersion: graphgate.io/v1alpha1
    kind: Facts
    minor: 36                         # of Kubernetes v1.36; left out: not known
    openshift: false
    crdDepth: 11                      # levels of nodes that the cluster keeps; left out: all
    servers:                          # as predictor_servers of seldon-config; left out: not known
      SKLEARN_SERVER: {protocols: {…}}
    explainer: {image: …}             # as explainer of seldon-config; left out: not known
    storageInitializer: {image: …}    # as storageInitializer of seldon-config
    namespaces:
      team-a:
        labels: {pod-security.kubernetes.io/enforce: restricted}
        annotations: {openshift.io/sa.scc.uid-range: 1000640000/10000}

Belongs here: data to Facts and back. Reading files is `cli`'s, asking a cluster is `cluster`'s.
"""

from collections.abc import Mapping
from typing import Any

from webhook.documents.writing import Layout, as_json, block
from webhook.errors import InvalidSettings
from webhook.graph.facts import Facts, Namespace
from webhook.graph.path import Path
from webhook.graph.words import nearest_word

API_VERSION = "graphgate.io/v1alpha1"
KIND = "Facts"

_WORDS = {"type": "object", "additionalProperties": {"type": "string"}}
_QUANTITY = {"type": ["string", "number"], "description": "A quantity, as 100m or 1Gi."}

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "graphgate facts",
    "description": "What is known of a cluster.",
    "type": "object",
    "required": ["apiVersion", "kind"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": API_VERSION},
        "kind": {"const": KIND},
        "metadata": {"type": "object"},
        "minor": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 999,
            "description": "The minor version of Kubernetes: 36 for v1.36. null: not known.",
        },
        "openshift": {
            "type": "boolean",
            "description": "Whether the cluster serves security.openshift.io/v1.",
        },
        "crdDepth": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 9999,
            "description": "How many levels of nodes the cluster's CustomResourceDefinition of "
            "SeldonDeployments keeps, the root included. null: all, or not known.",
        },
        "servers": {
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
                "image_v2": {"type": "string", "description": "For the protocol v2."},
            },
            "description": "Images of explainers whose containerSpec names none, as the entry "
            "explainer of seldon-config. null: not known.",
        },
        "storageInitializer": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "image": {"type": "string"},
                "cpuRequest": _QUANTITY,
                "cpuLimit": _QUANTITY,
                "memoryRequest": _QUANTITY,
                "memoryLimit": _QUANTITY,
            },
            "description": "What fetches models, as the entry storageInitializer of seldon-config.",
        },
        "namespaces": {
            "type": "object",
            "description": "By name; what is not here could not be read.",
            "additionalProperties": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {"labels": _WORDS, "annotations": _WORDS},
            },
        },
    },
}
"""The JSON Schema of a facts file (draft 2020-12)."""


def read_facts(document: Any, source: str = "facts") -> Facts:
    """Return the facts in a file's one document; `source` is how sentences call the file.

    Raise InvalidSettings, with one sentence that names the place, for anything else.
    """
    _check_shape(document, source)
    namespaces = {
        name: Namespace(
            labels=dict((written or {}).get("labels") or {}),
            annotations=dict((written or {}).get("annotations") or {}),
        )
        for name, written in (document.get("namespaces") or {}).items()
    }
    return Facts(
        namespaces=namespaces,
        servers=document.get("servers"),
        explainer=document.get("explainer"),
        initializer=_texts(document.get("storageInitializer") or {}),
        openshift=document.get("openshift", False),
        minor=_whole(document.get("minor")),
        crd_depth=_whole(document.get("crdDepth")),
    )


def _whole(number: float | None) -> int | None:
    """Return an int: to JSON Schema 36.0 is an integer too."""
    return None if number is None else int(number)


def _texts(quantities: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as Kubernetes writes them: 1 and "1" are one quantity."""
    return {key: str(value) for key, value in quantities.items()}


def write_facts(facts: Facts, heading: str = "") -> str:
    """Return the text of a facts file; `read_facts` of it gives equal facts.

    heading  comment lines that go before it, each with its "# "
    """
    content: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND}
    if facts.minor is not None:
        content["minor"] = facts.minor
    content["openshift"] = facts.openshift
    if facts.crd_depth is not None:
        content["crdDepth"] = facts.crd_depth
    if facts.servers is not None:
        content["servers"] = dict(facts.servers)
    if facts.explainer is not None:
        content["explainer"] = dict(facts.explainer)
    if facts.initializer:
        content["storageInitializer"] = dict(facts.initializer)
    content["namespaces"] = {
        name: _written(facts.namespaces[name]) for name in sorted(facts.namespaces)
    }
    return heading + "".join(f"{line}\n" for line in block(content, Layout()))


def _written(namespace: Namespace) -> dict[str, dict[str, str]]:
    known = {"labels": namespace.labels, "annotations": namespace.annotations}
    return {key: dict(sorted(words.items())) for key, words in known.items() if words}


def _check_shape(document: Any, source: str) -> None:
    import jsonschema  # 60 ms of imports, for who has a facts file

    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)
    first = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    if first is not None:
        raise InvalidSettings(f"{source}: {_sentence(first)}")


def _sentence(error: Any) -> str:
    """Return what is wrong: `minor is "36", not an integer or null`."""
    place = Path(error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        near = nearest_word(str(unknown), known)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
        return f"unknown key {place / str(unknown)}; {hint}"
    if error.validator == "const":
        return f"{place} is {error.instance!r}, not {error.validator_value}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{place / missing} is missing; graphgate facts writes such a file"
    if error.validator == "type":
        kinds = error.validator_value
        kinds = [kinds] if isinstance(kinds, str) else kinds
        wanted = " or ".join(_KINDS[kind] for kind in kinds)
        return f"{place} is {_shown(error.instance)}, not {wanted}"
    return f"{place}: {error.message}"


_KINDS = {
    "object": "a mapping",
    "integer": "an integer",
    "boolean": "true or false",
    "string": "a string",
    "null": "null",
}


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return as_json(value)[:60]
