"""Policies, bindings and what belongs to them, as they are after loading.

Here: the values. Not here: how files become these (`loader`), when a policy applies (`match`), what
it says (`evaluator`, `mutator`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webhook.cel.activation import Closure
from webhook.cel.compiler import Compiler
from webhook.cel.environment import CheckedExpression
from webhook.graph.path import Path
from webhook.graph.selectors import LabelSelector
from webhook.policy.exceptions import PolicyException
from webhook.policy.reads import FieldRead

PolicyKind = Literal["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"]
ValidationAction = Literal["deny", "warn", "audit"]
RenderedMode = Literal["deny", "warn", "off"]

OBJECT_SLOT, OLD_OBJECT_SLOT, REQUEST_SLOT, PARAMS_SLOT, NAMESPACE_SLOT = 1, 2, 3, 4, 5
"""Slots of a frame, by the names object, oldObject, request, params, namespaceObject."""

SLOTS = {
    "object": OBJECT_SLOT,
    "oldObject": OLD_OBJECT_SLOT,
    "request": REQUEST_SLOT,
    "params": PARAMS_SLOT,
    "namespaceObject": NAMESPACE_SLOT,
}


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """Why an object of a policy file is not used. Line and column count from 1; 0: no text.

    policy_missing  it is a binding, and all that is wrong is that its policy is not there

    str(problem)   policies/gpu.yaml:12:9: gpu-limit: found no matching overload for …
    """

    file: str
    line: int
    column: int
    name: str
    message: str
    policy_missing: bool = False

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{location}: {self.name + ': ' if self.name else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """One entry of resourceRules."""

    api_groups: frozenset[str]
    api_versions: frozenset[str]
    operations: frozenset[str]
    resources: frozenset[str]
    resource_names: frozenset[str]
    scope: str


@dataclass(frozen=True, slots=True)
class MatchResources:
    """matchConstraints of a policy, matchResources of a binding.

    resource_rules  None: everything, as a binding without rules has it
    """

    resource_rules: tuple[ResourceRule, ...] | None
    exclude_resource_rules: tuple[ResourceRule, ...]
    exact_versions: bool
    namespace_selector: LabelSelector
    object_selector: LabelSelector


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """One expression of a policy, ready to run.

    path  of its text in the policy's object
    """

    checked: CheckedExpression
    compiler: Compiler
    path: Path

    @property
    def run(self) -> Closure:
        """The closure: takes a frame, returns the value."""
        return self.compiler.root


@dataclass(frozen=True, slots=True)
class MatchCondition:
    """One of matchConditions."""

    name: str
    expression: CompiledExpression


@dataclass(frozen=True, slots=True)
class Validation:
    """One of validations.

    rule_id      "policy/gpu-limit/0"
    message      its message, "" where it has none
    remediation  from the annotations; likewise paths and fix, which are expressions
    """

    rule_id: str
    expression: CompiledExpression
    message: str
    message_expression: CompiledExpression | None
    reason: str
    remediation: str
    paths_expression: CompiledExpression | None
    fix_expression: CompiledExpression | None


@dataclass(frozen=True, slots=True)
class AuditAnnotation:
    """One of auditAnnotations."""

    key: str
    value_expression: CompiledExpression


@dataclass(frozen=True, slots=True)
class PolicyMetadata:
    """What a policy's annotations say about it."""

    title: str
    severity: str
    category: str
    docs: str
    remediation: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A ValidatingAdmissionPolicy or MutatingAdmissionPolicy.

    initial_frame    what a frame looks like before variables are computed
    variables        the compilers by name: variables.x
    since_minor      the least Kubernetes minor that knows all that its expressions use
    portable         False: an expression uses functions that only graphgate has
    reads_namespace  whether an expression names namespaceObject
    reads_user       whether an expression reads request.userInfo
    on_rendered      what graphgate.io/rendered says: the action for denials of rendered
                     objects; "": the setting decides
    type_warnings    type errors against the object's schema: it is evaluated all the same
    reads            fields of object and oldObject that expressions read
    reads_replicas   whether an expression reads spec.replicas of the object
    """

    kind: PolicyKind
    name: str
    file: str
    line: int
    metadata: PolicyMetadata
    fails_open: bool
    match_constraints: MatchResources
    param_kind: tuple[str, str] | None
    match_conditions: tuple[MatchCondition, ...]
    variables: Mapping[str, Compiler]
    validations: tuple[Validation, ...]
    audit_annotations: tuple[AuditAnnotation, ...]
    mutations: tuple[CompiledExpression, ...]
    reinvoke_if_needed: bool
    initial_frame: tuple[Any, ...]
    since_minor: int
    portable: bool
    reads_namespace: bool
    reads_user: bool
    on_rendered: RenderedMode | Literal[""]
    type_warnings: tuple[PolicyProblem, ...]
    reads: tuple[FieldRead, ...]
    reads_replicas: bool


@dataclass(frozen=True, slots=True)
class ParamRef:
    """Which parameter objects a binding chooses."""

    name: str
    namespace: str
    selector: LabelSelector | None
    deny_if_missing: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of either kind. `actions` is empty for a mutating one."""

    kind: PolicyKind
    name: str
    policy_name: str
    actions: tuple[ValidationAction, ...]
    match_resources: MatchResources
    param_ref: ParamRef | None
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class BoundPolicy:
    """A policy with the bindings that name it."""

    policy: Policy
    bindings: tuple[Binding, ...]


@dataclass(frozen=True)
class PolicySet:
    """Everything that was loaded.

    params      parameter objects by apiVersion and kind
    problems    what could not be used, and why; the rest works
    version     a digest of all that was loaded: "3f9a0c1b72de"; "" for an empty set
    """

    validating: tuple[BoundPolicy, ...]
    mutating: tuple[BoundPolicy, ...]
    params: Mapping[tuple[str, str], tuple[Any, ...]]
    exceptions: tuple[PolicyException, ...]
    problems: tuple[PolicyProblem, ...]
    version: str

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies, validating ones first."""
        return tuple(bound.policy for bound in (*self.validating, *self.mutating))

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All bindings whose policy is there."""
        return tuple(b for bound in (*self.validating, *self.mutating) for b in bound.bindings)
