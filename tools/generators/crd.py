"""Makes manifests/crd/seldondeployments.yaml, the CustomResourceDefinition.

It documents every field for `kubectl explain` and lets every document through to the webhook.
Before any webhook is called, the API server refuses fields that a schema does not know (strict
decoding, which kubectl asks for) and prunes them for other clients. So every node carries
x-kubernetes-preserve-unknown-fields, lists and scalars too: pruning looks at the value, and for a
mapping that is where a list or a word belongs, every key is unknown.

Types and required fields are given, as a safety net for whoever writes while the webhook is away:
the API server checks them after mutating webhooks, so whatever they catch, graphgate has already
refused, with all errors at once. `children` has no type: a graph is recursive, a CRD cannot be
($ref is not allowed there), so what is below the first node is left to graphgate. Pods are not
expanded: the API server checks them when it gets the Deployment, graphgate before that. Nor are
the insides of metrics and triggers: their autoscalers check them.

The older versions have the same fields and types but no descriptions: `kubectl explain` reads v1
by default, and every API server, client cache and backup carries the text.

The keyword for null: a field may be null where the source says so. Not so spec.replicas and
status.replicas, where a stored null makes the scale subresource fail; the API server drops null
from a field that is not nullable before anyone sees it.
"""

from typing import Any

import yaml

from tools.generators import notice
from webhook.graph.schema import allowed_types, enum_values, raw_schema, seldon_definitions
from webhook.rules.editor_schema import describe_field

SOURCE = "webhook/graph/schema/seldondeployment.json"
TARGET = "manifests/crd/seldondeployments.yaml"

STORED = "v1"
PRESERVE = {"x-kubernetes-preserve-unknown-fields": True}

# jsonPath takes the first result only, so no column can count predictors or list their names.
COLUMNS = (
    {"name": "State", "type": "string", "jsonPath": ".status.state"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"},
    {
        "name": "Predictor",
        "type": "string",
        "jsonPath": ".spec.predictors[0].name",
        "description": "Name of the first predictor.",
    },
    {
        "name": "Second",
        "type": "string",
        "jsonPath": ".spec.predictors[1].name",
        "description": "Name of the second predictor: as a rule a canary or a shadow.",
    },
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {
        "name": "Message",
        "type": "string",
        "jsonPath": ".status.description",
        "description": "What keeps it from being Available.",
        "priority": 1,  # with -o wide only
    },
    {"name": "URL", "type": "string", "jsonPath": ".status.address.url", "priority": 1},
)

# Definitions of which the fields are not listed.
CLOSED = frozenset({"KedaTrigger", "KedaAdvanced", "KedaFallback", "MetricV2beta1"})
# Definitions of which these fields alone are listed: the others have no effect.
PARTS = {"ComponentMetadata": ("name", "labels", "annotations")}

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the manifest."""
    body = yaml.dump(
        _definition(), Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True
    )
    return {TARGET: f"# {notice(SOURCE)}\n{body}"}


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out again: kustomize and Helm lose anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 — the base class's signature
        return True


def _write_mapping(dumper: _Dumper, data: Schema) -> yaml.Node:
    """Keep what has no parts on one line: one field, one line."""
    is_leaf = not any(isinstance(part, dict | list) for part in data.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=is_leaf)


def _write_list(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    is_leaf = not any(isinstance(part, dict | list) for part in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=is_leaf)


_Dumper.add_representer(dict, _write_mapping)
_Dumper.add_representer(list, _write_list)


def _definition() -> Schema:
    groups = [version.split("/") for version in enum_values("api-versions")]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "seldondeployments.machinelearning.seldon.io",
            "labels": {"app.kubernetes.io/part-of": "graphgate"},
        },
        "spec": {
            "group": groups[0][0],
            "scope": "Namespaced",
            "names": {
                "kind": "SeldonDeployment",
                "listKind": "SeldonDeploymentList",
                "plural": "seldondeployments",
                "singular": "seldondeployment",
                "shortNames": ["sdep"],
                # all: whoever lists a namespace sees the Deployments and Services made from
                # this object, and should see their owner beside them.
                "categories": ["all", "seldon"],
            },
            "conversion": {"strategy": "None"},  # the versions differ in nothing but apiVersion
            "versions": [_version(version) for _, version in groups],
        },
    }


def _version(name: str) -> Schema:
    return {
        "name": name,
        "served": True,
        "storage": name == STORED,
        "additionalPrinterColumns": [dict(column) for column in COLUMNS],
        "subresources": {
            "status": {},
            # No labelSelectorPath: nothing in the status is a selector.
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
            },
        },
        "schema": {"openAPIV3Schema": _root(described=name == STORED)},
    }


def _root(*, described: bool) -> Schema:
    """Return the schema of the whole object; the API server itself checks its head."""
    top = seldon_definitions()["SeldonDeployment"]["properties"]
    parts = {name: node_schema(top[name], described=described) for name in ("spec", "status")}
    for part in parts.values():
        part["properties"]["replicas"].pop("nullable", None)
    more = "" if described else f" They are described in {STORED}."
    return {
        "type": "object",
        "description": raw_schema()["description"] + more,
        **PRESERVE,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": describe_field(top["apiVersion"])},
            "kind": {"type": "string", "description": describe_field(top["kind"])},
            "metadata": {"type": "object"},  # nothing else may be said of it
            **parts,
        },
    }


def node_schema(field_info: Schema, *, described: bool) -> Schema:
    """Return one field as a structural schema."""
    allowed = [word for word in allowed_types(field_info) if word != "null"] or [
        field_info["x-type"]
    ]
    made: Schema = {}
    if len(allowed) == 1 and field_info.get("items", {}).get("$ref") != "#/$defs/Node":
        # Several types cannot be said: x-kubernetes-int-or-string forbids the keyword PRESERVE. A
        # recursion cannot be written.
        made["type"] = allowed[0]
    if "null" in allowed_types(field_info):
        made["nullable"] = True
    made |= PRESERVE
    if made.get("type") == "integer":
        made["format"] = field_info["format"]
    if described and "description" in field_info:
        made["description"] = describe_field(field_info)
    if made.get("type") == "array":
        # Of the elements of a status field nothing is said, and nothing checked.
        element = field_info.get("items")
        made["items"] = node_schema(element, described=described) if element else dict(PRESERVE)
    elif made.get("type") == "object":
        made |= _fields_schema(field_info, described=described)
    return made


def _fields_schema(field_info: Schema, *, described: bool) -> Schema:
    """Return what a schema says of the fields of an object; nothing for Kubernetes' own types."""
    if "additionalProperties" in field_info:
        return {
            "additionalProperties": node_schema(
                field_info["additionalProperties"], described=described
            )
        }
    name = field_info.get("$ref", "").removeprefix("#/$defs/")
    if name not in seldon_definitions() or name in CLOSED:
        return {}
    definition = seldon_definitions()[name]
    fields = PARTS.get(name, tuple(definition["properties"]))
    made = {
        "properties": {
            field: node_schema(definition["properties"][field], described=described)
            for field in fields
        }
    }
    return {"required": definition["required"]} | made if "required" in definition else made
