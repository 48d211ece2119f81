"""The JSON Schema of a settings file, generated from the rules and options.

`policies/settings.schema.json` is this value, for editors.
"""

from functools import cache
from typing import Any

from webhook.graph.operator_types import OPERATOR_VERSION_PATTERN
from webhook.graph.selectors import SELECTOR_OPERATORS
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.podsecurity.psp.settings import psp_rules_schema
from webhook.rules import all_rules, docs
from webhook.rules.descriptors import other_descriptors
from webhook.settings.rendering import rendering_schema
from webhook.settings.routing import routing_schema

_ID_SCHEMA = {"type": ["integer", "null"], "minimum": 0, "maximum": 2147483647}


def _enum_with_off(*values: str) -> dict[str, Any]:
    """Return the schema of a key that may be `off`; unquoted, YAML 1.1 reads that as false."""
    return {"enum": [*values, "off", False]}


_DEFAULTS_PROPERTIES: dict[str, Any] = {
    "applyAt": {
        "enum": ["admission", "render"],
        "description": "admission: written into the stored object. render: the stored object stays "
        "as written; only the objects rendered from it have the defaults.",
    },
    "scope": {
        **_enum_with_off("pod", "container"),
        "description": "Where values are written. pod falls back to the containers where a "
        "pod-level user would apply to a container that asks for root.",
    },
    "runAsUser": {
        **_ID_SCHEMA,
        "description": "User id for pods and containers without one. null: set none.",
    },
    "runAsGroup": {
        **_ID_SCHEMA,
        "description": "Group id, written only together with the default user id.",
    },
    "fsGroup": {**_ID_SCHEMA, "description": "Group of the pod's volumes."},
    "fsGroupChangePolicy": {
        "enum": ["Always", "OnRootMismatch", None],
        "description": "Written only together with the default fsGroup.",
    },
    "runAsNonRoot": {
        **_enum_with_off("when-user-set", "always"),
        "description": "when-user-set: where the effective user is known and not 0. always: also "
        "where the image sets the user; the kubelet then rejects images that run as root.",
    },
    "allowPrivilegeEscalation": {
        "enum": [False, None],
        "description": "false: written on each container that does not need it.",
    },
    "dropCapabilities": {
        "enum": [["ALL"], None],
        "description": '["ALL"]: written where neither drop nor add is set.',
    },
    "seccompProfile": {
        "enum": ["RuntimeDefault", None],
        "description": "Written where the pod has none.",
    },
    "openshift": {
        "enum": ["auto", "range-start", "ignore"],
        "description": "auto: the SCC chooses the ids. range-start: use the first user id of "
        "the namespace. ignore: as on any Kubernetes.",
    },
    "allowOptOut": {
        "type": "boolean",
        "description": "Whether the annotation graphgate.io/security-defaults: disabled "
        "switches defaulting off for an object. It never disables a check.",
    },
}

_POLICIES_PROPERTIES: dict[str, Any] = {
    "files": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "description": "Files and folders, relative to this file. The flag --policies "
        "overrides them.",
    },
    "selector": {
        "type": ["string", "null"],
        "minLength": 1,
        "description": "Label selector, as for kubectl -l, of the policies, parameters and "
        "exceptions "
        "in the cluster that graphgate serve evaluates too. The flag "
        "--cluster-policies-selector overrides it. null: none.",
    },
    "rendered": {
        **_enum_with_off("warn", "deny"),
        "description": "What happens when a policy for pods, Deployments, Services or other "
        "rendered objects denies one. off: such policies are not evaluated. The annotation "
        "graphgate.io/rendered of a policy overrides it.",
    },
}


