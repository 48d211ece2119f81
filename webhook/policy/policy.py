"""Policies, bindings and what belongs to them, as they are after loading.

Here: the values. Not here: how files become these (`load`), when a policy applies (`match`), what
it says (`evaluate`, `mutate`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from webhook.graph.path import Path
from webhook.policy.cel.environment import Expression
from webhook.policy.cel.evaluate import Compiler
from webhook.policy.cel.frames import Closure
from webhook.policy.exceptions import PolicyException
from webhook.policy.selectors import Selector

Kind = Literal["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"]
Action = Literal["deny", "warn", "audit"]

OBJECT, OLD_OBJECT, REQUEST, PARAMS, NAMESPACE = 1, 2, 3, 4, 5
"""Slots of a frame, by the names object, oldObject, request, params, namespaceObject."""

SLOTS = {
    "object": OBJECT,
    "oldObject": OLD_OBJECT,
    "request": REQUEST,
    "params": PARAMS,
    "namespaceObject": NAMESPACE,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an object of a policy file is not used. Line and column count from 1; 0: no text.

    unbound  it is a binding, and all that is wrong is that its policy is not there

    str(problem)   policies/gpu.yaml:12:9: gpu-limit: found no matching overload for …
    """

    file: str
    line: int
    column: int
    name: str
    fact: str
    unbound: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.name + ': ' if self.name else ''}{self.fact}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of resourceRules."""

    groups: frozenset[str]
    versions: frozenset[str]
    operations: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    scope: str


@dataclass(frozen=True, slots=True)
class Match:
    """matchConstraints of a policy, matchResources of a binding.

    rules  None: everything, as a binding without rules has it
    """

    rules: tuple[Rule, ...] | None = None
    excluded: tuple[Rule, ...] = ()
    exact: bool = False
    namespaces: Selector = field(default_factory=Selector)
    objects: Selector = field(default_factory=Selector)


@dataclass(frozen=True, slots=True)
class Code:
    """One expression of a policy, ready to run.

    place  of its text in the policy's object
    """

    expression: Expression
    compiler: Compiler
    place: Path

    @property
    def run(self) -> Closure:
        """The closure: takes a frame, returns the value."""
        return self.compiler.root


@dataclass(frozen=True, slots=True)
class Condition:
    """One of matchConditions."""

    name: str
    code: Code


@dataclass(frozen=True, slots=True)
class Validation:
    """One of validations.

    rule    "policy/gpu-limit/0"
    fact    its message, "" where it has none
    remedy  from the annotations; likewise paths and fix, which are expressions
    """

    rule: str
    code: Code
    fact: str
    message: Code | None
    reason: str
    remedy: str = ""
    paths: Code | None = None
    fix: Code | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One of auditAnnotations."""

    key: str
    code: Code


@dataclass(frozen=True, slots=True)
class About:
    """What a policy's annotations say of it to people."""

    title: str = ""
    severity: str = ""
    category: str = ""
    docs: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A ValidatingAdmissionPolicy or MutatingAdmissionPolicy.

    frame      what a frame looks like before variables are computed
    variables  the compilers by name: variables.x
    since      the least Kubernetes minor that knows all that its expressions use
    portable   False: an expression uses functions that only graphgate has
    reads_namespace  whether an expression names namespaceObject
    """

    kind: Kind
    name: str
    file: str
    line: int
    about: About
    fails_open: bool
    match: Match
    param_kind: tuple[str, str] | None
    conditions: tuple[Condition, ...]
    variables: Mapping[str, Compiler]
    validations: tuple[Validation, ...]
    notes: tuple[Note, ...]
    mutations: tuple[Code, ...]
    reinvoked: bool
    frame: tuple[Any, ...]
    since: int
    portable: bool
    reads_namespace: bool


@dataclass(frozen=True, slots=True)
class ParamRef:
    """Which parameter objects a binding chooses."""

    name: str
    namespace: str
    selector: Selector | None
    deny_if_missing: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of either kind. `actions` is empty for a mutating one."""

    kind: Kind
    name: str
    policy: str
    actions: tuple[Action, ...]
    match: Match
    params: ParamRef | None
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Bound:
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

    validating: tuple[Bound, ...] = ()
    mutating: tuple[Bound, ...] = ()
    params: Mapping[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    exceptions: tuple[PolicyException, ...] = ()
    problems: tuple[Problem, ...] = ()
    version: str = ""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies, validating ones first."""
        return tuple(bound.policy for bound in (*self.validating, *self.mutating))

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All bindings whose policy is there."""
        return tuple(b for bound in (*self.validating, *self.mutating) for b in bound.bindings)
