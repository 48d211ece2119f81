"""graphgate's answer to a case, in the shape of the oracle's.

The environments are those in which policies are compiled; a mutation goes through `load` and
`mutate`, as it does in the webhook.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tools.cel_oracle import project as p
from tools.cel_oracle.process import Answer, Case

_RETURNS = {
    "validation": ("bool",),
    "condition": ("bool",),
    "message": ("string",),
    "audit": ("string", "null"),
}
_MUTATIONS = ("jsonpatch", "applyconfiguration")
_STEPS = 1_000_000
"""Ten times what a policy has: what is compared here is meaning, not cost."""


def answer(case: Case) -> Answer:
    """Return what graphgate makes of a case; whatever it raises is an answer ("crash")."""
    try:
        if case["kind"] == "typecheck":
            return _type_checked(case)
        if case["kind"] in _MUTATIONS:
            return _mutated(case)
        return _evaluated(case)
    except p.ExpressionError as error:
        return {"compile": str(error)}
    except (p.EvaluationError, p.CostLimitExceededError) as error:
        return {"error": str(error)}
    except RecursionError:
        return {"error": "nested too deep"}
    except Exception as error:  # noqa: BLE001 — a crash is what a comparison is there to find
        return {"crash": f"{type(error).__name__}: {error}"}


def _type_checked(case: Case) -> Answer:
    validation = {"expression": case["expression"]}
    rule = {
        "apiGroups": ["machinelearning.seldon.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["seldondeployments"],
    }
    spec: dict[str, Any] = {
        "matchConstraints": {"resourceRules": [rule]},
        "variables": case.get("variables", []),
        "validations": [validation],
    }
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "it"},
        "spec": spec,
    }
    loaded = p.load_policy_set([p.SourceObject("case", policy)])
    found = [*loaded.problems, *(w for made in loaded.policies for w in made.type_warnings)]
    return {"warnings": [problem.message for problem in found]}


def _evaluated(case: Case) -> Answer:
    text, kind = case["expression"], case["kind"]
    environment = p.policy_environment(
        has_params=bool(case.get("hasParams") or case.get("params")),
        libraries=(*p.KUBERNETES_LIBRARIES, p.GRAPH_LIBRARY),
    )
    if case.get("variables") and kind != "condition":
        environment = environment.with_types(p.STRUCT_TYPES, {"variables": p.VARIABLES_TYPE})
    layout = p.SlotLayout(p.SLOTS)
    lazy: dict[str, p.Closure] = {}
    for variable in case.get("variables", ()) if kind != "condition" else ():
        name = f"variables.{variable['name']}"
        checked = environment.check(variable["expression"])
        compiler = p.Compiler(checked.ast, environment.functions, layout, lazy)
        environment = environment.with_field(p.VARIABLES_TYPE.name, variable["name"], checked.type)
        layout.slot_for(name)
        lazy[name] = compiler.root
    if kind == "value":
        environment = environment.with_patch_types()
    expression = environment.check(text)
    wanted = _RETURNS.get(kind, ())
    kind_of_type = expression.type.kind
    found = expression.type.name if kind_of_type == "wrapper" else str(expression.type)
    if wanted and found not in wanted:
        return {"compile": f"must be of type {' or '.join(wanted)}, is {expression.type}"}
    compiler = p.Compiler(expression.ast, environment.functions, layout, lazy)
    frame: list[Any] = [p.MISSING] * layout.size
    frame[0] = p.CostBudget(_STEPS)
    frame[1:6] = _inputs(case)
    value = compiler.root(frame)
    steps = _STEPS - frame[0].remaining
    return {
        "type": str(expression.type),
        "value": canonical(value),
        "steps": steps,
        "units": frame[0].units,
    }


def _inputs(case: Case) -> tuple[Any, ...]:
    """Return object, oldObject, request, params, namespaceObject: the order of SLOTS."""
    order = list(p.SLOTS)
    request = p.read_request(
        {
            **(case.get("request") or {}),
            "object": case.get("object"),
            "oldObject": case.get("oldObject"),
        }
    )
    given = {
        "object": case.get("object"),
        "oldObject": case.get("oldObject"),
        "request": request.to_cel_map(),
        "params": case.get("params"),
        "namespaceObject": p.build_namespace_object(request.namespace, _facts(case)),
    }
    return tuple(given[name] for name in order)


def _facts(case: Case) -> p.Facts:
    namespace = case.get("namespaceObject")
    if not namespace:
        return p.Facts()
    metadata = namespace["metadata"]
    known = p.Namespace(metadata.get("labels", {}), metadata.get("annotations", {}))
    return p.Facts(namespaces={metadata["name"]: known})


def _mutated(case: Case) -> Answer:
    patch_type = {"jsonpatch": "JSONPatch", "applyconfiguration": "ApplyConfiguration"}
    kind = patch_type[case["kind"]]
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["*"],
    }
    group = "admissionregistration.k8s.io/v1"
    mutation = {"patchType": kind, kind[0].lower() + kind[1:]: {"expression": case["expression"]}}
    if kind == "JSONPatch":
        mutation = {"patchType": kind, "jsonPatch": {"expression": case["expression"]}}
    spec: dict[str, Any] = {
        "matchConstraints": {"resourceRules": [rule]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "variables": case.get("variables", []),
        "mutations": [mutation],
    }
    policy = {
        "apiVersion": group,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "it"},
        "spec": spec,
    }
    binding = {
        "apiVersion": group,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "it"},
        "spec": {"policyName": "it"},
    }
    policies = p.load_policy_set([p.SourceObject("case", raw) for raw in (policy, binding)])
    if policies.problems:
        return {"compile": "; ".join(problem.message for problem in policies.problems)}
    raw = {
        **(case.get("request") or {}),
        "object": case.get("object"),
        "oldObject": case.get("oldObject"),
    }
    done = p.mutate_object(policies, p.read_request(raw), _facts(case))
    if done.failures:
        return {"error": "; ".join(failure.error for failure in done.failures)}
    return {"patched": done.object}


def canonical(value: Any) -> list[Any]:
    """Return a value with its CEL type, as program/canonical.go writes it."""
    kind = type(value)
    if value is None:
        return ["null"]
    if made := _PLAIN.get(kind):
        name, write = made
        return [name, write(value)]
    if kind is p.OptionalValue:
        return ["optional", canonical(value.value)] if value.present else ["optional"]
    if kind is list:
        return ["list", [canonical(item) for item in value]]
    if kind is p.StructValue:
        return canonical(value.fields)
    if kind is dict:
        pairs = [[canonical(p.from_key(key)), canonical(item)] for key, item in value.items()]
        return ["map", sorted(pairs, key=lambda pair: repr(pair[0]))]
    return ["opaque", p.type_name(value), str(value)]


def _double(value: float) -> str:
    if value != value:  # noqa: PLR0124 — NaN
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _nano(value: Any) -> str:
    sign = "-" if value.nano < 0 else ""
    whole, rest = divmod(abs(value.nano), 10**9)
    return f"{sign}{whole}.{rest:09d}"


_PLAIN: Mapping[type, tuple[str, Any]] = {
    bool: ("bool", bool),
    int: ("int", str),
    p.UInt: ("uint", lambda value: str(int(value))),
    float: ("double", _double),
    str: ("string", str),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
    p.Timestamp: ("timestamp", lambda value: value.text()),
    p.Duration: ("duration", lambda value: str(value.nanoseconds)),
    p.TypeValue: ("type", lambda value: value.name),
    p.Quantity: ("quantity", _nano),
    p.IP: ("ip", str),
    p.CIDR: ("cidr", str),
    p.URL: ("url", str),
    p.Semver: (
        "semver",
        lambda v: (
            ".".join(map(str, v.numbers))
            + ("-" + ".".join(v.prerelease) if v.prerelease else "")
            + (f"+{v.build}" if v.build else "")
        ),
    ),
    p.Format: ("format", lambda value: value.name),
}
