"""The JSON Schema of a settings file, made from the rules and options that there are.

`policies/settings.schema.json` is this value, for editors.
"""

from functools import cache
from typing import Any

from webhook.graph.selectors import SELECTOR_OPERATORS
from webhook.graph.well_known import GRAPHGATE_API_VERSION
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
        "as its author wrote it, and only what is rendered from it has the defaults.",
    },
    "scope": {
        **_enum_with_off("pod", "container"),
        "description": "Where values are written. pod falls back to the containers where a "
        "pod-level user would reach a container whose author asked for root.",
    },
    "runAsUser": {**_ID_SCHEMA, "description": "User id for whoever has none. null: set none."},
    "runAsGroup": {**_ID_SCHEMA, "description": "Group id, written only beside our own user id."},
    "fsGroup": {**_ID_SCHEMA, "description": "Group of the pod's volumes."},
    "fsGroupChangePolicy": {
        "enum": ["Always", "OnRootMismatch", None],
        "description": "Written only beside our own fsGroup.",
    },
    "runAsNonRoot": {
        **_enum_with_off("when-user-set", "always"),
        "description": "when-user-set: where the effective user is known and not 0. always: also "
        "where the image decides; the kubelet then refuses images that run as root.",
    },
    "allowPrivilegeEscalation": {
        "enum": [False, None],
        "description": "false: written on each container that does not need it.",
    },
    "dropCapabilities": {
        "enum": [["ALL"], None],
        "description": '["ALL"]: written where the author wrote neither drop nor add.',
    },
    "seccompProfile": {
        "enum": ["RuntimeDefault", None],
        "description": "Written where the pod has none.",
    },
    "openshift": {
        "enum": ["auto", "range-start", "ignore"],
        "description": "auto: leave identity to the SCC. range-start: the first user id of the "
        "namespace. ignore: as on any Kubernetes.",
    },
    "allowOptOut": {
        "type": "boolean",
        "description": "Whether the annotation graphgate.io/security-defaults: disabled "
        "switches defaulting off for an object. It never switches a check off.",
    },
}

_POLICIES_PROPERTIES: dict[str, Any] = {
    "files": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "description": "Files and folders; relative ones are beside this file. The flag "
        "--policies takes their place.",
    },
    "selector": {
        "type": ["string", "null"],
        "minLength": 1,
        "description": "Labels, as kubectl's -l, of the policies, parameters and exceptions in the "
        "cluster that graphgate serve evaluates too. The flag --cluster-policies-selector takes "
        "its place. null: none.",
    },
    "rendered": {
        **_enum_with_off("warn", "deny"),
        "description": "What a policy for pods, Deployments, Services or other objects that a "
        "SeldonDeployment stands for does where it would deny one. off: such policies are not "
        "asked. The annotation graphgate.io/rendered of a policy goes first.",
    },
}


@cache
def settings_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    section = {
        "defaults": _object_schema(
            _DEFAULTS_PROPERTIES, "What is filled in where the author wrote nothing."
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
            "What is done about findings, and the parameters of rules. An id goes before its "
            "group, and that before *.",
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
                    "description": "What a departure from the standard, or from the restrictions, "
                    "means. What can never run is denied in any mode.",
                },
                "level": {
                    "enum": ["privileged", "baseline", "restricted", None],
                    "description": "The Pod Security level that holds everywhere. null: the one "
                    "that the namespace's labels enforce.",
                },
                "version": {
                    "type": ["string", "null"],
                    "pattern": r"^(latest|v1\.(0|[1-9][0-9]{0,3}))$",
                    "description": "Kubernetes version of its rules: v1.30 or latest.",
                },
                "restrictions": {
                    "type": ["object", "null"],
                    "description": "Demands of one's own, as a PodSecurityPolicy made them; "
                    "`graphgate policies convert-psp` translates one.",
                },
            },
            "What is demanded of pods, before they exist.",
        ),
        "mode": {
            "enum": ["enforce", "warn", "observe"],
            "description": "What comes of a denial. enforce: the object is refused. warn: its "
            "author is warned. observe: it is recorded (metrics, audit annotations, log), and the "
            "object stays as it is, without defaults. What exceeds a bound is refused in any mode.",
        },
        "ratchet": {
            "type": "boolean",
            "description": "true: on an update, only faults that the object did not have before "
            "deny; the others are warnings.",
        },
        "operator": {
            "enum": ["auto", "seldon", "graphgate"],
            "description": "Whose pods are judged: those that Seldon's operator makes, or those of "
            "graphgate's reconciler. auto: as the object's label and status and the cluster show "
            "it, else Seldon's.",
        },
        "controllerID": {
            "type": "string",
            "description": "The flag --controller-id of graphgate's reconciler: objects whose "
            "label seldon.io/controller-id has this value are its own.",
        },
        "onRuleError": {
            "enum": ["deny", "allow"],
            "description": "What happens to an object when a rule of graphgate itself crashes.",
        },
    }
    of_namespace = {
        **section,
        "routing": _object_schema(
            routing_schema(of_namespace=True), "How requests get to the predictors in it."
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
                    "description": "The options of defaulting that this file builds on.",
                },
                **section,
                "rendering": _object_schema(
                    rendering_schema(),
                    "What is set in the objects that are rendered; what Seldon's manager reads "
                    "from its environment.",
                ),
                "routing": _object_schema(
                    routing_schema(), "How requests get to the predictors; see docs/traffic.md."
                ),
                "policies": _object_schema(
                    _POLICIES_PROPERTIES, "Where users' policies and exceptions come from."
                ),
                "namespaces": {
                    "type": "object",
                    "propertyNames": {"pattern": _NAMESPACE},
                    "additionalProperties": _object_schema(
                        of_namespace, "Settings of one namespace."
                    ),
                    "description": "By name of the namespace, or a pattern with *: what differs "
                    "there. The name goes before the longest pattern.",
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
                    "description": "By labels of the namespace: what differs there. The first "
                    "that matches counts, where no name or pattern does. Where the labels are "
                    "not known, the strictest mode of all holds, and else what is set globally.",
                },
            },
            "Everything that an operator may choose about verdicts.",
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
    """Return the schema of a rule's parameter, as its default value tells."""
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
