"""From the objects of policy files to a PolicySet.

A policy that cannot be used is named with its place and left out; the others work.

Here: what is what, bindings to policies, the digest. Not here: shapes (`validation`), expressions
(`compiler`), files (`cli`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import orjson

from webhook.graph.issue import Issue, ReadableDocument
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.path import ROOT
from webhook.graph.selectors import read_selector
from webhook.graph.suggest import nearest_word
from webhook.graph.well_known import GRAPHGATE_API_VERSION, GRAPHGATE_PREFIX
from webhook.policy import exceptions, validation
from webhook.policy.compiler import compile_policy, read_match_resources
from webhook.policy.kinds import POLICY_KINDS, find_kind_issues
from webhook.policy.model import (
    Binding,
    BoundPolicy,
    ParamRef,
    Policy,
    PolicyKind,
    PolicyProblem,
    PolicySet,
    ValidationAction,
)
from webhook.policy.sources import SourceObject

_NON_PARAM_KINDS = frozenset({"Kustomization", "Component", "CustomResourceDefinition"})


def load_policy_set(sources: Iterable[SourceObject]) -> PolicySet:
    """Return the policies, bindings, parameters and exceptions of these objects.

    Objects of other kinds may be parameters. Raises nothing: what is wrong
    is in `PolicySet.problems`, in the order of the files.
    """
    loader = _Loader()
    kept = [source for source in sources if isinstance(source.value, dict)]
    for source in kept:
        loader.add(source)
    return loader.build(_digest(source.value for source in kept))


class _Loader:
    """What was read so far."""

    def __init__(self) -> None:
        self.policies: dict[tuple[str, str], Policy] = {}
        self.bindings: dict[tuple[str, str], tuple[Binding, SourceObject]] = {}
        self.params: dict[tuple[str, str], list[Any]] = {}
        self.exceptions: list[exceptions.PolicyException] = []
        self.problems: list[PolicyProblem] = []
        self.invalid: set[tuple[str, str]] = set()

    def add(self, source: SourceObject) -> None:
        """Read one object."""
        raw = source.value
        version, kind = get_str(raw, "apiVersion"), get_str(raw, "kind")
        if issues := [*find_kind_issues(raw)]:
            name = get_str(get_mapping(raw, "metadata"), "name")
            self.problems += _describe(source, name, issues)
        elif version.startswith(f"{validation.ADMISSION_GROUP}/"):
            if kind in POLICY_KINDS:
                self._add_policy_or_binding(source, kind)
        elif version == GRAPHGATE_API_VERSION and kind == exceptions.KIND:
            self._add_exception(source)
        elif (
            version
            and kind
            and not version.startswith(GRAPHGATE_PREFIX)
            and kind not in _NON_PARAM_KINDS
        ):
            self.params.setdefault((version, kind), []).append(raw)

    def _add_policy_or_binding(self, source: SourceObject, kind: str) -> None:
        raw = source.value
        name = get_str(get_mapping(raw, "metadata"), "name")
        key = (kind, name)
        shape = validation.read_shape(raw)
        issues = list(shape.issues)
        if key in self.policies or key in self.bindings:
            issues.append(Issue(ROOT / "metadata" / "name", f'duplicate {kind} "{name}"'))
        if issues:
            self.invalid.add(key)
            problems = [*_describe(source, name, issues), *_find_expression_problems(source, shape)]
            self.problems += sorted(problems, key=lambda each: (each.line, each.column))
        elif kind.endswith("Binding"):
            self.bindings[key] = _read_binding(source), source
        else:
            try:
                policy, problems = compile_policy(source)
            except Exception as error:  # noqa: BLE001 — one policy never holds up the others
                fault = f"internal error while loading this policy: {type(error).__name__}: {error}"
                policy, problems = None, _describe(source, name, [Issue(ROOT, fault)])
            self.problems += problems
            if policy is None:
                self.invalid.add(key)
            else:
                self.policies[key] = policy

    def _add_exception(self, source: SourceObject) -> None:
        issues = exceptions.find_shape_issues(source.value)
        if issues:
            name = get_str(get_mapping(source.value, "metadata"), "name")
            self.problems += _describe(source, name, issues)
        else:
            line, _ = source.position(ROOT)
            self.exceptions.append(exceptions.read_exception(source.value, source.file, line))

    def build(self, version: str) -> PolicySet:
        """Return the set, policies by name."""
        bindings_by_policy: dict[tuple[str, str], list[Binding]] = {}
        for (kind, _), (binding, source) in self.bindings.items():
            key = (kind.removesuffix("Binding"), binding.policy_name)
            if key in self.policies:
                bindings_by_policy.setdefault(key, []).append(binding)
            elif key not in self.invalid:
                self._add_unbound_problem(binding, source, key)
        policies = [
            BoundPolicy(
                policy, tuple(sorted(bindings_by_policy.get(key, ()), key=lambda b: b.name))
            )
            for key, policy in sorted(self.policies.items())
        ]
        return PolicySet(
            tuple(b for b in policies if b.policy.kind == "ValidatingAdmissionPolicy"),
            tuple(b for b in policies if b.policy.kind == "MutatingAdmissionPolicy"),
            {key: tuple(several) for key, several in self.params.items()},
            tuple(sorted(self.exceptions, key=lambda e: (e.namespace, e.name))),
            tuple(self.problems),
            version,
        )

    def _add_unbound_problem(
        self, binding: Binding, source: SourceObject, key: tuple[str, str]
    ) -> None:
        near = nearest_word(
            binding.policy_name, [name for kind, name in self.policies if kind == key[0]]
        )
        hint = f'; did you mean "{near}"?' if near else ""
        message = f'policyName is "{binding.policy_name}", but no {key[0]} has that name{hint}'
        position = source.position(ROOT / "spec" / "policyName")
        self.problems.append(
            PolicyProblem(source.file, *position, binding.name, message, policy_missing=True)
        )


def _describe(source: SourceObject, name: str, issues: Iterable[Issue]) -> list[PolicyProblem]:
    """Return what is wrong with an object, in the order of its text."""
    problems = [
        PolicyProblem(source.file, *source.position(issue.path), name, issue.message)
        for issue in issues
    ]
    return sorted(problems, key=lambda each: (each.line, each.column))


_READ_BY_EXPRESSIONS = frozenset(
    {("spec", "variables"), ("spec", "paramKind"), ("spec", "matchConstraints")}
)
"""If one of these is invalid, expressions that refer to it cannot be checked."""


def _find_expression_problems(
    source: SourceObject, shape: ReadableDocument
) -> Iterable[PolicyProblem]:
    """Return what is wrong with the expressions of a policy whose shape is wrong elsewhere."""
    if source.value["kind"].endswith("Binding") or ROOT in shape.unreadable:
        return ()
    if not _READ_BY_EXPRESSIONS.isdisjoint(tuple(issue.path[:2]) for issue in shape.issues):
        return ()
    try:
        return compile_policy(replace(source, value=shape.value))[1]
    except Exception:  # noqa: BLE001 — what it lacks has been reported
        return ()


def _read_binding(source: SourceObject) -> Binding:
    raw = source.value
    spec, reference = raw["spec"], raw["spec"].get("paramRef")
    param_ref = None
    if reference is not None:
        selector = reference.get("selector")
        param_ref = ParamRef(
            name=get_str(reference, "name"),
            namespace=get_str(reference, "namespace"),
            selector=None if selector is None else read_selector(selector),
            deny_if_missing=reference["parameterNotFoundAction"] == "Deny",
        )
    actions = tuple(
        cast("ValidationAction", word.lower()) for word in get_list(spec, "validationActions")
    )
    kind = cast("PolicyKind", raw["kind"].removesuffix("Binding"))
    return Binding(
        kind=kind,
        name=raw["metadata"]["name"],
        policy_name=spec["policyName"],
        actions=actions,
        match_resources=read_match_resources(get_mapping(spec, "matchResources")),
        param_ref=param_ref,
        file=source.file,
        line=source.position(ROOT)[0],
    )


def _digest(values: Iterable[Any]) -> str:
    """Return the version of a set: the same for the same objects, in whatever order and layout."""
    texts = sorted(
        orjson.dumps(_strip_server_fields(value), option=orjson.OPT_SORT_KEYS) for value in values
    )
    if not texts:
        return ""
    return hashlib.sha256(b"\n".join(texts)).hexdigest()[:12]


_SERVER_FIELDS = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp")


def _strip_server_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the API server writes into it."""
    metadata = {k: v for k, v in get_mapping(value, "metadata").items() if k not in _SERVER_FIELDS}
    content = {key: inner for key, inner in value.items() if key != "status"}
    return {**content, "metadata": metadata}