@cache
def settings_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    section = {
        "defaults": _object_schema(
            _DEFAULTS_PROPERTIES, "Default values for fields that are not set."
        ),
        "rules": _object_schema(
            {
                "*": _object_schema({"action": _ACTION_SCHEMA}, "All rules."),
                **{
                    group: _object_schema({"action": _ACTION_SCHEMA}, f"All rules on {subject}.")
                    for group, subject in _GROUPS.items()
                },
                **{rule.id: _rule_schema(rule.docstring, rule.parameters) for rule in all_rules()},
                **{
                    rule_id: _object_schema({"action": _ACTION_SCHEMA}, descriptor.title)
                    for rule_id, descriptor in other_descriptors().items()
                    if descriptor.configurable
                },
            },
            "Actions and parameters of rules. The id of a rule overrides its group, and a "
            "group overrides *.",
        ),
        "modelServers": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Names of the model servers that are configured in the cluster.",
        },
        "podSecurity": _object_schema(
            {
                "mode": {
                    **_enum_with_off("warn", "enforce"),
                    "description": "What a violation of the standard or of the restrictions leads "
                    "to. Pods that can never run are denied in any mode.",
                },
                "level": {
                    "enum": ["privileged", "baseline", "restricted", None],
                    "description": "The Pod Security level for all namespaces. null: the level "
                    "that the namespace's labels enforce.",
                },
                "version": {
                    "type": ["string", "null"],
                    "pattern": r"^(latest|v1\.(0|[1-9][0-9]{0,3}))$",
                    "examples": ["v1.30", "latest"],
                    "description": "Version of the Pod Security Standards: v1.30 or latest.",
                },
                "restrictions": {
                    **psp_rules_schema(),
                    "type": ["object", "null"],
                    "description": "Further restrictions, like those of a PodSecurityPolicy; "
                    "`graphgate policies convert-psp` converts one.",
                },
            },
            "Requirements on pods, checked before they exist.",
        ),
        "mode": {
            "enum": ["enforce", "warn", "observe"],
            "description": "What a denial does. enforce: reject the object. warn: only warn. "
            "observe: only record it (metrics, audit annotations, log) and leave the object as "
            "it is, without defaults. An object that exceeds a limit is rejected in any mode.",
        },
        "ratchet": {
            "type": "boolean",
            "description": "true: on an update, only errors that the object did not have before "
            "deny it; the others become warnings.",
        },
        "operator": {
            "enum": ["auto", "seldon", "graphgate"],
            "description": "Whose pods are checked: those of Seldon's operator or those of "
            "graphgate's "
            "reconciler. auto: detected from the object's label and status and from the "
            "cluster, else Seldon's.",
        },
        "operatorVersion": {
            "type": ["string", "null"],
            "pattern": OPERATOR_VERSION_PATTERN,
            "examples": ["1.17.1"],
            "description": "Version of Seldon's operator: it drops the fields of pods that are "
            "newer than the Kubernetes it is built for (1.17: 1.24; 1.18: 1.28). null: that of the "
            "cluster's facts, else 1.17.1 is assumed, and what it drops only warns.",
        },
        "controllerID": {
            "type": "string",
            "description": "The flag --controller-id of graphgate's reconciler: objects whose "
            "label seldon.io/controller-id has this value belong to it.",
        },
        "onRuleError": {
            "enum": ["deny", "allow"],
            "description": "What happens to an object when a rule of graphgate itself crashes.",
        },
    }
    of_namespace = {
        **section,
        "routing": _object_schema(
            routing_schema(of_namespace=True),
            "How requests reach the predictors in this namespace.",
        ),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "graphgate settings",
        **_object_schema(
            {
                "apiVersion": {"const": GRAPHGATE_API_VERSION},
                "kind": {"const": "Settings"},
                "metadata": {"type": "object"},
                "profile": {
                    "enum": ["default", "hardened"],
                    "description": "The defaulting options that this file starts from.",
                },
                **section,
                "rendering": _object_schema(
                    rendering_schema(),
                    "Values set in rendered objects; Seldon's manager reads them from its "
                    "environment.",
                ),
                "routing": _object_schema(
                    routing_schema(), "How requests reach the predictors; see docs/traffic.md."
                ),
                "policies": _object_schema(
                    _POLICIES_PROPERTIES, "Where users' policies and exceptions come from."
                ),
                "namespaces": {
                    "type": "object",
                    "propertyNames": {"pattern": _NAMESPACE, "examples": ["team-a", "team-*"]},
                    "additionalProperties": _object_schema(
                        of_namespace, "Settings of one namespace."
                    ),
                    "description": "Settings that differ per namespace, by name or by a pattern "
                    "with *. A name overrides patterns, and a longer pattern overrides a "
                    "shorter one.",
                },
                "namespaceSelectors": {
                    "type": "array",
                    "items": {
                        **_object_schema(
                            {"selector": _SELECTOR, **of_namespace},
                            "Settings of the namespaces that a selector matches.",
                        ),
                        "required": ["selector"],
                    },
                    "description": "Settings that differ per namespace, by its labels. The "
                    "first match applies, unless a name or pattern matches. If the labels are "
                    "not known, the strictest of all modes applies; other settings are the "
                    "global ones.",
                },
            },
            "Settings of graphgate.",
        ),
        "required": ["apiVersion", "kind"],
    }


_ACTION_SCHEMA = _enum_with_off("deny", "warn", "audit")

_GROUPS = {
    "constraints": "single fields of pods and autoscalers",
    "graph": "graphs and their nodes",
    "naming": "names, labels and annotations",
    "pod": "pods",
    "predictor": "predictors",
    "scaling": "replicas and autoscalers",
    "schema": "the shape of the object",
}

_NAMESPACE = r"^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$"

_SELECTOR: dict[str, Any] = {
    "type": "object",
    "description": "A LabelSelector.",
    "properties": {
        "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
        "matchExpressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "operator"],
                "properties": {
                    "key": {"type": "string", "minLength": 1},
                    "operator": {"enum": list(SELECTOR_OPERATORS)},
                    "values": {"type": "array", "items": {"type": "string"}},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}

_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _rule_schema(docstring: str, parameters: Any) -> dict[str, Any]:
    known = {"action": _ACTION_SCHEMA}
    if parameters:
        known["parameters"] = _object_schema(
            {name: _parameter_schema(of) for name, of in parameters.items()}, ""
        )
    return _object_schema(known, docs.parse_docstring(docstring).title)


def _parameter_schema(default: Any) -> dict[str, Any]:
    """Return the schema of a rule's parameter, derived from its default value."""
    if isinstance(default, tuple):
        items = {"type": _JSON_TYPES[type(default[0])]} if default else {"type": "string"}
        return {"type": "array", "items": items, "default": list(default)}
    return {"type": _JSON_TYPES[type(default)], "default": default}


def _object_schema(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }
